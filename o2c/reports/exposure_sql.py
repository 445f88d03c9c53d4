"""The statements of the exposure report: today live, a past day from its snapshots, each with its control line.

Today's figures come out of the very SQL that the nightly run stores (``credit.standing.accounts_figures``); the
levels above an account add up everybody who shares its limit, whether shown or not. Rows and control line are read in
one statement, so that both see the same book.
"""

from __future__ import annotations

from typing import Final

from credit.formulas import PART_CODES
from credit.standing import accounts_figures
from invoicing.book import OF_SCOPE, OPEN_BOOK

# What the open items of an account are in its exposure: the parts that the control line ties.
RECEIVABLE_PARTS: Final = (
    "open_invoices",
    "claimed_penalties",
    "unallocated_payments",
    "unallocated_credit_notes",
)
_PARTS: Final = ", ".join(f"f.parts[{place}]" for place, _code in enumerate(PART_CODES, start=1))

# Who belongs to whom on the day, and everybody who shares a limit with them.
_WHO: Final = """
    scope AS MATERIALIZED ({scope}),
    belonging AS MATERIALIZED (
        SELECT a.id, COALESCE(t.entity_id, a.entity_id) AS entity_id
        FROM accounts_customeraccount a
        LEFT JOIN accounts_entitymembership t ON t.account_id = a.id AND t.valid_from <= %(today)s
             AND t.valid_to > %(today)s
    ),
    grouped AS MATERIALIZED (
        SELECT e.id, e.siren, CASE WHEN m.entity_id IS NULL THEN e.group_id ELSE m.group_id END AS group_id
        FROM accounts_legalentity e
        LEFT JOIN (
            SELECT entity_id, MAX(group_id) FILTER (WHERE valid_from <= %(today)s) AS group_id
            FROM accounts_groupmembership
            WHERE valid_to > %(today)s OR (valid_to IS NULL AND valid_from > %(today)s)
            GROUP BY entity_id
        ) m ON m.entity_id = e.id
    ),
    shown AS MATERIALIZED (
        SELECT s.id, b.entity_id, g.siren, g.group_id
        FROM scope s
        JOIN belonging b ON b.id = s.id
        JOIN grouped g ON g.id = b.entity_id
    ),
    kin AS MATERIALIZED (
        SELECT b.id, b.entity_id, g.group_id
        FROM belonging b
        JOIN grouped g ON g.id = b.entity_id
        WHERE b.entity_id IN (SELECT entity_id FROM shown)
           OR g.group_id IN (SELECT group_id FROM shown WHERE group_id IS NOT NULL)
    )
"""

# The limit of each level on the day, and the one that binds: the least available among the levels that hold a
# decision, the lower level where two are equal; without any, the account's own line (contract §4).
_BINDING: Final = """
    decided AS (
        SELECT DISTINCT ON (level, target_id) level, target_id, valid_until,
               CASE WHEN valid_until < %(today)s THEN 'expired' ELSE kind END AS kind, amount,
               CASE WHEN valid_until < %(today)s THEN 0 ELSE amount END AS counts
        FROM (SELECT *, COALESCE(account_id, entity_id, group_id) AS target_id FROM credit_creditlimit) l
        WHERE valid_from <= %(today)s AND (closed_on IS NULL OR closed_on > %(today)s)
        ORDER BY level, target_id, valid_from DESC, id DESC
    ),
    temporary AS (
        SELECT level, COALESCE(account_id, entity_id, group_id) AS target_id, SUM(amount) AS amount
        FROM credit_temporarylimit
        WHERE valid_from <= %(today)s AND valid_until >= %(today)s AND (closed_on IS NULL OR closed_on > %(today)s)
        GROUP BY 1, 2
    ),
    levels AS (
        SELECT n.account_id, n.level, n.net, d.amount, d.valid_until, COALESCE(t.amount, 0) AS temporary,
               COALESCE(d.kind, 'none') AS kind,
               CASE WHEN d.kind = 'unlimited' THEN NULL
                    ELSE COALESCE(d.counts, 0) + COALESCE(t.amount, 0) END AS effective
        FROM nets n
        LEFT JOIN decided d ON d.level = n.level AND d.target_id = n.target_id
        LEFT JOIN temporary t ON t.level = n.level AND t.target_id = n.target_id
    ),
    binding AS (
        SELECT DISTINCT ON (account_id) *, kind <> 'none' AND effective IS NOT NULL AS binds
        FROM levels
        ORDER BY account_id, kind = 'none', effective IS NULL,
                 CASE WHEN kind <> 'none' THEN effective - net END, level DESC
    )
"""

