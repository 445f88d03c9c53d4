"""What waits for a decision: one row of the approver's inbox, and how long is left for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from accounts.models import User
from credit.authority import Person
from credit.stake_policy import Stake
from credit.written.queries import Quote
from o2c.shared.calendar import add_working_hours, business_hours_between
from orders.page import Facts

# Working hours within which a request without a clock of its own is answered: a day.
HOURS: Final = 9


@dataclass(frozen=True)
class ToDecide:
    """One request that waits: what, for whom, how much is short, how long is left, and the facts beside it."""

    kind: str
    pk: int
    client: str
    label: str
    url: str
    amount: Decimal | None
    currency: str
    missing: Decimal
    asked_by: User
    asked_at: datetime
    reason: str
    seconds: int
    offer: tuple[str, Decimal | None] = ("", None)
    # Why an order waits, with the article of the policy each reason belongs to.
    codes: Sequence[tuple[str, Quote | None]] = ()
    facts: Facts | None = None
    stake: Stake | None = None
    current: Decimal | None = None
    # What a level decides alone today, and what it would.
    change: tuple[str, str] | None = None
    total: Decimal | None = None
    role: Any = ""
    people: Sequence[Person] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What names it in addresses and forms."""
        return f"{self.kind}-{self.pk}"


def time_left(asked: datetime, at: datetime) -> int:
    """Working seconds until a request without a clock of its own should be answered; negative when late."""
    due = add_working_hours(asked, HOURS)
    if due < at:
        return -int(business_hours_between(due, at).total_seconds())
    return int(business_hours_between(at, due).total_seconds())
