"""The statements of the exposure report: today live, a past day from its snapshots, each with its control line.

Today's figures come out of the very SQL that the nightly run stores (``credit.standing.accounts_figures``); the
levels above an account add up everybody who shares its limit, whether shown or not. Rows and control line are read in
one statement, so that both see the same book.
"""

from __future__ import annotations

from typing import Final

from credit.formulas import PART_CODES, RELIEVING_PARTS
from credit.guarantee_policy import counted_sql
from credit.standing import accounts_figures
from invoicing.book import OF_SCOPE, OPEN_BOOK
from invoicing.deposits_held import DEPOSIT_ROWS
from invoicing.factoring.exposure import SOLD_ITEMS

from .exposure_cover_sql import INSURED

# What the open items of an account are in its exposure: the parts that the control line ties.
RECEIVABLE_PARTS: Final = (
    "open_invoices",
    "discounted_not_matured",
    "claimed_penalties",
    "unallocated_payments",
    "unallocated_credit_notes",
)
# Parts as people read them together.
ORDERS: Final = ("delivered_not_invoiced", "open_orders")
CREDITS: Final = tuple(code for code in PART_CODES if code in RELIEVING_PARTS)
# What is none of invoices, orders and credits: bills and penalties.
OTHERS: Final = tuple(code for code in PART_CODES if code not in {"open_invoices", *ORDERS, *CREDITS})
_PARTS: Final = ", ".join(f"f.parts[{place}] AS {code}" for place, code in enumerate(PART_CODES, start=1))
# The figures that rows can be sorted by; one without a value (no limit, no bound) stands last, whichever way round.
_SORTS: Final = {
    "invoices": "open_invoices",
    "orders": " + ".join(ORDERS),
    "others": " + ".join(OTHERS),
    "credits": " + ".join(CREDITS),
    "net": "net_exposure",
    "limit": "effective",
    "available": "effective - level_net",
    "use": "ROUND(level_net / NULLIF(effective, 0), 4)",
    "overdue": "overdue",
    "hold": "on_hold_orders",
}

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