_ROWS: Final = f"""
    SELECT s.id, a.code, a.name, COALESCE(s.siren, ''), COALESCE(u.username, ''), f.currency, {_PARTS},
           f.gross_exposure, f.net_exposure, b.kind, b.amount, b.temporary, b.valid_until, b.effective,
           b.net, CASE WHEN b.binds THEN b.level END, f.overdue, GREATEST(0, %(today)s - f.oldest_due), f.disputed,
           f.on_hold_orders, a.sort_key AS place
    FROM shown s
    JOIN accounts_customeraccount a ON a.id = s.id
    JOIN figures f ON f.target_id = s.id
    JOIN binding b ON b.account_id = s.id
    LEFT JOIN accounts_teammember t ON t.account_id = a.id AND t.role = 'sales_rep'
         AND t.valid_from <= %(today)s AND (t.valid_to IS NULL OR t.valid_to > %(today)s)
    LEFT JOIN accounts_user u ON u.id = t.user_id
    -- Who never was a client and owes nothing is no row.
    WHERE a.status = 'ACTIVE' OR f.gross_exposure <> 0 OR f.net_exposure <> 0 OR f.on_hold_orders <> 0
       OR b.kind <> 'none'
"""
# What was open on the day by the items themselves, per currency; in another currency each part is converted and
# rounded for itself, as the exposure is.
_CONTROL: Final = f"""
    control AS (
        WITH {OPEN_BOOK.format(aged_on="due_date", whose=OF_SCOPE)},
        sums AS (
            SELECT b.account_id, b.currency, SUM(b.open) AS open,
                   CASE WHEN b.currency = %(currency)s THEN '' WHEN i.kind IN ('CREDIT_NOTE', 'PENALTY') THEN i.kind
                        WHEN b.open < 0 THEN '-' ELSE '+' END AS part
            FROM book b
            LEFT JOIN invoicing_receivableitem i ON i.id = b.id AND b.currency <> %(currency)s
            GROUP BY 1, 2, 4
        )
        SELECT s.currency, SUM(CASE WHEN s.currency = %(currency)s THEN s.open
                                    ELSE ROUND(s.open / f.units * t.units, 2) END) AS amount
        FROM sums s
        LEFT JOIN rates f ON f.currency = s.currency
        LEFT JOIN rates t ON t.currency = %(currency)s
        GROUP BY s.currency
    )
"""
# A line of the control has the shape of a row: no key, a currency, and what was open in it, NULL without a rate.
_NOTHING: Final = ", NULL" * (len(PART_CODES) + 12)
_CONTROL_LINES: Final = f"SELECT NULL, '', '', '', '', currency, amount{_NOTHING}, NULL FROM control"

_LIVE: Final = f"""
    nets AS (
        SELECT s.id AS account_id, 3 AS level, s.id AS target_id, f.net_exposure AS net
        FROM shown s JOIN figures f ON f.target_id = s.id
        UNION ALL
        SELECT s.id, 2, s.entity_id, e.net
        FROM shown s
        JOIN (SELECT k.entity_id, SUM(f.net_exposure) AS net FROM kin k JOIN figures f ON f.target_id = k.id
              GROUP BY k.entity_id) e ON e.entity_id = s.entity_id
        UNION ALL
        SELECT s.id, 1, s.group_id, g.net
        FROM shown s
        JOIN (SELECT k.group_id, SUM(f.net_exposure) AS net FROM kin k JOIN figures f ON f.target_id = k.id
              GROUP BY k.group_id) g ON g.group_id = s.group_id
    ),
    {_BINDING}, {_CONTROL}
    {_ROWS}
    UNION ALL
    {_CONTROL_LINES}
    UNION ALL
    -- Orders in a currency without a rate are in no open item.
    SELECT NULL, '', '', '', '', unknown.currency, NULL{_NOTHING}, NULL
    FROM (
        SELECT DISTINCT b.currency
        FROM book b
        LEFT JOIN rates f ON f.currency = b.currency
        LEFT JOIN rates t ON t.currency = %(currency)s
        WHERE b.account_id IN (SELECT id FROM scope) AND b.currency <> %(currency)s AND f.units * t.units IS NULL
    ) AS unknown
    ORDER BY place, code
"""

_RECORDED: Final = f"""
    rates (currency, units) AS (SELECT * FROM unnest(%(currencies)s::text[], %(units)s::numeric[])),
    figures AS (
        SELECT DISTINCT ON (target_id) * FROM credit_exposuresnapshot
        WHERE level = 3 AND target_id IN (SELECT id FROM scope) AND day <= %(today)s
        ORDER BY target_id, day DESC
    ),
    above AS (
        SELECT DISTINCT ON (level, target_id) level, target_id, currency, net_exposure
        FROM credit_exposuresnapshot
        WHERE day <= %(today)s
          AND ((level = 2 AND target_id IN (SELECT entity_id FROM shown))
               OR (level = 1 AND target_id IN (SELECT group_id FROM shown)))
        ORDER BY level, target_id, day DESC
    ),
    nets AS (
        SELECT s.id AS account_id, 3 AS level, s.id AS target_id, f.net_exposure AS net
        FROM shown s JOIN figures f ON f.target_id = s.id
        UNION ALL
        SELECT s.id, l.level, l.target_id,
               COALESCE(CASE WHEN a.currency = f.currency THEN a.net_exposure
                             ELSE ROUND(a.net_exposure / x.units * y.units, 2) END, f.net_exposure)
        FROM shown s
        JOIN figures f ON f.target_id = s.id
        CROSS JOIN LATERAL (VALUES (2, s.entity_id), (1, s.group_id)) AS l (level, target_id)
        LEFT JOIN above a ON a.level = l.level AND a.target_id = l.target_id
        LEFT JOIN rates x ON x.currency = a.currency
        LEFT JOIN rates y ON y.currency = f.currency
        WHERE l.target_id IS NOT NULL
    ),
    {_BINDING}, {_CONTROL}
    {_ROWS}
    UNION ALL
    {_CONTROL_LINES}
    ORDER BY place, code
"""


def live_statement(scope: str) -> str:
    """Write the statement of today.

    :param scope: SELECT of the keys of the accounts shown
    """
    figures = accounts_figures("IN (SELECT id FROM kin)", currency="%(currency)s::text")
    return f"WITH {_WHO.format(scope=scope)}, {figures}, {_LIVE}"


def recorded_statement(scope: str) -> str:
    """Write the statement of a past day; figures are the last recorded by its end, limits those in force on it."""
    return f"WITH {_WHO.format(scope=scope)}, {_RECORDED}"
