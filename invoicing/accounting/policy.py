"""Entries of the interface and their lines: balanced in the company's currency, whatever was rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from o2c.shared.money import ZERO, convert
from o2c.shared.problems import RuleRefused

from .chart import Journal, Use


class Unbalanced(RuleRefused):
    """Debits and credits of a document differ: nothing is written."""

    code = "unbalanced_entry"


class Letter(NamedTuple):
    """The letter of an item that is settled, and the day it was."""

    code: str
    day: date


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an entry; ``amount`` is a debit above 0, a credit below, in the document's currency.

    :ivar client: code and name of the client, on accounts of clients
    """

    use: Use
    amount: Decimal
    client: tuple[str, str] | None = None
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One document as the ledger books it."""

    journal: Journal
    day: date
    piece: str
    text: str
    currency: str
    lines: Sequence[Line]


class Amount(NamedTuple):
    """A line's amount in the company's currency, beside that of the document where they differ."""

    own: Decimal
    foreign: Decimal | None


def converted(entry: Entry, currency: str, rates: dict[str, Decimal]) -> list[Amount]:
    """Amounts of an entry's lines in the company's currency; what rounding leaves goes to the last line.

    :raises Unbalanced: in its own currency
    """
    if (off := sum((line.amount for line in entry.lines), ZERO)) != 0:
        raise Unbalanced(f"{entry.journal.value} {entry.piece} ({entry.day}): {off} {entry.currency}.")
    if entry.currency == currency:
        return [Amount(line.amount, None) for line in entry.lines]
    own = [convert(line.amount, rates[entry.currency], rates[currency]) for line in entry.lines]
    own[-1] -= sum(own, ZERO)
    return [Amount(amount, line.amount) for amount, line in zip(own, entry.lines, strict=True)]
