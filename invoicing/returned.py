"""What returned payments left unpaid (``UNPAID_INSTRUMENT``, domain.md 5.1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from o2c.shared.prepared import Prepared

# Asked by every credit check. What a payment had settled is replaced once that is settled again; what it had not
# settled, once as much money has come in since.
_UNPAID: Final = Prepared(
    "invoicing_unpaid_returned",
    lambda: (
        """
        WITH returned AS MATERIALIZED (
            SELECT r.returned_on, r.undid, p.amount, p.currency,
                   p.amount - COALESCE((
                       SELECT SUM(m.amount) FROM invoicing_allocation m WHERE m.id = ANY(r.undid)
                   ), 0) AS rest
            FROM invoicing_paymentreturn r JOIN invoicing_payment p ON p.id = r.payment_id
            WHERE r.account_id = %(account)s AND r.undone_at IS NULL
        ),
        settled AS (
            SELECT m.debit_id, SUM(m.amount) AS amount, MAX(r.returned_on) AS day
            FROM returned r JOIN invoicing_allocation m ON m.id = ANY(r.undid)
            GROUP BY 1
        )
        SELECT currency, SUM(amount), MAX(day) FROM (
            SELECT d.currency, LEAST(s.amount, d.open_amount) AS amount, s.day
            FROM settled s JOIN invoicing_receivableitem d ON d.id = s.debit_id
            WHERE d.open_amount > 0
            UNION ALL
            SELECT r.currency, r.rest, r.returned_on FROM returned r
            WHERE r.rest > 0 AND r.rest > (
                SELECT COALESCE(SUM(q.amount), 0) FROM invoicing_payment q
                WHERE q.account_id = %(account)s AND q.currency = r.currency AND q.received_on >= r.returned_on
                  AND NOT EXISTS (
                      SELECT FROM invoicing_paymentreturn b WHERE b.payment_id = q.id AND b.undone_at IS NULL
                  )
            )
        ) AS unpaid GROUP BY 1 ORDER BY 1
    """
    ),
    {"account": "bigint"},
)


def unpaid_returned(*, account_id: int) -> list[tuple[str, Decimal, date]]:
    """What a client's returned payments left unpaid, by currency, and when the last one came back (``CREDIT_FACTS``).

    A return that was undone counts no more. Both sides are what is recorded now.
    """
    return _UNPAID.rows(account=account_id)
