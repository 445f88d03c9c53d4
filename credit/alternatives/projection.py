"""Exposure day by day under measures, against the limit of each day (domain.md 5.5). Plain values only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from o2c.shared.money import ZERO

from ..formulas import TemporaryAmount, effective_limit

HORIZON: Final = 120


class AlternativeKind(models.TextChoices):
    """The five things that may be agreed instead of a refusal (domain.md 5.5)."""

    DEPOSIT = "DEPOSIT", _("Deposit on the order")
    EARLY_PAYMENT = "EARLY_PAYMENT", _("Early payment")
    OVERDUE_SCHEDULE = "OVERDUE_SCHEDULE", _("Calendar for what is late")
    SHORTER_TERM = "SHORTER_TERM", _("Shorter term")
    TEMPORARY_LIMIT = "TEMPORARY_LIMIT", _("Temporary raise")


class Receipt(NamedTuple):
    """Money that is expected: what it pays, how much, and when; no day of what is not expected."""

    ref: str
    amount: Decimal
    day: date | None


class Entry(NamedTuple):
    """An order that is in the exposure from a day on: how much, and when it is paid; no day of what is not expected."""

    day: date
    amount: Decimal
    paid_on: date | None


class Instalment(NamedTuple):
    """A part of a calendar."""

    day: date
    amount: Decimal


@dataclass(frozen=True)
class Deposit:
    """Part of the order paid in advance."""

    amount: Decimal
    day: date


@dataclass(frozen=True)
class EarlyPayment:
    """Open invoices paid on a promised day."""

    refs: tuple[str, ...]
    day: date


@dataclass(frozen=True)
class OverdueSchedule:
    """Late invoices paid by a written calendar; what it leaves open stays where it was expected."""

    refs: tuple[str, ...]
    instalments: tuple[Instalment, ...]


@dataclass(frozen=True)
class ShorterTerm:
    """The order itself paid earlier."""

    day: date


@dataclass(frozen=True)
class TemporaryRaise:
    """The limit raised from today until a day, included."""

    amount: Decimal
    until: date


Measure = Deposit | EarlyPayment | OverdueSchedule | ShorterTerm | TemporaryRaise


@dataclass(frozen=True)
class Situation:
    """A level of credit with the order in question, all in one currency.

    :ivar net: net exposure without the order
    :ivar paid_on: when the order is expected to be paid; None when not within sight
    :ivar entries: orders that come within the horizon of their company later
    :ivar base: the decided limit, zero where none counts; ``base_until`` is its last day
    """

    on: date
    net: Decimal
    order: Decimal
    paid_on: date | None
    base: Decimal
    base_until: date | None = None
    raises: tuple[TemporaryAmount, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    entries: tuple[Entry, ...] = ()
    horizon: int = HORIZON

    def limit_on(self, day: date) -> Decimal:
        """What may be used on a day."""
        return effective_limit(self.base, self.base_until, self.raises, day)

    def base_limit_on(self, day: date) -> Decimal:
        """The decided limit alone on a day."""
        return effective_limit(self.base, self.base_until, (), day)


class Point(NamedTuple):
    """One day of the curve."""

    day: date
    exposure: Decimal
    limit: Decimal


@dataclass(frozen=True)
class Projection:
    """What becomes of the exposure with the order.

    :ivar within_limit_from: first day from which it stays within the limit up to the horizon; None of none
    :ivar within_base_limit_from: the same for the decided limit without temporary raises
    """

    points: tuple[Point, ...]
    over_limit_at_start: Decimal
    peak_exposure: Decimal
    within_limit_from: date | None
    within_base_limit_from: date | None

    @property
    def days_to_within_limit(self) -> int | None:
        """Days until it stays within the limit."""
        return None if self.within_limit_from is None else (self.within_limit_from - self.points[0].day).days

    @property
    def changes(self) -> list[Point]:
        """The days on which something changes, the first one among them."""
        before = (None, *self.points)
        return [
            point
            for last, point in zip(before, self.points, strict=False)
            if not last or last[1:] != point[1:]
        ]

    @property
    def least_over(self) -> Decimal:
        """How much the exposure is above the limit at best; zero once it fits on some day."""
        return max(ZERO, min(point.exposure - point.limit for point in self.points))


def project(situation: Situation, measures: Iterable[Measure] = ()) -> Projection:
    """Follow the exposure from today to the horizon, every measure taken.

    What is over at the start is measured before any measure, so that a raise shows what it is for.
    """
    start = situation.net + situation.order
    planned = situation
    for measure in measures:
        planned = _with(planned, measure)
    falls: dict[date, Decimal] = {}
    payment = planned.order if planned.paid_on is not None else ZERO
    for receipt in (*planned.receipts, Receipt("", payment, planned.paid_on)):
        if receipt.day is not None:
            day = max(receipt.day, situation.on)
            falls[day] = falls.get(day, ZERO) + receipt.amount
    for entry in planned.entries:
        falls[entry.day] = falls.get(entry.day, ZERO) - entry.amount
        if entry.paid_on is not None:
            falls[entry.paid_on] = falls.get(entry.paid_on, ZERO) + entry.amount
    points, exposure = [], start
    for number in range(situation.horizon + 1):
        day = situation.on + timedelta(days=number)
        exposure -= falls.get(day, ZERO)
        points.append(Point(day, exposure, planned.limit_on(day)))
    return Projection(
        points=tuple(points),
        over_limit_at_start=max(ZERO, start - situation.limit_on(situation.on)),
        peak_exposure=max(start, *(point.exposure for point in points)),
        within_limit_from=_stays_within(points),
        within_base_limit_from=_stays_within(
            [point._replace(limit=planned.base_limit_on(point.day)) for point in points]
        ),
    )


def _stays_within(points: Sequence[Point]) -> date | None:
    """Return the first day from which the exposure stays within the limit to the end."""
    first = None
    for point in reversed(points):
        if point.exposure > point.limit:
            break
        first = point.day
    return first


def _with(situation: Situation, measure: Measure) -> Situation:
    match measure:
        case Deposit(amount, day):
            receipts = (*situation.receipts, Receipt("", amount, day))
            return replace(situation, receipts=receipts, order=situation.order - amount)
        case EarlyPayment(refs, day):
            return replace(situation, receipts=_moved(situation.receipts, set(refs), day))
        case OverdueSchedule(refs, instalments):
            planned = sum((part.amount for part in instalments), ZERO)
            kept = _less(situation.receipts, set(refs), planned)
            parts = tuple(Receipt("", part.amount, part.day) for part in instalments)
            return replace(situation, receipts=(*kept, *parts))
        case ShorterTerm(day):
            return replace(situation, paid_on=day)
        case TemporaryRaise(amount, until):
            raised = TemporaryAmount(amount, situation.on, until)
            return replace(situation, raises=(*situation.raises, raised))


def _moved(receipts: Sequence[Receipt], refs: Collection[str], day: date) -> tuple[Receipt, ...]:
    """Move what is expected for these to a day; nothing is made later by paying early."""
    return tuple(row._replace(day=min(day, row.day or day)) if row.ref in refs else row for row in receipts)


def _less(receipts: Sequence[Receipt], refs: Collection[str], amount: Decimal) -> tuple[Receipt, ...]:
    """Take an amount from what is expected for these, the earliest first."""
    kept = [row for row in receipts if row.ref not in refs]
    for row in sorted((row for row in receipts if row.ref in refs), key=lambda row: row.day or date.max):
        taken = min(amount, row.amount)
        amount -= taken
        if row.amount > taken:
            kept.append(row._replace(amount=row.amount - taken))
    return tuple(kept)


def net_of_credits(receipts: Sequence[Receipt], credit: Decimal) -> tuple[Receipt, ...]:
    """Take what the client has in credit from the money expected next: it will be deducted there.

    :param credit: unallocated payments, credit notes and deposits, as a positive amount
    """
    return _less(receipts, {row.ref for row in receipts}, credit)
