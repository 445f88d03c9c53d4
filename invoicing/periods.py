"""The months of a company's books as pages and the API show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from accounts.models import Company
from o2c.shared.calendar import end_of_month

from .models import AccountingPeriod

CURRENT, OPEN, CLOSED, REOPENED = "current", "open_period", "closed_period", "reopened"


@dataclass(frozen=True)
class Month:
    """One month: its state, and the row behind it where it was ever closed."""

    first: date
    state: str
    row: AccountingPeriod | None

    @property
    def may_be_closed(self) -> bool:
        """Whether it has ended and is open."""
        return self.state in (OPEN, REOPENED)

    @property
    def may_be_reopened(self) -> bool:
        """Whether somebody closed it."""
        return self.state == CLOSED


def months_of(company: Company, today: date) -> list[Month]:
    """The months from this one back to the first that accepts entries or was ever closed, newest first."""
    rows = {
        row.month: row
        for row in AccountingPeriod.objects.filter(company=company).select_related("closed_by", "reopened_by")
    }
    first = (today - timedelta(days=company.open_period_days)).replace(day=1)
    month, last = today.replace(day=1), min([first, *rows])
    found = []
    while month >= last:
        row = rows.get(month)
        if row is not None:
            found.append(Month(month, CLOSED if row.is_closed else REOPENED, row))
        elif month >= first:
            found.append(Month(month, CURRENT if end_of_month(month) >= today else OPEN, None))
        month = (month - timedelta(days=1)).replace(day=1)
    return found
