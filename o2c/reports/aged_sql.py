"""The statement of the aged balance: rows by age and the control line in one reading of the book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from invoicing.ageing import NOT_DUE, Basis, bucket_names
from invoicing.book import (
    CONTESTED,
    LEDGER_TOTALS,
    MOVED,
    OF_COMPANY,
    OF_SCOPE,
    OPEN_BOOK,
    UNMOVED_BOOK,
)

MOVED_MEANWHILE: Final = "moved"

_AGED_ON: Final = {Basis.DUE_DATE: "due_date", Basis.INVOICE_DATE: "issue_date"}

# The limit in force on the day at the lowest level that holds a decision: NULL when none does or it is unlimited,
# an expired base counts 0 (contract §4), temporary raises come on top.
_LIMITS: Final = """
    decided AS (
        SELECT DISTINCT ON (level, target_id) level, target_id, currency,
               CASE WHEN kind = 'unlimited' AND valid_until >= %(on)s THEN NULL
                    WHEN valid_until < %(on)s THEN 0 ELSE amount END AS amount
        FROM (SELECT *, COALESCE(account_id, entity_id, group_id) AS target_id FROM credit_creditlimit) AS base
        WHERE valid_from <= %(on)s AND (closed_on IS NULL OR closed_on > %(on)s)
          AND (account_id IS NULL OR account_id IN (SELECT account_id FROM aged))
        ORDER BY level, target_id, valid_from DESC, id DESC
    ),
    raised AS (
        SELECT level, COALESCE(account_id, entity_id, group_id) AS target_id, SUM(amount) AS amount
        FROM credit_temporarylimit
        WHERE valid_from <= %(on)s AND valid_until >= %(on)s AND (closed_on IS NULL OR closed_on > %(on)s)
        GROUP BY 1, 2
    ),
    limits AS (
        SELECT d.level, d.target_id, d.currency, d.amount + COALESCE(r.amount, 0) AS amount
        FROM decided d
        LEFT JOIN raised r ON r.level = d.level AND r.target_id = d.target_id
    )
"""

# Who belonged to whom on the day, where that has changed since; everybody else belongs there still.
_BELONGING: Final = """
    entity_then AS (
        SELECT account_id, entity_id FROM accounts_entitymembership
        WHERE valid_from <= %(on)s AND valid_to > %(on)s
    ),
    group_then AS (
        SELECT entity_id, MAX(group_id) FILTER (WHERE valid_from <= %(on)s) AS group_id
        FROM accounts_groupmembership
        WHERE valid_to > %(on)s OR (valid_to IS NULL AND valid_from > %(on)s)
        GROUP BY entity_id
    )
