"""Which months are to be told, over plain dates."""

from __future__ import annotations

from datetime import date
from typing import Final

from o2c.shared.calendar import add_months, end_of_month

# What was missed longer ago than this is not caught up by itself.
MOST_MONTHS: Final = 12


def last_full_month(today: date) -> date:
    """Return the first day of the last month that is over."""
    return add_months(today.replace(day=1), -1)


def full_months(today: date, *, most: int = MOST_MONTHS) -> list[date]:
    """Return the first days of the latest full months, the latest first."""
    return [add_months(last_full_month(today), -back) for back in range(most)]


def months_due(*, since: date, today: date) -> list[date]:
    """Return the months that an owner is to be told of by now, the oldest first: those that ended in its time.

    A month that ended before the ownership began is nobody's debt; one that began before it is told in full.
    """
    return [month for month in reversed(full_months(today)) if end_of_month(month) >= since]
