"""Readings of the open book: what exposure counts, items of a day, facts about payment behaviour."""

from __future__ import annotations

# The open book on the evaluation day, as exposure counts it. Items effective later are left out, allocations
# effective later are added back, so that money announced for next week frees nothing today (design 3.2, 3.3).
EXPOSURE_ROWS = """
    SELECT i.account_id,
           CASE i.kind
               WHEN 'CREDIT_NOTE' THEN 'unallocated_credit_notes'
               WHEN 'PENALTY' THEN 'claimed_penalties'
               ELSE CASE WHEN i.amount_sign < 0 THEN 'unallocated_payments' ELSE 'open_invoices' END
           END AS part,
           i.currency, i.open_amount AS amount, i.due_date
    FROM (
        SELECT account_id, kind, currency, open_amount, due_date, SIGN(open_amount) AS amount_sign
        FROM invoicing_receivableitem
        WHERE account_id = ANY(%(accounts)s)
          AND open_amount <> 0 AND effective_date <= %(today)s
        UNION ALL
        SELECT d.account_id, d.kind, d.currency, a.amount, d.due_date, 1
        FROM invoicing_allocation a
        JOIN invoicing_receivableitem d ON d.id = a.debit_id
        WHERE a.dated_ahead AND a.effective_date > %(today)s AND d.effective_date <= %(today)s
          AND d.account_id = ANY(%(accounts)s)
        UNION ALL
        SELECT c.account_id, c.kind, c.currency, -a.amount, c.due_date, -1
        FROM invoicing_allocation a
        JOIN invoicing_receivableitem c ON c.id = a.credit_id
        WHERE a.dated_ahead AND a.effective_date > %(today)s AND c.effective_date <= %(today)s
          AND c.account_id = ANY(%(accounts)s)
    ) i
    UNION ALL
    SELECT i.account_id, 'disputed', i.currency, LEAST(i.open_amount, SUM(x.amount)), i.due_date
    FROM invoicing_disputedamount x
    JOIN invoicing_receivableitem i ON i.id = x.item_id
    WHERE i.account_id = ANY(%(accounts)s)
      AND i.open_amount > 0 AND i.effective_date <= %(today)s
      AND x.effective_from <= %(today)s AND (x.effective_to IS NULL OR x.effective_to > %(today)s)
    GROUP BY i.id
"""


def exposure_rows() -> str:
    """The SQL of this application's exposure rows (``settings.CREDIT_EXPOSURE``)."""
    return EXPOSURE_ROWS
