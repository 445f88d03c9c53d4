"""Readings of orders: what exposure counts, the rhythm of a client's orders, the hold queue."""

from __future__ import annotations

# E3 and E2 of confirmed orders (design 3.3): an order of which nothing is delivered or invoiced counts its
# approved total; a started one counts its lines pro rata, rounded once per order and part.
EXPOSURE_ROWS = """
    SELECT o.account_id, 'open_orders' AS part, o.currency, o.approved_total AS amount,
           o.requested_delivery AS due_date
    FROM orders_order o
    WHERE o.account_id IN (SELECT account_id FROM scope) AND o.state = 'CONFIRMED' AND NOT o.is_started
      AND o.id <> %(skip_order)s AND o.confirmed_at < %(confirmed_before)s
    UNION ALL
    SELECT s.account_id, p.part, s.currency, p.amount, s.requested_delivery
    FROM (
        SELECT o.account_id, o.currency, o.requested_delivery, o.confirmed_at,
               o.approved_total / NULLIF(SUM(w.qty * w.price), 0) AS scale,
               SUM(GREATEST(0, w.qty - GREATEST(l.delivered, l.invoiced)) * w.price) AS undelivered,
               SUM(GREATEST(0, l.delivered - l.invoiced) * w.price) AS uninvoiced
        FROM orders_order o
        JOIN orders_orderline l ON l.order_id = o.id
        CROSS JOIN LATERAL (
            SELECT l.approved_quantity - l.cancelled AS qty, l.approved_price * (1 + l.vat_rate / 100) AS price
        ) w
        WHERE o.account_id IN (SELECT account_id FROM scope) AND o.state = 'CONFIRMED' AND o.is_started
          AND o.id <> %(skip_order)s
        GROUP BY o.id
    ) s
    CROSS JOIN LATERAL (VALUES
        ('open_orders', CASE WHEN s.confirmed_at < %(confirmed_before)s
                             THEN ROUND(COALESCE(s.undelivered * s.scale, 0), 2) ELSE 0 END),
        ('delivered_not_invoiced', ROUND(COALESCE(s.uninvoiced * s.scale, 0), 2))
    ) AS p(part, amount)
    WHERE p.amount <> 0
    UNION ALL
    SELECT o.account_id, 'on_hold_orders', o.currency, o.total_incl_vat, o.requested_delivery
    FROM orders_order o
    WHERE o.account_id IN (SELECT account_id FROM scope) AND o.state = 'SUBMITTED' AND o.id <> %(skip_order)s
"""


def exposure_rows() -> str:
    """The SQL of this application's exposure rows (``settings.CREDIT_EXPOSURE``)."""
    return EXPOSURE_ROWS