# The clients shown, named so that sums, order and rows speak of the same figures; read twice, computed once.
_CLIENTS: Final = f"""
    clients_shown AS MATERIALIZED (
        SELECT s.id, a.code, a.name, COALESCE(s.siren, '') AS siren, COALESCE(u.username, '') AS sales_rep, f.currency,
               {_PARTS}, f.gross_exposure, f.net_exposure, b.kind, b.amount, b.temporary, b.valid_until, b.effective,
               b.net AS level_net, CASE WHEN b.binds THEN b.level END AS level, f.overdue,
               GREATEST(0, %(today)s - f.oldest_due) AS oldest_days, f.disputed, f.on_hold_orders,
               f.guarantees + COALESCE(h.amount, 0) AS guarantees, COALESCE(c.amount, 0) AS insured,
               COALESCE(z.amount, 0) AS sold, a.sort_key
        FROM shown s
        JOIN accounts_customeraccount a ON a.id = s.id
        JOIN figures f ON f.target_id = s.id
        JOIN binding b ON b.account_id = s.id
        LEFT JOIN (SELECT id, SUM(amount) AS amount FROM shares GROUP BY id) h ON h.id = s.id
        LEFT JOIN insured c ON c.id = s.id
        LEFT JOIN sold z ON z.id = s.id
        LEFT JOIN accounts_teammember t ON t.account_id = a.id AND t.role = 'sales_rep'
             AND t.valid_from <= %(today)s AND (t.valid_to IS NULL OR t.valid_to > %(today)s)
        LEFT JOIN accounts_user u ON u.id = t.user_id
        -- Who never was a client and owes nothing is no row.
        WHERE a.status = 'ACTIVE' OR f.gross_exposure <> 0 OR f.net_exposure <> 0 OR f.on_hold_orders <> 0
           OR b.kind <> 'none' OR z.amount <> 0
    )
"""
# What was open on the day by the items themselves, per currency; in another currency each part is converted and
# rounded for itself, as the exposure is. Few items are in another: they alone are looked up.
_CONTROL: Final = f"""
    control AS (
        WITH {OPEN_BOOK.format(aged_on="due_date", whose=OF_SCOPE)},
        foreign_sums AS (
            SELECT b.account_id, b.currency, SUM(b.open) AS open,
                   CASE WHEN i.kind IN ('CREDIT_NOTE', 'PENALTY') THEN i.kind
                        WHEN b.open < 0 THEN '-' ELSE '+' END AS part
            FROM book b
            CROSS JOIN LATERAL (SELECT kind FROM invoicing_receivableitem WHERE id = b.id OFFSET 0) AS i
            WHERE b.currency <> %(currency)s
            GROUP BY 1, 2, 4
        )
        SELECT '' AS kind, '' AS part, currency, SUM(open) AS amount FROM book
        WHERE currency = %(currency)s GROUP BY currency
        UNION ALL
        SELECT '', '', s.currency, SUM(ROUND(s.open / f.units * t.units, 2))
        FROM foreign_sums s
        LEFT JOIN rates f ON f.currency = s.currency
        LEFT JOIN rates t ON t.currency = %(currency)s
        GROUP BY s.currency{{left_out}}
    )
"""
# What of the book the company does not count (``left_out``, parts), in its currency: today what was read anyway, a
# past day by the items themselves, of which few are of such a kind.
LEFT_OUT: Final = "left_out"
_LEFT_OUT_THEN: Final = f"""
        UNION ALL
        SELECT '{LEFT_OUT}', part, %(currency)s::text, SUM(amount)
        FROM (
            SELECT s.part, CASE WHEN s.currency = %(currency)s THEN SUM(s.open)
                                ELSE ROUND(SUM(s.open) / f.units * t.units, 2) END AS amount
            FROM (
                SELECT b.account_id, b.currency, b.open,
                       CASE i.kind WHEN 'CREDIT_NOTE' THEN 'unallocated_credit_notes'
                                   WHEN 'PENALTY' THEN 'claimed_penalties' ELSE 'unallocated_payments' END AS part
                FROM book b
                JOIN invoicing_receivableitem i ON i.id = b.id
                WHERE i.kind IN ('CREDIT_NOTE', 'PENALTY') OR b.open < 0
            ) s
            LEFT JOIN rates f ON f.currency = s.currency
            LEFT JOIN rates t ON t.currency = %(currency)s
            WHERE s.part = ANY(%(left_out)s)
            GROUP BY s.account_id, s.part, s.currency, f.units, t.units
        ) AS kept_apart
        GROUP BY part
"""
# What the other lines tell has the shape of a row without a key. First the sums: their number, those over their limit,
# what they exceed it by and what is uncovered stand where a row has its limit.
TOTALS: Final = "totals"
_SUMS: Final = f"""
    SELECT NULL::bigint, '{TOTALS}', '', '', '', '', {", ".join(f"SUM({code})" for code in PART_CODES)},
           SUM(gross_exposure), SUM(net_exposure), NULL::text, SUM(GREATEST(0, net_exposure - guarantees - insured)),
           SUM(level_net - effective) FILTER (WHERE effective < level_net), NULL::date, COUNT(*)::numeric,
           COUNT(*) FILTER (WHERE effective < level_net), NULL::integer, SUM(overdue), NULL::integer, SUM(disputed),
           SUM(on_hold_orders), SUM(guarantees), SUM(insured), SUM(sold)
    FROM clients_shown
"""
# Then a currency, and what was open in it, NULL without a rate.
_NOTHING: Final = ", NULL" * (len(PART_CODES) + 15)
_CONTROL_LINES: Final = f"SELECT NULL, kind, part, '', '', currency, amount{_NOTHING} FROM control"
_LEFT_OUT_TODAY: Final = f"""
    SELECT NULL, '{LEFT_OUT}', b.part, '', '', %(currency)s::text,
           SUM(CASE WHEN b.currency = %(currency)s THEN b.amount
                    ELSE ROUND(b.amount / f.units * t.units, 2) END){_NOTHING}
    FROM book b
    LEFT JOIN rates f ON f.currency = b.currency
    LEFT JOIN rates t ON t.currency = %(currency)s
    WHERE b.account_id IN (SELECT id FROM scope) AND b.part = ANY(%(left_out)s)
    GROUP BY b.part
"""
# What is sold without recourse is open in the ledger and in no exposure: told apart, one line (``SOLD``).
SOLD: Final = "sold"
_SOLD_ITEMS: Final = SOLD_ITEMS.replace("= ANY(%(accounts)s)", "IN (SELECT id FROM scope)")
_SOLD_LINE: Final = f"""
    SELECT NULL, '{SOLD}', '', '', '', %(currency)s::text, COALESCE(SUM(amount), 0){_NOTHING}
    FROM sold WHERE id IN (SELECT id FROM scope)
"""
# By client: today what was read anyway, a past day by what was sold then.
_SOLD_TODAY: Final = """
    sold AS (
        SELECT b.account_id AS id, SUM(CASE WHEN b.currency = %(currency)s THEN b.amount
                                            ELSE ROUND(b.amount / f.units * t.units, 2) END) AS amount
        FROM book b
        LEFT JOIN rates f ON f.currency = b.currency
        LEFT JOIN rates t ON t.currency = %(currency)s
        WHERE b.part = 'sold'
        GROUP BY b.account_id
    )
"""
_SOLD_THEN: Final = f"""
    sold AS (
        SELECT s.account_id AS id, SUM(s.amount) AS amount
        FROM ({_SOLD_ITEMS}) s
        WHERE NOT s.with_recourse AND s.currency = %(currency)s
        GROUP BY s.account_id
    )
"""
# What deposits move between unmatched payments and a part that is in no open item: taken back from what is tied.
MOVED: Final = "moved"
_MOVED_LINE: Final = f"""
    SELECT NULL, '{MOVED}', '', '', '', %(currency)s::text,
           SUM(CASE WHEN m.currency = %(currency)s THEN m.amount
                    ELSE ROUND(m.amount / f.units * t.units, 2) END){_NOTHING}
    FROM (
        SELECT account_id, currency, SUM(amount) AS amount
        FROM ({DEPOSIT_ROWS.replace("= ANY(%(accounts)s)", "IN (SELECT id FROM scope)")})
             AS held_rows (account_id, part, currency, amount, due_date)
        WHERE part = 'unallocated_payments' GROUP BY 1, 2
    ) m
    LEFT JOIN rates f ON f.currency = m.currency
    LEFT JOIN rates t ON t.currency = %(currency)s
    HAVING COUNT(*) > 0
"""
_RECOURSE_THEN: Final = f"""
    SELECT NULL, '{LEFT_OUT}', 'discounted_not_matured', '', '', %(currency)s::text,
           COALESCE(SUM(s.amount), 0){_NOTHING}
    FROM ({_SOLD_ITEMS}) s
    WHERE s.with_recourse AND s.due_date >= %(today)s AND s.currency = %(currency)s
      AND 'discounted_not_matured' = ANY(%(left_out)s)
"""
_ROWS: Final = f"""
    SELECT * FROM (
        SELECT id, code, name, siren, sales_rep, currency, {", ".join(PART_CODES)}, gross_exposure, net_exposure, kind,
               amount, temporary, valid_until, effective, level_net, level, overdue, oldest_days, disputed,
               on_hold_orders, guarantees, insured, sold
        FROM clients_shown
        ORDER BY {{order}}{{page}}
    ) AS ordered
"""
# A page past the last one is the last one.
_PAGE: Final = """
        LIMIT %(page_rows)s
        OFFSET (SELECT LEAST(%(page_start)s, GREATEST(0, COUNT(*) - 1) / %(page_rows)s * %(page_rows)s)
                FROM clients_shown)
"""


