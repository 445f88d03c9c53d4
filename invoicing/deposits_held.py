"""Deposits received and not yet deducted, as exposure counts them (E8; design 3.15): part of its one statement.

A deposit relieves at most what its order still takes (E2 + E3). What was invoiced as a deposit stands in no open item
any more; money that only names its order is an open payment, of which the same much moves from one part to the other.
Of an order that was refused or cancelled a deposit is money received for nothing: an unallocated payment. Of the order
a check leaves out, it is told apart: the order's own deposits count before the limit does.
"""

from __future__ import annotations

from typing import Final

from credit.horizon import is_beyond_sql
from credit.switch_models import SwitchedPart
from credit.switches import is_left_out
from orders.queries import PRECEDES

# What the company does not count, or not yet, is not taken either: nothing is there to be relieved.
_ORDER_COUNTS: Final = f"""
    {PRECEDES.format(o="o")} AND NOT {is_left_out(SwitchedPart.ORDERS, "o.company_id")} AND NOT {is_beyond_sql("o")}
"""
_NOT_DELIVERED: Final = is_left_out(SwitchedPart.DELIVERED, "o.company_id")
# What an order still takes, by the rule of ``orders.queries.EXPOSURE_ROWS``; looked up from the few orders that have a
# deposit (``OFFSET 0`` keeps the planner to it).
_ORDER_TAKES: Final = f"""
    SELECT o.state,
           CASE WHEN NOT o.is_open OR o.id = %(skip_order)s THEN 0
                WHEN NOT o.is_started THEN
                    CASE WHEN {_ORDER_COUNTS}
                         THEN o.approved_total ELSE 0 END
                ELSE (
                    SELECT CASE WHEN {_ORDER_COUNTS} THEN ROUND(COALESCE(
                               SUM(GREATEST(0, w.qty - GREATEST(l.delivered, l.invoiced)) * w.price)
                               * o.approved_total / NULLIF(SUM(w.qty * w.price), 0), 0), 2) ELSE 0 END
                         + CASE WHEN {_NOT_DELIVERED} THEN 0 ELSE ROUND(COALESCE(
                               SUM(GREATEST(0, l.delivered - l.invoiced) * w.price)
                               * o.approved_total / NULLIF(SUM(w.qty * w.price), 0), 0), 2) END
                    FROM orders_orderline l
                    CROSS JOIN LATERAL (
                        SELECT l.approved_quantity - l.cancelled AS qty,
                               l.approved_price * (1 + l.vat_rate / 100) AS price
                    ) w
                    WHERE l.order_id = o.id
                ) END AS amount
    FROM orders_order o
    WHERE o.id = d.order_id AND o.account_id = d.account_id AND o.currency = d.currency
    OFFSET 0
"""

DEPOSIT_ROWS: Final = f"""
    SELECT h.account_id, p.part, h.currency, p.amount, NULL::date AS due_date
           /*document , (SELECT number FROM orders_order WHERE id = h.order_id) */
    FROM (
        SELECT d.account_id, d.order_id, d.currency, d.invoiced, t.state,
               LEAST(t.amount, d.invoiced) AS of_invoiced,
               LEAST(GREATEST(t.amount - d.invoiced, 0), d.waiting) AS of_waiting
        FROM (
            SELECT x.account_id, x.order_id, x.currency, SUM(x.invoiced) AS invoiced, SUM(x.waiting) AS waiting
            FROM (
                SELECT v.account_id, v.order_id, v.currency, settled.amount AS invoiced, 0::numeric AS waiting
                FROM invoicing_invoice v
                CROSS JOIN LATERAL (
                    SELECT COALESCE(SUM(a.amount), 0) AS amount
                    FROM invoicing_receivableitem i
                    JOIN invoicing_allocation a ON a.debit_id = i.id AND a.effective_date <= %(today)s
                    WHERE i.invoice_id = v.id
                    OFFSET 0
                ) settled
                WHERE v.account_id = ANY(%(accounts)s) AND v.kind = 'DEPOSIT_INVOICE' AND v.order_id IS NOT NULL
                  AND NOT EXISTS (SELECT FROM invoicing_invoiceline n WHERE n.deducts_id = v.id)
                  AND NOT EXISTS (SELECT FROM invoicing_invoice c WHERE c.corrects_id = v.id)
                UNION ALL
                SELECT m.account_id, m.order_id, m.currency, 0, i.left_over
                FROM invoicing_payment m
                CROSS JOIN (
                    SELECT EXISTS (
                        SELECT FROM invoicing_allocation WHERE dated_ahead AND effective_date > %(today)s
                    ) AS any_row
                ) ahead
                CROSS JOIN LATERAL (
                    -- What is matched from a later day on is still there today.
                    SELECT CASE WHEN ahead.any_row THEN (
                               SELECT COALESCE(SUM(amount), 0) FROM invoicing_allocation
                               WHERE credit_id = n.id AND dated_ahead AND effective_date > %(today)s
                           ) ELSE 0 END - n.open_amount AS left_over
                    FROM invoicing_receivableitem n
                    WHERE n.payment_id = m.id AND n.kind = 'PAYMENT' AND n.effective_date <= %(today)s
                    OFFSET 0
                ) i
                WHERE m.account_id = ANY(%(accounts)s) AND m.order_id IS NOT NULL AND i.left_over > 0
            ) x
            GROUP BY x.account_id, x.order_id, x.currency
        ) d
        CROSS JOIN LATERAL ({_ORDER_TAKES}) t
    ) h
    CROSS JOIN LATERAL (VALUES
        ('deposits_held', -h.of_invoiced - h.of_waiting),
        ('unallocated_payments', h.of_waiting),
        ('unallocated_payments', CASE WHEN h.state IN ('CANCELLED', 'REFUSED') THEN -h.invoiced ELSE 0 END),
        ('own_deposits', CASE WHEN h.order_id = %(skip_order)s THEN h.invoiced ELSE 0 END)
    ) AS p(part, amount)
    WHERE p.amount <> 0
"""
