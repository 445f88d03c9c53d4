"""When a promise to pay is kept, and whom to call first (domain.md 6.5, 8.13, 8.16). Plain values only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from o2c.shared.calendar import add_business_days
from o2c.shared.money import ZERO
from o2c.shared.text import search_key

from .enums import CallTopic, PromiseStatus

# Business days after the promised date in which the money may still come.
TOLERANCE_DAYS: Final = 2
# Percent of the amount from which on a promise counts as kept.
KEPT_FROM: Final = Decimal(98)
# So many promises an item may have before somebody with the right to go beyond takes the next.
MOST_PROMISES: Final = 2
# So many days ahead a client promises by itself, through its link; what is later is agreed with somebody.
FURTHEST_BY_LINK: Final = 30
# So many days a promise that was not kept holds orders (domain.md 5.1).
HOLDS_FOR_DAYS: Final = 30
NOT_KEPT: Final = frozenset({PromiseStatus.BROKEN, PromiseStatus.PARTIAL})


class Receipt(NamedTuple):
    """Money that came in for a promise, and the day it came."""

    day: date
    amount: Decimal


class Kept(NamedTuple):
    """Shares of promises that were kept, in percent; None where none has been judged."""

    by_count: Decimal | None
    by_amount: Decimal | None


def last_day(promised: date, tolerance: int = TOLERANCE_DAYS) -> date:
    """The last day on which money still keeps a promise."""
    return add_business_days(promised, tolerance)


def judge(
    amount: Decimal,
    promised: date,
    receipts: Iterable[Receipt],
    *,
    on: date,
    tolerance: int = TOLERANCE_DAYS,
    kept_from: Decimal = KEPT_FROM,
) -> PromiseStatus:
    """Return what became of a promise by the end of a day.

    It is kept as soon as enough has come in, and stays open until its last day has passed.

    :param receipts: money for it; what came after the last day does not count
    :param kept_from: percent of the amount
    """
    limit = last_day(promised, tolerance)
    came = sum((row.amount for row in receipts if row.day <= min(limit, on)), ZERO)
    if came * 100 >= amount * kept_from:
        return PromiseStatus.KEPT
    if on <= limit:
        return PromiseStatus.OPEN
    return PromiseStatus.PARTIAL if came > 0 else PromiseStatus.BROKEN


def kept_rates(promises: Sequence[tuple[PromiseStatus, Decimal]]) -> Kept:
    """Shares of kept promises among those judged, by count and by amount, in percent with one decimal."""
    judged = [row for row in promises if row[0] == PromiseStatus.KEPT or row[0] in NOT_KEPT]
    kept = [row for row in judged if row[0] == PromiseStatus.KEPT]
    if not judged:
        return Kept(None, None)
    total = sum((amount for _status, amount in judged), ZERO)
    part = sum((amount for _status, amount in kept), ZERO)
    return Kept(_percent(Decimal(len(kept)), Decimal(len(judged))), _percent(part, total))


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    return (part * 100 / whole).quantize(Decimal("0.1")) if whole else None


class Pool:
    """Money on account that nobody has matched yet: it counts for the promise that ends first, once."""

    def __init__(self, receipts: Iterable[Receipt]) -> None:
        self._left = sorted(receipts)

    def take(self, wanted: Decimal, *, since: date, until: date) -> list[Receipt]:
        """Take at most an amount of what came in between two days, the oldest first; both days count."""
        taken, left = [], []
        for row in self._left:
            part = min(row.amount, wanted) if since <= row.day <= until else ZERO
            if part > 0:
                taken.append(Receipt(row.day, part))
                wanted -= part
            if row.amount > part:
                left.append(Receipt(row.day, row.amount - part))
        self._left = left
        return taken


# --- the work list ---------------------------------------------------------------------------------------------------

# How likely a call brings the money, by days late (domain.md 8.13): the last bound is open.
CHANCES: Final = ((30, Decimal("0.95")), (60, Decimal("0.85")), (90, Decimal("0.70")))
CHANCE_BEYOND: Final = Decimal("0.40")
# Below this score out of five a client's displeasure is somebody's task.
DISPLEASED: Final = 2
# Words that programs and people wrote for a topic before it was chosen from a list.
_TOPIC_WORDS: Final = {
    CallTopic.DELIVERY: ("delivery", "livraison", "transport", "carrier", "transporteur", "delai", "late"),
    CallTopic.QUALITY: ("quality", "qualite", "product", "produit", "defect", "defaut"),
    CallTopic.PRICE: ("price", "prix", "tarif", "discount", "remise"),
    CallTopic.INVOICE: ("invoice", "invoices", "facture", "factures", "facturation", "billing"),
    CallTopic.SERVICE: ("service", "contact", "answer", "reponse", "accueil", "telephone"),
}


class Rank(models.TextChoices):
    """Why a client stands where it does in the work list, the strongest reason first."""

    BROKEN = "broken", _("a promise was not kept")
    CALL = "call", _("a call is due by its scenario")
    AGAIN = "again", _("to be contacted again today")
    LARGE = "large", _("much is at stake")
    OLD = "old", _("late for long")
    LATE = "late", _("late")


class WorkFacts(NamedTuple):
    """What is known of a client who is late; amounts in one currency."""

    owed: Decimal
    oldest_days: int
    broken: int = 0
    call_due: bool = False
    again: bool = False


def chance(days_late: int) -> Decimal:
    """How likely an item so late is paid after a call."""
    return next((share for bound, share in CHANCES if days_late <= bound), CHANCE_BEYOND)


def rank_reason(facts: WorkFacts, *, large_from: Decimal) -> Rank:
    """Return the strongest reason to call a client now.

    :param large_from: what counts as much: the mean of the list
    """
    if facts.broken:
        return Rank.BROKEN
    if facts.call_due:
        return Rank.CALL
    if facts.again:
        return Rank.AGAIN
    if facts.owed >= large_from * 2:
        return Rank.LARGE
    return Rank.OLD if facts.oldest_days > CHANCES[-1][0] else Rank.LATE


def topic_of(text: str) -> CallTopic:
    """What a score is about: a code, or the first word that names a topic; something else where none does."""
    if text in CallTopic.values:
        return CallTopic(text)
    words = search_key(text).split()
    return next(
        (topic for word in words for topic, known in _TOPIC_WORDS.items() if word in known), CallTopic.OTHER
    )