def _in_company_currency(counted: str) -> str:
    return f"""
        SELECT c.target_id, SUM(CASE WHEN c.currency = %(currency)s THEN c.amount
                                     ELSE ROUND(c.amount / x.units * y.units, 2) END) AS amount
        FROM ({counted}) c
        LEFT JOIN rates x ON x.currency = c.currency
        LEFT JOIN rates y ON y.currency = %(currency)s
        GROUP BY c.target_id
    """


_OF_ENTITIES: Final = _in_company_currency(counted_sql("entity_id", "IN (SELECT entity_id FROM kin)"))
_OF_GROUPS: Final = _in_company_currency(counted_sql("group_id", "IN (SELECT group_id FROM kin)"))
_LIVE: Final = f"""
    -- What guarantees of an entity or group count for each account there: its share by what it owes. Few have one.
    shares AS (
        SELECT k.id, ROUND(h.amount * GREATEST(0, f.net_exposure)
                           / NULLIF(SUM(GREATEST(0, f.net_exposure)) OVER (PARTITION BY h.target_id), 0), 2) AS amount
        FROM ({_OF_ENTITIES}) h
        JOIN kin k ON k.entity_id = h.target_id
        JOIN figures f ON f.target_id = k.id
        UNION ALL
        SELECT k.id, ROUND(h.amount * GREATEST(0, f.net_exposure)
                           / NULLIF(SUM(GREATEST(0, f.net_exposure)) OVER (PARTITION BY h.target_id), 0), 2)
        FROM ({_OF_GROUPS}) h
        JOIN kin k ON k.group_id = h.target_id
        JOIN figures f ON f.target_id = k.id
    ),
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
    {_BINDING}, {INSURED}, {_SOLD_TODAY}, {_CONTROL.format(left_out="")}, {_CLIENTS}
    {_SUMS}
    UNION ALL
    {_CONTROL_LINES}
    UNION ALL
    {_LEFT_OUT_TODAY}
    UNION ALL
    {_MOVED_LINE}
    UNION ALL
    {_SOLD_LINE}
    UNION ALL
    -- Orders in a currency without a rate are in no open item.
    SELECT NULL, '', '', '', '', unknown.currency, NULL{_NOTHING}
    FROM (
        SELECT DISTINCT b.currency
        FROM book b
        LEFT JOIN rates f ON f.currency = b.currency
        LEFT JOIN rates t ON t.currency = %(currency)s
        WHERE b.account_id IN (SELECT id FROM scope) AND b.currency <> %(currency)s AND f.units * t.units IS NULL
    ) AS unknown
"""

