"""Sensible measures to begin with: each alone, as small as it may be (domain.md 5.5). Plain values only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final, NamedTuple

from accounts.policy import COD, due_date
from o2c.shared.calendar import add_business_days, business_day_on_or_after
from o2c.shared.money import ZERO, round_cents

from .projection import Deposit, EarlyPayment, Instalment, OverdueSchedule, ShorterTerm, TemporaryRaise

# Business days until a transfer that is asked for today is in, and until a client pays an invoice early.
DEPOSIT_DAYS: Final = 3
EARLY_DAYS: Final = 5
# Steps of a deposit, as a share of the order; a raise is a round sum.
DEPOSIT_STEP: Final = Decimal("0.05")
RAISE_STEP: Final = Decimal(500)
INSTALMENTS: Final = 4
WEEK: Final = timedelta(days=7)
# A raise ends by itself: a week after it is no longer needed, after three months at the latest.
RAISE_LONGEST: Final = timedelta(days=90)
TERMS: Final = ("NET60", "NET45", "NET30", "NET15", "NET8", COD)


class Debt(NamedTuple):
    """What is open and not disputed of an item."""

    ref: str
    document: str
    due_date: date
    amount: Decimal


def deposit(excess: Decimal, order: Decimal, *, on: date) -> Deposit | None:
    """Return the smallest deposit that closes the gap, in steps of 5 % of the order; None when that is less."""
    if excess <= 0 or order < excess:
        return None
    step = order * DEPOSIT_STEP
    steps = (excess / step).to_integral_value(ROUND_CEILING)
    return Deposit(min(order, round_cents(steps * step)), add_business_days(on, DEPOSIT_DAYS))


def early_payment(debts: Sequence[Debt], excess: Decimal, *, on: date) -> EarlyPayment | None:
    """Return the smallest set of invoices that closes the gap, those due first before others; all when none does.

    Late invoices are a matter of a calendar, unless what is not due yet does not suffice.
    """
    if excess <= 0 or not debts:
        return None
    ahead = [debt for debt in debts if debt.due_date >= on]
    chosen = _smallest_set(ahead, excess) or _smallest_set(debts, excess) or list(debts)
    return EarlyPayment(tuple(debt.ref for debt in chosen), add_business_days(on, EARLY_DAYS))


def _smallest_set(debts: Sequence[Debt], excess: Decimal) -> list[Debt]:
    """The fewest debts that reach an amount; of several such sets the one due first. Empty when all do not."""
    waiting = sorted(debts, key=lambda debt: (debt.due_date, debt.ref))
    wanted = _fewest(waiting, excess)
    chosen: list[Debt] = []
    for index, debt in enumerate(waiting):
        if not wanted:
            break
        rest = sorted((other.amount for other in waiting[index + 1 :]), reverse=True)[: wanted - 1]
        if debt.amount + sum(rest, ZERO) >= excess:
            chosen.append(debt)
            excess, wanted = excess - debt.amount, wanted - 1
    return chosen


def _fewest(debts: Sequence[Debt], excess: Decimal) -> int:
    """How many debts it takes at least; 0 when all together do not suffice."""
    reached = ZERO
    for count, amount in enumerate(sorted((debt.amount for debt in debts), reverse=True), start=1):
        reached += amount
        if reached >= excess:
            return count
    return 0


def overdue_schedule(debts: Sequence[Debt], *, on: date, parts: int = INSTALMENTS) -> OverdueSchedule | None:
    """Return weekly instalments of everything late, the last one with the cents left; None when nothing is late."""
    late = [debt for debt in debts if debt.due_date < on]
    total = sum((debt.amount for debt in late), ZERO)
    if total <= 0:
        return None
    share = round_cents(total / parts)
    amounts = [share] * (parts - 1) + [total - share * (parts - 1)]
    first = add_business_days(on, DEPOSIT_DAYS)
    days = [business_day_on_or_after(first + WEEK * number) for number in range(parts)]
    return OverdueSchedule(
        tuple(debt.ref for debt in late),
        tuple(Instalment(day, amount) for day, amount in zip(days, amounts, strict=True) if amount > 0),
    )


def shorter_terms(paid_on: date, *, invoiced_on: date, delay: int) -> list[tuple[str, date]]:
    """Return the usual terms with which an order is paid earlier than ``paid_on``, the longest first, and when.

    :param delay: the client's mean delay in days, which a new term does not change
    """
    days = (
        (code, business_day_on_or_after(due_date(invoiced_on, code, invoiced_on) + timedelta(days=delay)))
        for code in TERMS
    )
    return [(code, day) for code, day in days if day < paid_on]


def shorter_term(
    terms: Sequence[tuple[str, date]], helps: Callable[[ShorterTerm], bool]
) -> tuple[str, ShorterTerm] | None:
    """Return the longest term that helps, the shortest when none does; None without any.

    :param helps: whether the exposure fits earlier with it
    """
    offers = [(code, ShorterTerm(day)) for code, day in terms]
    return next((offer for offer in offers if helps(offer[1])), offers[-1] if offers else None)


def temporary_limit(excess: Decimal, fits_from: date | None, *, on: date) -> TemporaryRaise | None:
    """Return a raise of the gap as a round sum, until a week after the exposure fits by itself."""
    if excess <= 0:
        return None
    amount = (excess / RAISE_STEP).to_integral_value(ROUND_CEILING) * RAISE_STEP
    until = min((fits_from + WEEK) if fits_from else on + RAISE_LONGEST, on + RAISE_LONGEST)
    return TemporaryRaise(round_cents(amount), until)