"""

_MOVED_LATER: Final = """ + COALESCE((
                       SELECT SUM(a.amount) FROM invoicing_allocation a
                       WHERE a.debit_id = i.id AND a.effective_date > %(on)s
                   ), 0)"""

_STATEMENT: Final = """
    WITH {scope}{book}, {contested}, {belonging},
    -- By place first: one sum for each item, and workers can share them out; the few sums are then put side by side.
    placed AS (
        SELECT account_id, currency, {bucket} AS bucket, SUM(open) AS open, MIN(due_date) AS oldest_due
        FROM book
        GROUP BY 1, 2, 3
    ),
    aged AS MATERIALIZED (
        SELECT account_id, currency, {buckets},
               SUM(open) FILTER (WHERE bucket = 0) AS credits,
               SUM(open) AS total,
               MIN(oldest_due) FILTER (WHERE bucket > 0) AS oldest_due
        FROM placed
        GROUP BY account_id, currency
    ),
    {limits},
    -- Little is contested: its items are looked up by key, with what was matched later put back.
    disputed AS (
        SELECT b.account_id, b.currency, SUM(LEAST(b.open, c.amount)) AS amount
        FROM contested c
        CROSS JOIN LATERAL (
            SELECT i.account_id, i.currency, i.open_amount{moved_later} AS open
            FROM invoicing_receivableitem i
            WHERE i.id = c.item_id AND i.effective_date <= %(on)s AND i.amount > 0
            OFFSET 0
        ) b
        WHERE c.amount > 0
        GROUP BY b.account_id, b.currency
    ),
    totals AS (
        SELECT g.currency, {sums}, SUM(g.credits) AS credits, SUM(g.total) AS total, SUM(q.amount) AS disputed,
               MIN(g.oldest_due) AS oldest_due
        FROM aged g
        LEFT JOIN disputed q ON q.account_id = g.account_id AND q.currency = g.currency
        GROUP BY g.currency
    ),
    control AS (
        SELECT COALESCE(g.currency, d.currency) AS currency, {names}, g.credits, g.total, g.disputed, d.amount,
               g.oldest_due
        FROM totals g
        FULL JOIN ({ledger}) AS d ON d.currency = g.currency
    ),
    clients AS (
        SELECT a.id, a.code, a.name, COALESCE(e.siren, ''), COALESCE(u.username, ''), g.currency, {names},
               g.credits, g.total, q.amount,
               CASE WHEN COALESCE(la.currency, le.currency, lg.currency) <> g.currency THEN NULL
                    WHEN la.target_id IS NOT NULL THEN la.amount
                    WHEN le.target_id IS NOT NULL THEN le.amount
                    ELSE lg.amount END,
               GREATEST(0, %(on)s - g.oldest_due)
        FROM aged g
        JOIN accounts_customeraccount a ON a.id = g.account_id
        LEFT JOIN disputed q ON q.account_id = g.account_id AND q.currency = g.currency
        LEFT JOIN entity_then et ON et.account_id = a.id
        JOIN accounts_legalentity e ON e.id = COALESCE(et.entity_id, a.entity_id)
        LEFT JOIN group_then gt ON gt.entity_id = e.id
        LEFT JOIN accounts_teammember t ON t.account_id = a.id AND t.role = 'sales_rep'
             AND t.valid_from <= %(on)s AND (t.valid_to IS NULL OR t.valid_to > %(on)s)
        LEFT JOIN accounts_user u ON u.id = t.user_id
        LEFT JOIN limits la ON la.level = 3 AND la.target_id = a.id
        LEFT JOIN limits le ON le.level = 2 AND le.target_id = e.id
        LEFT JOIN limits lg ON lg.level = 1
             AND lg.target_id = CASE WHEN gt.entity_id IS NULL THEN e.group_id ELSE gt.group_id END
        ORDER BY a.sort_key, a.code, g.currency
    )
    SELECT NULL AS id, {moved} AS code, NULL AS name, NULL AS siren, NULL AS sales_rep, g.currency, {names}, g.credits,
           g.total, g.disputed, g.amount, GREATEST(0, %(on)s - g.oldest_due)
    FROM control g
    UNION ALL
    SELECT * FROM clients
"""


def statement(scope: str | None, edges: Sequence[int], basis: Basis, *, moved: bool) -> str:
    """Write the statement for some buckets; all that comes from outside is a checked number or a parameter.

    First a line without a client for each currency, its limit what the documents make; then the clients in order.

    :param scope: the SELECT of the keys of clients; None for all of a company
    :param moved: whether anything has moved since the day (``book.moved_after``). Where nothing had, the code
        of the first lines is ``MOVED_MEANWHILE`` when something has by now, and what follows is not to be used
    """
    names, aged_on = bucket_names(edges, basis), _AGED_ON[basis]
    whose = OF_COMPANY if scope is None else OF_SCOPE
    lasts = (0, *edges) if names[0] == NOT_DUE else tuple(edges)
    places = [f"WHEN %(on)s - aged_on <= {last:d} THEN {place}" for place, last in enumerate(lasts, start=1)]
    return _STATEMENT.format(
        scope="" if scope is None else f"scope AS MATERIALIZED ({scope}), ",
        book=(OPEN_BOOK if moved else UNMOVED_BOOK).format(aged_on=aged_on, whose=whose),
        contested=CONTESTED,
        limits=_LIMITS,
        belonging=_BELONGING,
        bucket=f"CASE WHEN open < 0 THEN 0 {' '.join(places)} ELSE {len(names)} END",
        buckets=", ".join(
            f"SUM(open) FILTER (WHERE bucket = {place}) AS {name}"
            for place, name in enumerate(names, start=1)
        ),
        names=", ".join(f"g.{name}" for name in names),
        sums=", ".join(f"SUM(g.{name}) AS {name}" for name in names),
        ledger=LEDGER_TOTALS.format(whose=whose),
        moved_later=_MOVED_LATER if moved else "",
        moved="''" if moved else f"CASE WHEN {MOVED} THEN '{MOVED_MEANWHILE}' ELSE '' END",
    )
