"""How what is owed and what is late moved over the last months: one statement for all month ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import connection

from accounts.models import Company, User
from invoicing.book import scope_sql
from o2c.shared.calendar import add_months, end_of_month
from o2c.shared.money import ZERO

from .scope import accounts_in_sight

# Every item counts from its day on, and as late from the day after its due date; a match takes its part away from its
# own day on. So each row falls into two of the days asked for, and all days come out of one pass.
_STATEMENT: Final = """
    WITH scope AS MATERIALIZED ({scope}),
    -- Before a due date was changed, the item was late by the old one instead of the present one.
    turns AS (
        SELECT c.item_id, v.sign, v.day
        FROM invoicing_duedatechange c
        CROSS JOIN LATERAL (VALUES
            (1, c.old_due_date + 1), (-1, GREATEST(c.effective_from, c.old_due_date + 1)),
            (-1, c.new_due_date + 1), (1, GREATEST(c.effective_from, c.new_due_date + 1))
        ) AS v (sign, day)
        -- Later is as good as after the last day.
        WHERE v.day <= %(last)s
    ),
    moves AS (
        SELECT effective_date AS owed_from, GREATEST(effective_date, due_date + 1) AS late_from, amount
        FROM invoicing_receivableitem
        WHERE amount > 0 AND currency = %(currency)s AND effective_date <= %(last)s
          AND account_id IN (SELECT id FROM scope)
        UNION ALL
        SELECT a.effective_date, GREATEST(a.effective_date, d.due_date + 1), -a.amount
        FROM invoicing_allocation a
        JOIN invoicing_receivableitem d ON d.id = a.debit_id
        WHERE d.currency = %(currency)s AND a.effective_date <= %(last)s
          AND d.account_id IN (SELECT id FROM scope)
        UNION ALL
        SELECT %(never)s, GREATEST(i.effective_date, t.day), t.sign * i.amount
        FROM turns t
        JOIN invoicing_receivableitem i ON i.id = t.item_id
        WHERE i.currency = %(currency)s AND i.account_id IN (SELECT id FROM scope)
        UNION ALL
        SELECT %(never)s, GREATEST(a.effective_date, t.day), -t.sign * a.amount
        FROM turns t
        JOIN invoicing_receivableitem d ON d.id = t.item_id
        JOIN invoicing_allocation a ON a.debit_id = d.id
        WHERE d.currency = %(currency)s AND a.effective_date <= %(last)s
          AND d.account_id IN (SELECT id FROM scope)
    )
    SELECT width_bucket(owed_from - 1, %(days)s::date[]), width_bucket(late_from - 1, %(days)s::date[]), SUM(amount)
    FROM moves
    GROUP BY 1, 2
"""


class MonthEnd(NamedTuple):
    """What clients owed at the end of a day, before credits, and how much of it was late."""

    day: date
    owed: Decimal
    overdue: Decimal


def overdue_history(
    *, user: User | None, company: Company, as_of: date, months: int = 12
) -> tuple[MonthEnd, ...]:
    """Return the last month ends before a day, and that day itself, oldest first, in the company's currency.

    :param user: whose sight limits it; None for the operator
    :param months: number of days returned
    :raises NotAllowed: no right to reports
    """
    accounts, _scope = accounts_in_sight(user, company)
    days = [*_month_ends(as_of, months - 1), as_of]
    scope, params = scope_sql(accounts)
    with connection.cursor() as cursor:
        cursor.execute(
            _STATEMENT.format(scope=scope),
            {**params, "currency": company.currency, "days": days, "last": as_of, "never": date.max},
        )
        moves = cursor.fetchall()
    return tuple(
        MonthEnd(
            day,
            sum((amount for owed, _late, amount in moves if owed <= slot), ZERO),
            sum((amount for _owed, late, amount in moves if late <= slot), ZERO),
        )
        for slot, day in enumerate(days)
    )


def _month_ends(before: date, count: int) -> Iterator[date]:
    for back in range(count, 0, -1):
        yield end_of_month(add_months(before, -back))
