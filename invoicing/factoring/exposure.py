"""What is sold to a factor, as exposure counts it (domain.md 4.1, E5): part of its one statement.

What is sold with recourse and not due yet is at risk still and leaves the open invoices for a part of its own; once it
is due and unpaid it counts as any open invoice, since it comes back. What is sold without recourse is the factor's
risk: it leaves the exposure and is told apart. What the client contests stays ours in either case. Each is taken off
the open invoices by the same amount it is told apart with, so that nothing counts twice.
"""

from __future__ import annotations

from typing import Final

# What is sold on a day and still open: its open amount then, less what is contested. Looked up from the few items that
# are sold (``OFFSET 0`` keeps the planner to it).
SOLD_ITEMS: Final = """
    SELECT s.account_id, s.item_id, s.with_recourse, i.currency, i.due_date,
           GREATEST(0, i.open_amount + l.amount - d.amount) AS amount /*document , i.document */
    FROM invoicing_assignment s
    CROSS JOIN LATERAL (
        SELECT currency, due_date, open_amount, document FROM invoicing_receivableitem
        WHERE id = s.item_id AND effective_date <= %(today)s OFFSET 0
    ) i
    CROSS JOIN LATERAL (
        SELECT COALESCE(SUM(amount), 0) AS amount FROM invoicing_allocation
        WHERE debit_id = s.item_id AND effective_date > %(today)s OFFSET 0
    ) l
    CROSS JOIN LATERAL (
        SELECT COALESCE(SUM(amount), 0) AS amount FROM invoicing_disputedamount
        WHERE item_id = s.item_id AND effective_from <= %(today)s
          AND (effective_to IS NULL OR effective_to > %(today)s) OFFSET 0
    ) d
    WHERE s.account_id = ANY(%(accounts)s) AND s.effective_from <= %(today)s
      AND (s.ended_on IS NULL OR s.ended_on > %(today)s)
"""
# Sums are told apart by taking the same amount off; the oldest that is late is not a sum: of a client with something
# late that is sold without recourse it is looked up among what is still ours.
FACTOR_ROWS: Final = f"""
    (WITH sold_items AS MATERIALIZED ({SOLD_ITEMS})
    SELECT s.account_id, p.part, s.currency, p.amount, s.due_date /*document , s.document */
    FROM sold_items s
    CROSS JOIN LATERAL (VALUES
        ('open_invoices', -s.amount),
        (CASE WHEN s.with_recourse THEN 'discounted_not_matured' ELSE 'sold' END, s.amount)
    ) AS p(part, amount)
    WHERE s.amount > 0 AND (NOT s.with_recourse OR s.due_date >= %(today)s)
    UNION ALL
    SELECT o.account_id, 'oldest_ours', o.currency, 0, (
        SELECT MIN(i.due_date) FROM invoicing_receivableitem i
        WHERE i.account_id = o.account_id AND i.open_amount > 0 AND i.due_date < %(today)s
          AND i.effective_date <= %(today)s AND i.kind NOT IN ('CREDIT_NOTE', 'PENALTY')
          AND NOT EXISTS (
              SELECT FROM invoicing_assignment s
              WHERE s.item_id = i.id AND NOT s.with_recourse AND s.effective_from <= %(today)s
                AND (s.ended_on IS NULL OR s.ended_on > %(today)s)
                AND NOT EXISTS (
                    SELECT FROM invoicing_disputedamount d
                    WHERE d.item_id = i.id AND d.effective_from <= %(today)s
                      AND (d.effective_to IS NULL OR d.effective_to > %(today)s)
                )
          )
    ) /*document , NULL */
    FROM (
        SELECT account_id, MIN(currency) AS currency FROM sold_items
        WHERE NOT with_recourse AND amount > 0 AND due_date < %(today)s GROUP BY account_id
    ) o)
"""


def exposure_rows() -> str:
    """The SQL of the rows (``settings.CREDIT_EXPOSURE``)."""
    return FACTOR_ROWS
