"""When a released order counts as a success (domain.md 8.17). Plain values only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from credit.models import CreditDecision

Outcome = CreditDecision.Outcome
# Days beyond the last due date within which an order is paid in time.
GRACE_DAYS: Final = 15
# An order is lost when more than this share of its invoices was written off; less is a difference let go.
LOST_SHARE: Final = Decimal("0.05")
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True)
class HitRate:
    """Formula 8.17 over some releases.

    :ivar rate: in percent, one decimal; None where nothing can be measured yet
    """

    measurable: int
    successes: int
    rate: Decimal | None


def outcome(
    last_due: date, fully_paid_on: date | None, *, on: date, lost: bool = False, grace: int = GRACE_DAYS
) -> Outcome:
    """Return what became of a released order: it can be measured once its last due date and the grace are past."""
    if lost:
        return Outcome.LOST
    ends = last_due + timedelta(days=grace)
    if ends >= on:
        return Outcome.OPEN
    return Outcome.PAID if fully_paid_on is not None and fully_paid_on <= ends else Outcome.LATE


def hit_rate(outcomes: Iterable[Outcome]) -> HitRate:
    """Return how many of the measurable releases were paid in time."""
    return hit_rate_of_counts(Counter(outcomes))


def hit_rate_of_counts(counts: Mapping[Outcome, int]) -> HitRate:
    """The same of releases counted by outcome."""
    measured = sum(count for outcome, count in counts.items() if outcome != Outcome.OPEN)
    successes = counts.get(Outcome.PAID, 0)
    rate = (Decimal(successes) * 100 / measured).quantize(_TENTH) if measured else None
    return HitRate(measured, successes, rate)
