"""The SQL of the open book: what was open on a day, what was contested, and what the documents make of it.

Reports, proofs and lists build their statements from these parts, so that one rule says what was open.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from accounts.models import CustomerAccount

# The book of a day, one row per item: what is open now, with what was matched later put back, due when it was due
# then (only what is owed changes its due date). The same rule for every day; the partial index of open items and the
# indexes on effective dates answer it, so that today costs what is open and a past day what has moved since. Written
# by side, since the planner then knows how many rows come. ``aged_on`` is the column an item's age counts from;
# ``whose`` says whose items: ``OF_COMPANY``, or ``OF_SCOPE`` with ``scope``, keys of accounts, before it.
OPEN_BOOK: Final = """
    due_then AS MATERIALIZED (
        SELECT DISTINCT ON (item_id) item_id, old_due_date AS due_date
        FROM invoicing_duedatechange WHERE effective_from > %(on)s
        ORDER BY item_id, effective_from, id
    ),
    touched AS MATERIALIZED (
        SELECT i.id, i.account_id, i.currency, COALESCE(d.due_date, i.due_date) AS due_date,
               CASE WHEN '{aged_on}' = 'due_date' THEN COALESCE(d.due_date, i.due_date) ELSE i.{aged_on} END AS aged_on,
               i.open_amount + SUM(a.amount) AS open
        FROM invoicing_receivableitem i
        JOIN invoicing_allocation a ON a.debit_id = i.id AND a.effective_date > %(on)s
        LEFT JOIN due_then d ON d.item_id = i.id
        WHERE i.effective_date <= %(on)s AND {whose}
        GROUP BY i.id, d.due_date
        UNION ALL
        SELECT i.id, i.account_id, i.currency, i.due_date, i.{aged_on}, i.open_amount - SUM(a.amount)
        FROM invoicing_receivableitem i
        JOIN invoicing_allocation a ON a.credit_id = i.id AND a.effective_date > %(on)s
        WHERE i.effective_date <= %(on)s AND {whose}
        GROUP BY i.id
        UNION ALL
        SELECT i.id, i.account_id, i.currency, d.due_date,
               CASE WHEN '{aged_on}' = 'due_date' THEN d.due_date ELSE i.{aged_on} END, i.open_amount
        FROM due_then d
        JOIN invoicing_receivableitem i ON i.id = d.item_id
        WHERE i.effective_date <= %(on)s AND {whose}
          AND NOT EXISTS (SELECT FROM invoicing_allocation WHERE debit_id = i.id AND effective_date > %(on)s)
    ),
    book AS NOT MATERIALIZED (
        SELECT id, account_id, currency, due_date, aged_on, open FROM touched WHERE open <> 0
        UNION ALL
        SELECT i.id, i.account_id, i.currency, i.due_date, i.{aged_on}, i.open_amount
        FROM invoicing_receivableitem i
        WHERE i.open_amount <> 0 AND i.effective_date <= %(on)s AND {whose}
          AND NOT EXISTS (SELECT FROM touched WHERE touched.id = i.id)
    )
"""

# The same where nothing has moved since: no match and no due date takes effect later (``moved_after``). A walk over
# what is open, without a look at anything else.
UNMOVED_BOOK: Final = """
    book AS NOT MATERIALIZED (
        SELECT id, account_id, currency, due_date, {aged_on} AS aged_on, open_amount AS open
        FROM invoicing_receivableitem
        WHERE open_amount <> 0 AND effective_date <= %(on)s AND {whose}
    )
"""

# What was contested on a day, by item; at most what was open counts.
CONTESTED: Final = """
    contested AS (
        SELECT item_id, SUM(amount) AS amount
        FROM invoicing_disputedamount
        WHERE effective_from <= %(on)s AND (effective_to IS NULL OR effective_to > %(on)s)
        GROUP BY item_id
    )
"""

# What the documents of a set of accounts (``scope``) make by a day, without looking at any open amount: matches
# take as much from what is owed as from the credits, so both must give one total (the control line of a report).
LEDGER_TOTALS: Final = """
    SELECT currency, SUM(amount) AS amount
    FROM (
        SELECT currency, SUM(total_incl_vat) AS amount FROM invoicing_invoice
        WHERE issue_date <= %(on)s AND {whose} GROUP BY currency
        UNION ALL
        SELECT currency, -SUM(amount) FROM invoicing_payment
        WHERE received_on <= %(on)s AND account_id IS NOT NULL AND {whose} GROUP BY currency
        UNION ALL
        SELECT currency, SUM(amount) FROM invoicing_receivableitem
        WHERE NOT (kind IN ('INVOICE', 'CREDIT_NOTE', 'DEPOSIT_INVOICE', 'PAYMENT'))
          AND effective_date <= %(on)s AND {whose} GROUP BY currency
    ) AS documents
    GROUP BY currency
"""
# Whose documents: those of the accounts in ``scope``, or of a whole company, which needs no join.
OF_SCOPE: Final = "account_id IN (SELECT id FROM scope)"
OF_COMPANY: Final = "company_id = %(company)s"

# Whether anything has moved since: as a condition, so that a statement can tell of itself.
MOVED: Final = """
    (EXISTS (SELECT FROM invoicing_allocation WHERE effective_date > %(on)s)
     OR EXISTS (SELECT FROM invoicing_duedatechange WHERE effective_from > %(on)s))
"""


def scope_sql(accounts: QuerySet[CustomerAccount]) -> tuple[str, dict[str, Any]]:
    """Return the SELECT of the keys of accounts, for ``scope AS (…)`` of a statement, with its named parameters."""
    try:
        sql, values = accounts.order_by().values("id").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT id FROM accounts_customeraccount WHERE FALSE", {}
    named = {f"scope_{position}": value for position, value in enumerate(values)}
    return sql % tuple(f"%({name})s" for name in named), named


def moved_after(day: date) -> bool:
    """Whether a match or another due date takes effect later than a day.

    Seldom for today, and then what is open now was open then, and due when it is due now.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {MOVED}", {"on": day})
        return bool(cursor.fetchone()[0])
