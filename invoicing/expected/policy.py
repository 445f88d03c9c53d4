"""The date on which an open item is expected to be paid, and why (domain.md 8.5 and 8.13). Plain values only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.circuit_policy import Circuit, next_run
from o2c.shared.calendar import add_business_days, business_day_on_or_after
from o2c.shared.money import ZERO

# After its resolution a dispute is paid within so many days; what is overdue without a word, within so many.
AFTER_DISPUTE: Final = 15
AFTER_TODAY: Final = 7
AFTER_PAYMENT_SENT: Final = 3
# Fewer payments are no habit.
FEWEST_PAYMENTS: Final = 5
# Later than this without a promise it is shown apart.
LONG_OVERDUE: Final = 90
WEEK: Final = timedelta(days=7)


class Why(models.TextChoices):
    """What an expected date rests on, the strongest first."""

    PROMISE = "promise", _("promised")
    DISPUTE = "dispute", _("after the dispute")
    PAYMENT_SENT = "payment_sent", _("payment announced on the platform")
    RUN = "run", _("the client's next payment run")
    INSTRUMENT = "instrument", _("direct debit or bill, with its clearing")
    HABIT = "habit", _("due date and this client's habit")
    OVERDUE = "overdue", _("overdue without a word")
    INSOLVENT = "insolvent", _("insolvent: nothing is expected")
    SOLD = "sold", _("sold without recourse: the factor is paid")


class Expected(NamedTuple):
    """A date and what it rests on; no date of what is not expected."""

    day: date | None
    why: Why


@dataclass(frozen=True)
class Facts:
    """What is known of a part of an item.

    :ivar promised: of a promise or a payment plan
    :ivar is_disputed: with ``resolution``, when the dispute is to be resolved, where that is known
    :ivar payment_sent: when the platform said that the payment is on its way
    :ivar clearing_days: business days until a direct debit or a bill is good; None of any other method
    :ivar delay: the client's signed mean delay in days
    :ivar is_sold: sold to a factor without recourse, and not contested: what is paid for it is the factor's
    :ivar circuit: the client's payment runs, where they are known; ``received`` is when it got the document
    """

    due_date: date
    promised: date | None = None
    is_disputed: bool = False
    resolution: date | None = None
    payment_sent: date | None = None
    clearing_days: int | None = None
    delay: int = 0
    is_insolvent: bool = False
    is_sold: bool = False
    circuit: Circuit | None = None
    received: date | None = None


def expected_date(facts: Facts, *, on: date) -> Expected:
    """Return when a part of an item is expected to be paid, seen from a day (domain.md 8.13).

    A promise of the past counts no more; a date that has passed becomes a week from ``on``. Always a business day.
    Where the client's payment runs are known, what it pays by itself waits for the next one.
    """
    if facts.is_sold and not facts.is_disputed:
        return Expected(None, Why.SOLD)
    if facts.is_insolvent:
        return Expected(None, Why.INSOLVENT)
    if facts.promised is not None and facts.promised >= on:
        return Expected(business_day_on_or_after(facts.promised), Why.PROMISE)
    if facts.is_disputed:
        day, why = max(facts.resolution or on, on) + timedelta(days=AFTER_DISPUTE), Why.DISPUTE
    elif facts.payment_sent is not None:
        day, why = add_business_days(facts.payment_sent, AFTER_PAYMENT_SENT), Why.PAYMENT_SENT
    elif facts.clearing_days is not None:
        day, why = add_business_days(facts.due_date, facts.clearing_days), Why.INSTRUMENT
    else:
        day, why = facts.due_date + timedelta(days=facts.delay), Why.HABIT
    runs = facts.circuit if why in (Why.HABIT, Why.DISPUTE) else None
    if runs is not None and (run := next_run(runs, max(day, on), received=facts.received)) is not None:
        return Expected(run, why if why is Why.DISPUTE else Why.RUN)
    if day < on:
        day, why = on + timedelta(days=AFTER_TODAY), Why.OVERDUE
    return Expected(business_day_on_or_after(day), why)


class Paid(NamedTuple):
    """An invoice that was paid in full."""

    amount: Decimal
    due_date: date
    paid_on: date


def mean_delay(paid: Iterable[Paid], *, signed: bool = True) -> Decimal | None:
    """Days late of paid invoices, weighted by amount (domain.md 8.5); None of none.

    :param signed: what was paid early counts below 0; else as 0
    """
    total, weighed = ZERO, ZERO
    for row in paid:
        days = (row.paid_on - row.due_date).days
        total += row.amount
        weighed += row.amount * (days if signed else max(0, days))
    return weighed / total if total else None


def whole_days(delay: Decimal) -> int:
    """A mean delay as whole days, half up."""
    return int(delay.quantize(Decimal(1), rounding=ROUND_HALF_UP))


class Forecast(NamedTuple):
    """Receipts by week, those after the last one, and what is not expected at all."""

    week_starts: Sequence[date]
    weekly: Sequence[Decimal]
    later: Decimal
    excluded: Decimal


def by_week(parts: Iterable[tuple[date | None, Decimal]], *, on: date, weeks: int) -> Forecast:
    """Put expected receipts into weeks from the Monday of the week of ``on``."""
    monday = on - timedelta(days=on.weekday())
    starts = [monday + WEEK * number for number in range(weeks)]
    sums, later, excluded = [ZERO] * weeks, ZERO, ZERO
    for day, amount in parts:
        if day is None:
            excluded += amount
        elif day >= monday + WEEK * weeks:
            later += amount
        else:
            sums[max(0, (day - monday).days // 7)] += amount
    return Forecast(starts, sums, later, excluded)
