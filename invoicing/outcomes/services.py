"""Marking decisions with what became of the orders they released, every night, in one statement."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from o2c.shared.calendar import paris_date

from .policy import GRACE_DAYS, LOST_SHARE

# Invoices of an order: its own, and those that bill a line of it together with others.
_MARK: Final = """
    WITH billed AS (
        SELECT r.decision_id, o.id AS order_id, v.id AS invoice_id
        FROM orders_release r
        JOIN orders_order o ON o.id = r.order_id AND NOT o.is_open AND o.state IN ('CONFIRMED', 'CLOSED')
        CROSS JOIN LATERAL (
            SELECT id FROM invoicing_invoice WHERE order_id = o.id
            UNION
            SELECT l.invoice_id FROM invoicing_invoiceline l
            JOIN orders_orderline ol ON ol.id = l.order_line_id WHERE ol.order_id = o.id
        ) AS v
        WHERE r.voided_at IS NULL
    ), owed AS (
        SELECT DISTINCT b.decision_id, i.id, i.due_date, i.amount, i.open_amount
        FROM billed b
        JOIN invoicing_receivableitem i ON i.invoice_id = b.invoice_id
        WHERE i.amount > 0 AND i.kind IN ('INVOICE', 'DEPOSIT_INVOICE')
    ), settled AS (
        SELECT w.decision_id, MAX(w.due_date) AS last_due, SUM(w.amount) AS amount, SUM(w.open_amount) AS open,
               MAX(CASE WHEN w.open_amount = 0 THEN a.paid_on ELSE %(on)s END - w.due_date) AS days_late,
               MAX(a.paid_on) AS paid_on, COALESCE(SUM(a.written_off), 0) AS written_off
        FROM owed w
        LEFT JOIN LATERAL (
            SELECT MAX(m.effective_date) FILTER (WHERE m.amount > 0 AND n.id IS NULL) AS paid_on,
                   SUM(m.amount) FILTER (WHERE c.kind = 'WRITE_OFF') AS written_off
            FROM invoicing_allocation m
            JOIN invoicing_receivableitem c ON c.id = m.credit_id
            LEFT JOIN invoicing_allocation n ON n.reversal_of_id = m.id
            WHERE m.debit_id = w.id
        ) AS a ON TRUE
        GROUP BY w.decision_id
    ), found AS (
        SELECT decision_id, days_late, CASE
            WHEN written_off > amount * %(lost)s THEN 'lost'
            WHEN last_due + %(grace)s::int >= %(on)s THEN 'open'
            WHEN open = 0 AND paid_on <= last_due + %(grace)s::int THEN 'paid'
            ELSE 'late' END AS outcome
        FROM settled
    )
    UPDATE credit_creditdecision d SET outcome = f.outcome, days_late = f.days_late
    FROM found f
    WHERE d.id = f.decision_id AND (d.outcome, d.days_late) IS DISTINCT FROM (f.outcome, f.days_late)
"""


def mark_releases(*, work: Any = None, on: date | None = None) -> dict[str, int]:
    """Work handler of every night: say of each decision behind a release what became of its order.

    Nothing is said while anything of the order is still to be delivered or invoiced. A payment that goes back to the
    bank makes a success late again.

    :returns: how many decisions turned out otherwise than they stood
    """
    del work
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK, {"on": on or paris_date(timezone.now()), "grace": GRACE_DAYS, "lost": LOST_SHARE}
        )
        return {"marked": cursor.rowcount}
