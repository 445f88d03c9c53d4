"""Entries as a file in the layout of the FEC (LPF art. A47 A-1): 18 fields, tabs, decimal comma, CR LF."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.models import Company
from credit.exposure import all_rates_on
from o2c.shared.problems import RuleRefused

from .chart import Use
from .policy import Amount, Entry, Line, converted
from .queries import accounts_of, entries

FIELDS: Final = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
)  # fmt: skip
_PIECE: Final = 64 * 1024


class RateMissing(RuleRefused):
    code = "rate_missing"
    message = _("An exchange rate is missing.")


def file_name(company: Company, until: date) -> str:
    """``<SIREN>FEC<YYYYMMDD>.txt``."""
    return f"{company.siren or company.code}FEC{until:%Y%m%d}.txt"


def written(company: Company, *, first: date, until: date) -> Iterator[bytes]:
    """Yield the file of a span of days piece by piece, in UTF-8.

    Numbers run through each journal from the first day of the year of ``first``, so that the files of the months
    follow each other. The same span of closed months is the same file, byte for byte.

    :raises RateMissing: of a day on which something in another currency is booked
    :raises Unbalanced: a document does not add up
    """
    held = ["\t".join(FIELDS) + "\r\n"]
    size = 0
    for line in _lines(company, first, until):
        held.append(line)
        size += len(line)
        if size > _PIECE:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()


def _lines(company: Company, first: date, until: date) -> Iterator[str]:
    accounts, rates = accounts_of(company), _Rates()
    year = first.replace(month=1, day=1)
    for number, entry in _numbered(entries(company, first=year, until=until)):
        if entry.day < first:
            continue
        needed = {entry.currency, company.currency}
        own = converted(entry, company.currency, rates.of(entry.day, needed) if len(needed) > 1 else {})
        for line, amount in zip(entry.lines, own, strict=True):
            yield _line(entry, number, line, amount, accounts)


def _numbered(found: Iterable[Entry]) -> Iterator[tuple[str, Entry]]:
    """Give each entry its number: continuous in its journal and year."""
    last: dict[tuple[str, int], int] = {}
    for entry in found:
        key = (entry.journal.value, entry.day.year)
        last[key] = last.get(key, 0) + 1
        yield f"{key[0]}{key[1]}-{last[key]:07d}", entry


def _line(
    entry: Entry, number: str, line: Line, amount: Amount, accounts: Mapping[str, tuple[str, str]]
) -> str:
    account, label = accounts[line.use]
    client = line.client or ("", "")
    letter = line.letter if line.use == Use.CUSTOMERS else None
    day = f"{entry.day:%Y%m%d}"
    fields = (
        entry.journal.value,
        entry.journal.label,
        number,
        day,
        account,
        label,
        *client,
        entry.piece,
        day,
        entry.text,
        _amount(max(amount.own, Decimal(0))),
        _amount(max(-amount.own, Decimal(0))),
        letter.code if letter else "",
        f"{letter.day:%Y%m%d}" if letter else "",
        day,
        "" if amount.foreign is None else _amount(amount.foreign),
        "" if amount.foreign is None else entry.currency,
    )
    return "\t".join(map(_clean, fields)) + "\r\n"


def _amount(value: Decimal) -> str:
    return f"{value:.2f}".replace(".", ",")


def _clean(text: str) -> str:
    """A field without what ends one: tabs, line ends and other control characters become spaces."""
    return "".join(" " if unicodedata.category(sign).startswith("C") else sign for sign in text)


class _Rates:
    """Rates of each day, read once."""

    def __init__(self) -> None:
        self._known: dict[date, dict[str, Decimal]] = {}

    def of(self, day: date, needed: set[str]) -> dict[str, Decimal]:
        """Rates of a day.

        :raises RateMissing: one of those needed is not published
        """
        if day not in self._known:
            self._known[day] = dict(all_rates_on(day))
        missing = needed - set(self._known[day])
        if missing:
            told = {"currencies": ", ".join(sorted(missing)), "day": f"{day:%d/%m/%Y}"}
            raise RateMissing(
                _("No exchange rate of %(currencies)s for %(day)s: enter it, then export again.") % told
            )
        return self._known[day]
