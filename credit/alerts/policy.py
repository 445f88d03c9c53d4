"""When an alert is raised, and the day from which a client's orders would be held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from o2c.shared.calendar import add_business_days, business_day_on_or_before
from o2c.shared.money import ZERO

from ..enums import AlertKind, Finding
from ..policy import Thresholds

# Steps of the use of a limit, in percent (domain.md 4.5).
STEPS: Final = (100, 80)
LONG_OVERDUE_DAYS: Final = 15
TREND_DAYS: Final = 7
DISPUTE_PCT: Final = 10
# How long an order, a dispute or a word of the insurer stays something new.
NEW_FOR_DAYS: Final = 30
# How far ahead a rep is told that orders would be held (features J8).
AHEAD_DAYS: Final = 10
ANSWER_DAYS: Final = 5


@dataclass(frozen=True)
class Use:
    """What is used of a limit at one level; no limit or an unlimited one is None."""

    net: Decimal
    limit: Decimal | None


@dataclass(frozen=True)
class ClientFacts:
    """Figures of one client on the evaluation day, in the currency of its company.

    :ivar uses: of the account, its legal entity and its group
    :ivar debts: due date and undisputed open amount of what is late on the last day looked at, in order of the dates
    :ivar limit_until: the last day of the limit that ends first, None where none ends
    :ivar is_held: whether every order is held already: the client is blocked, or nobody decided a limit
    """

    currency: str
    uses: Sequence[Use]
    gross: Decimal
    overdue: Decimal
    oldest_due: date | None
    debts: Sequence[tuple[date, Decimal]]
    thresholds: Thresholds
    limit_until: date | None = None
    is_held: bool = False


@dataclass(frozen=True)
class Alert:
    """One thing found about a client; ``until`` is the day by which it should be answered."""

    kind: AlertKind
    until: date
    key: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BlockAhead:
    """The day from which orders would be held: why, and what must be paid before, nothing where a limit ends."""

    day: date
    reason: Finding
    amount: Decimal
    due_first: date | None = None


def alerts_of(facts: ClientFacts, on: date) -> list[Alert]:
    """What the figures of a client ask somebody to look at."""
    until = add_business_days(on, ANSWER_DAYS)
    found = [_used(facts, until), _long_overdue(facts, on, until), _ahead(facts, on)]
    return [alert for alert in found if alert is not None]


def is_large(amount: Decimal, gross: Decimal) -> bool:
    """Whether a new dispute is more than the tenth of the exposure that somebody should know of."""
    return amount * 100 > gross * DISPUTE_PCT


def block_ahead(facts: ClientFacts, on: date) -> BlockAhead | None:
    """The first day after ``on``, within ``AHEAD_DAYS``, on which the check would hold every order.

    The same rules as the check's, with what is owed today: nothing more is paid, nothing more is sold. None where
    orders are held already, or not within these days.
    """
    if facts.is_held or _held_on(facts, on) is not None:
        return None
    days = (on + timedelta(days=ahead) for ahead in range(1, AHEAD_DAYS + 1))
    return next((found for day in days if (found := _held_on(facts, day))), None)


def _held_on(facts: ClientFacts, day: date) -> BlockAhead | None:
    allowed = facts.thresholds
    by_age = _late(facts, day - timedelta(days=allowed.overdue_days))
    if by_age > allowed.overdue_floor:
        return BlockAhead(day, Finding.OVERDUE_DAYS, by_age, facts.debts[0][0])
    threshold = max(min(facts.gross * allowed.overdue_pct / 100, allowed.overdue_cap), allowed.overdue_floor)
    by_amount = _late(facts, day - timedelta(days=allowed.grace_days))
    if by_amount > threshold:
        return BlockAhead(day, Finding.OVERDUE_AMOUNT, by_amount, facts.debts[0][0])
    if facts.limit_until is not None and facts.limit_until < day:
        return BlockAhead(day, Finding.REVIEW_EXPIRED, ZERO)
    return None


def _late(facts: ClientFacts, before: date) -> Decimal:
    return sum((amount for due, amount in facts.debts if due < before), ZERO)


def _used(facts: ClientFacts, until: date) -> Alert | None:
    used = [(use.net * 100 / use.limit, use) for use in facts.uses if use.limit]
    if not used:
        return None
    percent, use = max(used, key=lambda pair: pair[0])
    step = next((step for step in STEPS if percent >= step), None)
    if step is None:
        return None
    figures = {"used_pct": int(percent), "net": use.net, "limit": use.limit}
    return Alert(AlertKind.UTILISATION, until, str(step), figures)


def _long_overdue(facts: ClientFacts, on: date, until: date) -> Alert | None:
    if facts.oldest_due is None or facts.overdue <= 0:
        return None
    days = (on - facts.oldest_due).days
    if days <= LONG_OVERDUE_DAYS:
        return None
    return Alert(AlertKind.OVERDUE, until, "", {"amount": facts.overdue, "oldest_due": facts.oldest_due})


def _ahead(facts: ClientFacts, on: date) -> Alert | None:
    found = block_ahead(facts, on)
    if found is None:
        return None
    figures = {
        "day": found.day,
        "reason": found.reason.value,
        "amount": found.amount,
        "due_first": found.due_first,
    }
    until = business_day_on_or_before(found.day - timedelta(days=1))
    return Alert(AlertKind.BLOCK_AHEAD, max(on, until), "", figures)