_RECORDED: Final = f"""
    rates (currency, units) AS (SELECT * FROM unnest(%(currencies)s::text[], %(units)s::numeric[])),
    -- Of everybody of the entities shown: the insurer's limit is for them together.
    figures AS (
        SELECT DISTINCT ON (target_id) * FROM credit_exposuresnapshot
        WHERE level = 3 AND day <= %(today)s
          AND target_id IN (SELECT id FROM kin WHERE entity_id IN (SELECT entity_id FROM shown))
        ORDER BY target_id, day DESC
    ),
    above AS (
        SELECT DISTINCT ON (level, target_id) level, target_id, currency, net_exposure, guarantees, owing
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
    shares AS (
        SELECT s.id,
               ROUND(ROUND(a.guarantees / x.units * y.units, 2)
                     * LEAST(1, COALESCE(GREATEST(0, f.net_exposure) / NULLIF(a.owing / x.units * y.units, 0), 0)), 2
               ) AS amount
        FROM above a
        JOIN kin s ON (a.level = 2 AND s.entity_id = a.target_id) OR (a.level = 1 AND s.group_id = a.target_id)
        JOIN figures f ON f.target_id = s.id
        LEFT JOIN rates x ON x.currency = a.currency
        LEFT JOIN rates y ON y.currency = f.currency
        WHERE a.guarantees > 0
    ),
    {_BINDING}, {INSURED}, {_SOLD_THEN}, {_CONTROL.format(left_out=_LEFT_OUT_THEN)},
    {_CLIENTS}
    {_SUMS}
    UNION ALL
    {_CONTROL_LINES}
    UNION ALL
    {_RECOURSE_THEN}
    UNION ALL
    {_MOVED_LINE}
    UNION ALL
    {_SOLD_LINE}
"""


def live_statement(scope: str, *, sort: str = "name", paged: bool = False) -> str:
    """Write the statement of today: the sums first (``TOTALS``), then the control, then the rows in order.

    :param scope: SELECT of the keys of the accounts shown
    :param sort: a key of the screen's columns, ``-`` in front for the largest first; by net exposure when unknown
    :param paged: only the rows of one page, which the parameters ``page_start`` and ``page_rows`` name
    """
    figures = accounts_figures("IN (SELECT id FROM kin)", currency="%(currency)s::text")
    return f"WITH {_WHO.format(scope=scope)}, {figures}, {_LIVE}{_rows(sort, paged)}"


def recorded_statement(scope: str, *, sort: str = "name", paged: bool = False) -> str:
    """Write the statement of a past day; figures are the last recorded by its end, limits those in force on it."""
    return f"WITH {_WHO.format(scope=scope)}, {_RECORDED}{_rows(sort, paged)}"


def _rows(sort: str, paged: bool) -> str:
    key, way = sort.removeprefix("-"), "DESC" if sort.startswith("-") else "ASC"
    if key == "name":
        order = f"sort_key {way}, code {way}"
    else:
        order = f"{_SORTS.get(key, _SORTS['net'])} {way} NULLS LAST, sort_key, code"
    return f"    UNION ALL\n{_ROWS.format(order=order, page=_PAGE if paged else '')}"
