"""Decisions on credit: limits at three levels, raises, blocks, watches, and requests that wait."""

from __future__ import annotations

from typing import Final

from credit.enums import Level
from credit.models import AccountBlock, AccountWatch, CreditLimit, LimitRequest, TemporaryLimit

from .book import Book, Client
from .sheets import money

# Share of each fate of a client's limit; what is left has room enough.
_NONE, _EXPIRED, _UNLIMITED, _TIGHT = 0.06, 0.04, 0.01, 0.04
_RAISED, _BLOCKED, _WATCHED, _ASKING = 0.02, 0.003, 0.005, 0.002
_LEAST_CENTS: Final = 500_000
_PLENTY_CENTS: Final = 10_000_000_000
REASON: Final = "Décision sur dossier"


def add_limit(book: Book, client: Client) -> int | None:
    """Write a client's limit.

    :returns: what may still be used, in cents, where the limit is nearly used up; None otherwise
    """
    random = book.random
    roll = 1.0 if client.calm else random.random()
    if roll < _NONE:
        return None
    roll -= _NONE
    kind, until, amount = "base", 200, _rounded(client.net * random.randint(14, 26) // 10)
    if client.calm:
        amount = _PLENTY_CENTS
    elif roll < _EXPIRED:
        until = -random.randint(1, 60)
    elif roll < _EXPIRED + _UNLIMITED:
        kind = "unlimited"
    elif roll < _EXPIRED + _UNLIMITED + _TIGHT:
        amount = _rounded(client.net * 102 // 100)
    tight = kind == "base" and until > 0 and amount < client.net * 11 // 10
    _limit(book, Level.ACCOUNT, client.pk, None if kind == "unlimited" else amount, until)
    _extras(book, client, amount)
    # Held orders are made where amounts are those of the company: no rate stands between.
    return amount - client.net if tight and client.currency == book.company.currency else None


def add_level_limit(book: Book, level: Level, key: int, net: int) -> None:
    """Write the limit of a legal entity or a group; it seldom binds."""
    if level is Level.ENTITY and book.random.random() < 0.5:
        return
    _limit(book, level, key, _rounded(net * 3), 200)


def _rounded(cents: int) -> int:
    return max(_LEAST_CENTS, cents // 100_000 * 100_000 + 100_000)


def _limit(book: Book, level: Level, key: int, amount: int | None, until: int) -> None:
    decided = -book.random.randint(70, 160)
    keys = [key if level is each else None for each in (Level.ACCOUNT, Level.ENTITY, Level.GROUP)]
    book.sheet(CreditLimit).add(
        int(level), *keys, "unlimited" if amount is None else "base", None if amount is None else money(amount),
        book.company.currency, book.day(decided), book.day(until), REASON, book.team.credit.pk, book.moment(decided),
    )  # fmt: skip


def _extras(book: Book, client: Client, amount: int) -> None:
    random, credit = book.random, book.team.credit.pk
    currency, level = book.company.currency, int(Level.ACCOUNT)
    if client.calm:
        return
    if random.random() < _RAISED:
        begun = -random.randint(5, 30)
        until = random.choice((-2, 10, 20))
        book.sheet(TemporaryLimit).add(
            level, client.pk, money(max(amount // 5, 10_000)), currency, book.day(begun), book.day(until),
            "Chantier exceptionnel", credit, book.moment(begun),
        )  # fmt: skip
    if random.random() < _BLOCKED:
        since = -random.randint(1, 40)
        book.sheet(AccountBlock).add(client.pk, "Impayés répétés", book.day(20), credit, book.moment(since))
    if random.random() < _WATCHED:
        since = -random.randint(1, 90)
        book.sheet(AccountWatch).add(
            client.pk, "Résultats en baisse", book.day(30), credit, book.moment(since)
        )
    if random.random() < _ASKING:
        asked = book.moment(-random.randint(0, 5))
        book.sheet(LimitRequest).add(
            level, client.pk, client.pk, "base", money(amount * 2), currency, book.day(0), "Commandes en hausse",
            "submitted", client.rep.pk, asked, asked,
        )  # fmt: skip
