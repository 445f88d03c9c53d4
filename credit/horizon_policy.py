"""The order horizon over plain values: which confirmed orders count on a day (domain.md 4.1 E3, design decision 3)."""

from __future__ import annotations

from datetime import date, timedelta


def counted_until(delivery: date | None, *, on: date) -> date:
    """Return the delivery day up to which all orders count for one that is checked, whatever the horizon.

    An order without a day may leave at once: the horizon alone counts for it.
    """
    return max(on, delivery or on)


def is_beyond(delivery: date | None, *, on: date, days: int | None) -> bool:
    """Whether an undelivered order does not count yet; one without a delivery day always counts.

    :param days: the horizon in force; None where every order counts
    """
    return delivery is not None and days is not None and delivery > on + timedelta(days=days)


def enters_on(delivery: date, days: int) -> date:
    """Return the first day on which an order counts."""
    return delivery - timedelta(days=days)
