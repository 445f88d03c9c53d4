"""What the scorecard asks of invoices and payments of many clients (``settings.SCORE_FACTS``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.db import connection

from credit.keys import Keys

# Found out every night before the cards are made (``invoicing.expected``).
_PAID: Final = """
    SELECT account_id, amount, delay, computed_on FROM invoicing_paymenthabit
    WHERE account_id {among} AND amount > 0
"""
# What the client contests is no delay of its own making.
_LATE: Final = """
    SELECT i.account_id, SUM(i.open_amount - i.contested),
           SUM((i.open_amount - i.contested) * (%(on)s - i.due_date)) / SUM(i.open_amount - i.contested)
    FROM (
        SELECT o.account_id, o.due_date, o.open_amount, LEAST(o.open_amount, COALESCE(d.amount, 0)) AS contested
        FROM invoicing_receivableitem o
        LEFT JOIN (
            SELECT item_id, SUM(amount) AS amount FROM invoicing_disputedamount
            WHERE account_id {among} AND effective_from <= %(on)s
              AND (effective_to IS NULL OR effective_to > %(on)s)
            GROUP BY item_id
        ) d ON d.item_id = o.id
        WHERE o.account_id {among} AND o.kind = 'INVOICE' AND o.open_amount <> 0 AND o.due_date < %(on)s
          AND o.effective_date <= %(on)s
    ) i
    WHERE i.open_amount > i.contested
    GROUP BY i.account_id
"""
# Bills and direct debits that came back; a cheque or a transfer recalled is none.
_RETURNED: Final = """
    SELECT p.account_id, COUNT(*), MAX(r.returned_on)
    FROM invoicing_paymentreturn r JOIN invoicing_payment p ON p.id = r.payment_id
    WHERE p.account_id {among} AND p.method IN ('direct_debit', 'lcr', 'bor') AND r.undone_at IS NULL
      AND r.returned_on > %(since)s AND r.returned_on <= %(on)s
    GROUP BY p.account_id
"""
_INVOICED: Final = """
    SELECT account_id, SUM(amount) FROM invoicing_receivableitem
    WHERE account_id {among} AND kind = 'INVOICE' AND effective_date > %(since)s AND effective_date <= %(on)s
    GROUP BY account_id
"""
# What a client buys, and since when: deposit invoices are part of the final ones.
_PURCHASES: Final = """
    SELECT i.account_id, i.currency, SUM(i.amount) FILTER (WHERE i.effective_date > %(since)s),
           MIN(i.effective_date) FILTER (WHERE i.kind = 'INVOICE')
    FROM invoicing_receivableitem i
    WHERE i.account_id {among} AND i.kind IN ('INVOICE', 'CREDIT_NOTE') AND i.effective_date <= %(on)s
    GROUP BY i.account_id, i.currency
"""

Rows = Sequence[tuple[Any, ...]]


def paid(keys: Keys, *, since: date, on: date) -> Rows:
    """Amount of the invoices settled by money in twelve months, their mean signed delay, and when it was found."""
    return _rows(_PAID, keys, since, on)


def late(keys: Keys, *, since: date, on: date) -> Rows:
    """Undisputed amount of invoices past their due date, and the mean days they are late by now."""
    return _rows(_LATE, keys, since, on)


def returned(keys: Keys, *, since: date, on: date) -> Rows:
    """Bills and direct debits that came back unpaid, and the last day."""
    return _rows(_RETURNED, keys, since, on)


def invoiced(keys: Keys, *, since: date, on: date) -> Rows:
    """What was invoiced, incl. VAT."""
    return _rows(_INVOICED, keys, since, on)


def purchases(keys: Keys, *, since: date, on: date) -> Rows:
    """By currency: what was invoiced incl. VAT less credit notes, None where nothing was, and the first invoice ever.

    A provider of ``settings.LIMIT_FACTS``.
    """
    return _rows(_PURCHASES, keys, since, on)


def _rows(statement: str, keys: Keys, since: date, on: date) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(among=keys.among), keys.params | {"since": since, "on": on})
        return cursor.fetchall()
