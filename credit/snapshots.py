"""The months of ``ExposureSnapshot``: one table each, made before anything of the month is written (ADR 0009)."""

from __future__ import annotations

from datetime import date

from django.db import connection

from o2c.shared.calendar import add_months

AHEAD = 3


def make_months(first: date, last: date) -> None:
    """Make the tables of all months from one day to another, where they are not there yet.

    Whoever writes history calls it first. A snapshot of a month without a table is kept all the same, and moves
    over when the table is made; it only takes longer to read meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT credit_make_snapshot_month(month::date)
            FROM generate_series(date_trunc('month', %s::date), %s::date, INTERVAL '1 month') AS month
            """,
            [first, last],
        )


def make_months_ahead(day: date) -> None:
    """Make the table of a day and of the next months, so that no act waits for one."""
    make_months(day, add_months(day, AHEAD))
