"""Indicators of disputes over plain values (domain.md 8.14, 8.15); every share in percent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from o2c.shared.money import ZERO

_TENTH: Final = Decimal("0.1")


class Case(NamedTuple):
    """A dispute as the indicators count it.

    :ivar agreed_days: calendar days from the opening; None where none were agreed
    """

    amount: Decimal
    opened: date
    closed: date | None
    agreed_days: int | None = None

    @property
    def days(self) -> int | None:
        """Calendar days from the opening to the end; None while it is open."""
        return (self.closed - self.opened).days if self.closed else None


class Rates(NamedTuple):
    """Disputes opened in a period against what was invoiced in it; None where nothing was."""

    by_amount: Decimal | None
    by_count: Decimal | None


class Resolution(NamedTuple):
    """How long ended disputes took, with one decimal; None where none has ended.

    :ivar within: share ended by the last agreed day, that day included
    """

    days: Decimal | None
    within: Decimal | None


def dispute_rates(cases: Sequence[Case], *, invoiced: Decimal, invoices: int) -> Rates:
    """The share of invoices disputed, by amount and by count, with two decimals."""
    amount = sum((case.amount for case in cases), ZERO)
    return Rates(_percent(amount, invoiced, "0.01"), _percent(Decimal(len(cases)), Decimal(invoices), "0.01"))


def resolution(cases: Sequence[Case]) -> Resolution:
    """Mean days of those that ended, and the share within what was agreed."""
    ended = [case.days for case in cases if case.days is not None]
    judged = [
        case.days <= case.agreed_days
        for case in cases
        if case.days is not None and case.agreed_days is not None
    ]
    mean = (Decimal(sum(ended)) / len(ended)).quantize(_TENTH) if ended else None
    return Resolution(mean, _percent(Decimal(sum(judged)), Decimal(len(judged)), "0.1"))


def _percent(part: Decimal, whole: Decimal, step: str) -> Decimal | None:
    return (part * 100 / whole).quantize(Decimal(step)) if whole else None
