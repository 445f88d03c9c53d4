"""``CreditStanding`` and ``ExposureSnapshot``: figures for lists, alerts and history. Nothing decides on them.

One statement per range of accounts computes, compares and stores: a row is written only when a figure changed,
and the number of rows written is the alarm for drift (design 3.13, 3.14; ADR 0003).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import CustomerAccount
from o2c.shared.calendar import paris_date

from .alerts.services import look_again
from .enums import Level
from .exposure import FAR_FUTURE, OLDEST_OURS, all_rates_on
from .formulas import PART_CODES, RELIEVING_PARTS
from .guarantee_policy import counted_sql
from .keys import Keys
from .switches import SWITCHED, counts_sql

_ALL = ", ".join(f"'{code}'" for code in PART_CODES)
_GROSS = ", ".join(f"'{code}'" for code in PART_CODES if code not in RELIEVING_PARTS)
_PARTS = ", ".join(f"COALESCE(SUM(v.amount) FILTER (WHERE v.part = '{code}'), 0)" for code in PART_CODES)

# Limits of a level on %(today)s for the rows of ``{of}``; {key} is the column that points to the level's row. One
# pass over the decisions of the range, never a look-up for each row.
_LIMITS = """
    base AS (
        SELECT DISTINCT ON (l.{key}) l.{key} AS target_id,
               CASE WHEN l.valid_until < %(today)s THEN 'expired' ELSE l.kind END AS kind,
               CASE WHEN l.valid_until < %(today)s THEN 0 ELSE l.amount END AS counts
        FROM credit_creditlimit l
        WHERE l.{key} {among} AND l.valid_from <= %(today)s
          AND (l.closed_on IS NULL OR l.closed_on > %(today)s)
        ORDER BY l.{key}, l.valid_from DESC, l.id DESC
    ),
    raised AS (
        SELECT t.{key} AS target_id, SUM(t.amount) AS amount FROM credit_temporarylimit t
        WHERE t.{key} {among} AND t.valid_from <= %(today)s AND t.valid_until >= %(today)s
          AND (t.closed_on IS NULL OR t.closed_on > %(today)s)
        GROUP BY t.{key}
    )
"""
_EFFECTIVE = """
    CASE WHEN base.kind = 'unlimited' THEN NULL
         ELSE COALESCE(base.counts, 0) + COALESCE(raised.amount, 0) END
"""

_COLUMNS = (
    "currency, parts, gross_exposure, net_exposure, overdue, oldest_due, disputed, on_hold_orders, limit_kind, "
    "effective_limit, guarantees, owing, level_available"
)


def _of(table: str, columns: str = _COLUMNS) -> str:
    return ", ".join(f"{table}.{name.strip()}" for name in columns.split(","))


# A snapshot keeps every column but the one that follows from two others.
_KEPT = _COLUMNS.removesuffix(", level_available")
_REMEMBER = f"""
        ON CONFLICT (level, target_id, day) DO UPDATE SET
            ({_KEPT}, recorded_at) = ROW ({_of("EXCLUDED", _KEPT)}, EXCLUDED.recorded_at)
"""

# What differs from what is stored is written, and nothing else: a row that is right is neither locked nor touched. The
# snapshot of the day follows the standing in the same statement, so that the two cannot part. The standing's own
# condition stays, for whoever stored the same figures a moment earlier.
_STORE = f"""
    drifted AS (
        SELECT n.* FROM figures n
        LEFT JOIN credit_creditstanding s ON s.level = {{level}} AND s.target_id = n.target_id AND s.target_id {{among}}
        WHERE ({_of("s")}) IS DISTINCT FROM ({_of("n")})
    ),
    stored AS (
        INSERT INTO credit_creditstanding AS s (level, target_id, {_COLUMNS}, available, computed_at)
        SELECT {{level}}, target_id, {_COLUMNS}, level_available, %(now)s FROM drifted ORDER BY target_id
        ON CONFLICT (level, target_id) DO UPDATE SET
            ({_COLUMNS}, computed_at) = ROW ({_of("EXCLUDED")}, %(now)s),
            -- The least over all levels of an account follows in a second statement, once its levels are known.
            available = CASE WHEN {{level}} = 3 THEN s.available ELSE EXCLUDED.level_available END
        WHERE ({_of("s")}) IS DISTINCT FROM ({_of("EXCLUDED")})
        RETURNING s.target_id
    ),
    remembered AS (
        INSERT INTO credit_exposuresnapshot (level, target_id, day, {_KEPT}, recorded_at)
        SELECT {{level}}, n.target_id, %(today)s, {_of("n", _KEPT)}, %(now)s FROM drifted n
        {_REMEMBER}
    )
    SELECT COUNT(*) FROM stored
"""

_SUMMED = ", ".join(
    f"CASE WHEN MIN(s.currency) = MAX(s.currency) THEN SUM(s.{name}) "
    f"ELSE COALESCE(SUM(ROUND(s.{name} / r.units, 2)), 0) END AS {name}"
    for name in ("gross_exposure", "net_exposure", "overdue", "disputed", "on_hold_orders")
)

_COUNTED = counted_sql("{key}", "{among}")
_LEVELS = f"""
    WITH rates (currency, units) AS (SELECT * FROM unnest(%(currencies)s::text[], %(units)s::numeric[])),
    {_LIMITS},
    summed AS (
        SELECT w.id AS target_id,
               -- One currency below: figures stay in it; several, or nobody left: all in euro.
               CASE WHEN MIN(s.currency) = MAX(s.currency) THEN MIN(s.currency) ELSE 'EUR' END AS currency,
               {_SUMMED},
               CASE WHEN MIN(s.currency) = MAX(s.currency) THEN SUM(GREATEST(s.net_exposure, 0))
                    ELSE COALESCE(SUM(ROUND(GREATEST(s.net_exposure, 0) / r.units, 2)), 0) END AS owing,
               MIN(s.oldest_due) AS oldest_due
        FROM {{table}} w
        LEFT JOIN (
            accounts_customeraccount a
            JOIN accounts_legalentity e ON e.id = a.entity_id
            JOIN credit_creditstanding s ON s.level = 3 AND s.target_id = a.id
        ) ON {{row}} = w.id AND {{row}} {{among}}
        LEFT JOIN rates r ON r.currency = s.currency
        WHERE w.id {{among}}
        GROUP BY w.id
    ),
    figures AS (
        SELECT x.target_id, x.currency, '{{{{}}}}'::numeric(16,2)[] AS parts, x.gross_exposure,
               x.net_exposure, x.overdue, x.oldest_due, x.disputed, x.on_hold_orders,
               COALESCE(base.kind, 'none') AS limit_kind, {_EFFECTIVE} AS effective_limit,
               COALESCE(g.amount, 0)::numeric(16,2) AS guarantees, COALESCE(x.owing, 0) AS owing,
               {_EFFECTIVE} - x.net_exposure AS level_available
        FROM summed x
        LEFT JOIN base ON base.target_id = x.target_id
        LEFT JOIN raised ON raised.target_id = x.target_id
        LEFT JOIN (
            SELECT h.target_id, SUM(CASE WHEN h.currency = y.currency THEN h.amount
                                         ELSE ROUND(h.amount / f.units * t.units, 2) END) AS amount
            FROM ({_COUNTED}) h
            JOIN summed y ON y.target_id = h.target_id
            LEFT JOIN rates f ON f.currency = h.currency
            LEFT JOIN rates t ON t.currency = y.currency
            GROUP BY h.target_id
        ) g ON g.target_id = x.target_id
    ),
    {_STORE}
"""

# The least over the levels that hold a decision; without any, the account's own figure.
_LEAST = """
    UPDATE credit_creditstanding s SET available = x.least
    FROM (
        SELECT a.id,
               CASE WHEN own.limit_kind = 'none' AND COALESCE(e.limit_kind, 'none') = 'none'
                         AND COALESCE(g.limit_kind, 'none') = 'none' THEN own.level_available
                    ELSE LEAST(CASE WHEN own.limit_kind <> 'none' THEN own.level_available END,
                               CASE WHEN e.limit_kind = 'none' THEN NULL
                                    WHEN e.currency = own.currency THEN e.level_available
                                    ELSE ROUND(e.level_available * r.units, 2) END,
                               CASE WHEN g.limit_kind = 'none' THEN NULL
                                    WHEN g.currency = own.currency THEN g.level_available
                                    ELSE ROUND(g.level_available * r.units, 2) END)
               END AS least
        FROM accounts_customeraccount a
        JOIN accounts_legalentity le ON le.id = a.entity_id
        JOIN credit_creditstanding own ON own.level = 3 AND own.target_id = a.id
        LEFT JOIN unnest(%(currencies)s::text[], %(units)s::numeric[]) AS r (currency, units)
             ON r.currency = own.currency
        LEFT JOIN credit_creditstanding e ON e.level = 2 AND e.target_id = a.entity_id
        LEFT JOIN credit_creditstanding g ON g.level = 1 AND g.target_id = le.group_id
        WHERE le.id {among} OR le.group_id = ANY(%(groups)s)
    ) x
    WHERE s.level = 3 AND s.target_id = x.id AND s.available IS DISTINCT FROM x.least
"""

# On a day other than today the snapshot is measured against the one before it, not against the standing.
_SNAPSHOT = f"""
    INSERT INTO credit_exposuresnapshot (level, target_id, day, {_KEPT}, recorded_at)
    SELECT n.level, n.target_id, %(today)s, {_of("n", _KEPT)}, %(now)s
    FROM credit_creditstanding n
    LEFT JOIN LATERAL (
        SELECT p.* FROM credit_exposuresnapshot p
        WHERE p.level = {{level}} AND p.target_id = n.target_id AND p.day <= %(today)s
        ORDER BY p.day DESC LIMIT 1
    ) last ON TRUE
    WHERE n.level = {{level}} AND n.target_id {{among}}
      AND ({_of("last", _KEPT)}) IS DISTINCT FROM ({_of("n", _KEPT)})
    {_REMEMBER}
"""

_ROWS_OF = {
    Level.ENTITY: ("accounts_legalentity", "a.entity_id", "entity_id"),
    Level.GROUP: ("accounts_customergroup", "e.group_id", "group_id"),
}
# How every provider of ``CREDIT_EXPOSURE`` asks for its accounts.
_ASKED = "= ANY(%(accounts)s)"


@dataclass(frozen=True)
class Refreshed:
    """How many accounts were looked at and how many of their rows had to be written."""

    accounts: int
    changed: int


@cache
def _accounts_statement(among: str) -> str:
    return f"WITH {accounts_figures(among)}, {_STORE.format(level=3, among=among)}"


@cache
def _drift_statement(among: str) -> str:
    return f"""
        WITH {accounts_figures(among)}
        SELECT a.company_id, a.code, n.net_exposure, s.net_exposure
        FROM figures n
        JOIN accounts_customeraccount a ON a.id = n.target_id
        JOIN credit_creditstanding s ON s.level = 3 AND s.target_id = n.target_id AND s.target_id {among}
        WHERE ({_of("s")}) IS DISTINCT FROM ({_of("n")}) AND NOT (n.target_id = ANY(%(waiting)s))
    """


def accounts_figures(among: str, *, currency: str = "c.currency") -> str:
    """The figures of accounts as parts of a ``WITH``, the last one ``figures``; ``parameters`` says what it needs.

    The parameter ``company`` leaves out accounts of other companies, where it is not NULL.

    :param among: SQL that says which keys, such as ``IN (SELECT id FROM kin)``
    :param currency: SQL of the currency that each account's figures are in; that of its company when not given
    """
    rows = "\n    UNION ALL\n".join(_rows(path, among) for path in settings.CREDIT_EXPOSURE)
    return f"""
        rates (currency, units) AS (SELECT * FROM unnest(%(currencies)s::text[], %(units)s::numeric[])),
        {_LIMITS.format(key="account_id", among=among)},
        {SWITCHED},
        book AS (
            SELECT account_id, part, currency, SUM(amount) AS amount,
                   SUM(amount) FILTER (WHERE due_date < %(today)s) AS overdue,
                   MIN(due_date) FILTER (WHERE due_date < %(today)s) AS oldest
            FROM ({rows}) AS r (account_id, part, currency, amount, due_date)
            GROUP BY account_id, part, currency
        ),
        clients AS MATERIALIZED (
            SELECT a.id, a.company_id, {currency} AS currency
            FROM accounts_customeraccount a
            JOIN accounts_company c ON c.id = a.company_id
            WHERE a.id {among} AND (%(company)s::bigint IS NULL OR a.company_id = %(company)s)
        ),
        converted AS (
            SELECT b.account_id, b.part, b.oldest,
                   CASE WHEN b.currency = a.currency THEN b.amount
                        ELSE ROUND(b.amount / f.units * t.units, 2) END AS amount,
                   CASE WHEN b.currency = a.currency THEN b.overdue
                        ELSE ROUND(b.overdue / f.units * t.units, 2) END AS overdue
            FROM book b
            JOIN clients a ON a.id = b.account_id
            LEFT JOIN rates f ON f.currency = b.currency
            LEFT JOIN rates t ON t.currency = a.currency
            LEFT JOIN switched s ON s.company_id = a.company_id AND s.part = b.part
            WHERE {counts_sql("b.part", "s.part IS NOT NULL")}
        ),
        added AS (
            SELECT a.id AS target_id, a.currency,
                   ARRAY[{_PARTS}]::numeric(16,2)[] AS parts,
                   COALESCE(SUM(v.amount) FILTER (WHERE v.part IN ({_GROSS})), 0) AS gross_exposure,
                   COALESCE(SUM(v.amount) FILTER (WHERE v.part IN ({_ALL})), 0) AS net_exposure,
                   COALESCE(SUM(v.overdue) FILTER (WHERE v.part = 'open_invoices'), 0) AS overdue,
                   CASE WHEN bool_or(v.part = '{OLDEST_OURS}')
                        THEN MIN(v.oldest) FILTER (WHERE v.part = '{OLDEST_OURS}')
                        ELSE MIN(v.oldest) FILTER (WHERE v.part = 'open_invoices') END AS oldest_due,
                   COALESCE(SUM(v.amount) FILTER (WHERE v.part = 'disputed'), 0) AS disputed,
                   COALESCE(SUM(v.amount) FILTER (WHERE v.part = 'on_hold_orders'), 0) AS on_hold_orders
            FROM clients a
            LEFT JOIN converted v ON v.account_id = a.id
            GROUP BY a.id, a.currency
        ),
        guaranteed AS (
            SELECT a.id AS target_id, SUM(CASE WHEN h.currency = a.currency THEN h.amount
                                               ELSE ROUND(h.amount / f.units * t.units, 2) END) AS amount
            FROM ({counted_sql("account_id", among)}) h
            JOIN clients a ON a.id = h.target_id
            LEFT JOIN rates f ON f.currency = h.currency
            LEFT JOIN rates t ON t.currency = a.currency
            GROUP BY a.id
        ),
        figures AS (
            SELECT x.*, COALESCE(base.kind, 'none') AS limit_kind, {_EFFECTIVE} AS effective_limit,
                   COALESCE(g.amount, 0)::numeric(16,2) AS guarantees, 0::numeric(16,2) AS owing,
                   {_EFFECTIVE} - x.net_exposure AS level_available
            FROM added x
            LEFT JOIN base ON base.target_id = x.target_id
            LEFT JOIN raised ON raised.target_id = x.target_id
            LEFT JOIN guaranteed g ON g.target_id = x.target_id
        )
    """


def _rows(path: str, among: str) -> str:
    rows: str = import_string(path)()
    if _ASKED not in rows:
        raise ImproperlyConfigured(f"{path} does not ask for its accounts by {_ASKED}.")
    return rows.replace(_ASKED, among)


def refresh(account_ids: Sequence[int], *, at: datetime, day: date | None = None) -> Refreshed:
    """Compute and store the standing of accounts, and their snapshot of the day, where a figure changed.

    :param day: the evaluation day, today when not given
    """
    return Refreshed(len(account_ids), _refresh(Keys.listed(account_ids), at, day, None))


def refresh_range(
    account_ids: Sequence[int], *, at: datetime, day: date | None = None, company_id: int | None = None
) -> Refreshed:
    """The same for a range of the book: ``account_ids`` are all keys from the first to the last, in order.

    :param company_id: accounts of other companies within the range are left out
    """
    return Refreshed(len(account_ids), _refresh(Keys.ranged(account_ids), at, day, company_id))


def _refresh(keys: Keys, at: datetime, day: date | None, company_id: int | None) -> int:
    today = day or paris_date(at)
    params = parameters(today, at) | keys.params | {"company": company_id}
    with connection.cursor() as cursor:
        cursor.execute(_accounts_statement(keys.among), params)
        (changed,) = cursor.fetchone()
        if today != paris_date(at):
            cursor.execute(_SNAPSHOT.format(level=3, among=keys.among), params)
    return int(changed)


def drift(
    account_ids: Sequence[int],
    *,
    waiting: Collection[int],
    at: datetime,
    day: date,
    company_id: int | None = None,
) -> Iterator[tuple[int, str, Decimal, Decimal]]:
    """Yield accounts of a range whose standing is not what is live: company, code, live and stored net exposure.

    :param account_ids: as for ``refresh_range``
    :param waiting: accounts whose fresh figures are asked for and wait for a worker: late, not wrong
    """
    keys = Keys.ranged(account_ids)
    params = parameters(day, at) | keys.params | {"company": company_id, "waiting": list(waiting)}
    with connection.cursor() as cursor:
        cursor.execute(_drift_statement(keys.among), params)
        yield from cursor.fetchall()


def refresh_levels(
    entity_ids: Sequence[int], *, at: datetime, day: date | None = None, left_groups: Sequence[int] = ()
) -> int:
    """The same for legal entities and the groups above them, then the least available of their accounts.

    :param left_groups: further groups, above none of these entities any more
    """
    entities, groups = Keys.listed(entity_ids), sorted({*_groups_of(entity_ids), *left_groups})
    changed = 0
    for level, keys in ((Level.ENTITY, entities), (Level.GROUP, Keys.listed(groups))):
        if keys.params["keys"]:
            changed += refresh_level(level, keys, at=at, day=day)
    # A group's figure is part of what every account under it may still use.
    store_least(entities, at=at, day=day, groups=groups)
    return changed


def refresh_level(level: Level, keys: Keys, *, at: datetime, day: date | None = None) -> int:
    """Compute and store the standings of legal entities, or of groups, from those of their accounts."""
    today = day or paris_date(at)
    params = parameters(today, at) | keys.params
    table, row, key = _ROWS_OF[level]
    statement = _LEVELS.format(table=table, row=row, key=key, level=int(level), among=keys.among)
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        (changed,) = cursor.fetchone()
        if today != paris_date(at):
            cursor.execute(_SNAPSHOT.format(level=int(level), among=keys.among), params)
    return int(changed)


def store_least(entities: Keys, *, at: datetime, day: date | None = None, groups: Sequence[int] = ()) -> None:
    """Store the least available over all levels for the accounts of legal entities, and of whole groups."""
    params = parameters(day or paris_date(at), at) | entities.params | {"groups": list(groups)}
    with connection.cursor() as cursor:
        cursor.execute(_LEAST.format(among=entities.among), params)


def refresh_after(*, work: Any, account_id: int) -> None:
    """Work handler: fresh figures of one client at all its levels after an act."""
    del work
    at = timezone.now()
    account = CustomerAccount.objects.only("entity_id").get(pk=account_id)
    refresh([account_id], at=at)
    refresh_levels([account.entity_id], at=at)
    look_again([account_id], at=at)


def refresh_left(*, work: Any, entity_id: int, group_id: int | None) -> None:
    """Work handler: fresh figures of what a client has left: its former entity and the group above it then."""
    del work
    refresh_levels([entity_id], at=timezone.now(), left_groups=[group_id] if group_id else [])


def refresh_many(*, work: Any, account_ids: Sequence[int]) -> None:
    """Work handler: the same for clients that one act touched together, with a few statements for all."""
    at = work.started_at or timezone.now()
    refresh(account_ids, at=at)
    entities = CustomerAccount.objects.filter(pk__in=account_ids).values_list("entity_id", flat=True)
    refresh_levels(sorted(set(entities)), at=at)
    look_again(account_ids, at=at)


def parameters(today: date, now: datetime) -> dict[str, Any]:
    """What every statement on figures of a day takes: the day, the rates, no order left out."""
    rates = all_rates_on(today)
    return {
        "today": today,
        "now": now,
        "skip_order": 0,
        "confirmed_before": FAR_FUTURE,
        "counted_until": today,
        "currencies": list(rates),
        "units": list(rates.values()),
    }


def _groups_of(entity_ids: Sequence[int]) -> list[int]:
    return list(
        CustomerAccount.objects.filter(entity_id__in=entity_ids, entity__group__isnull=False)
        .order_by()
        .values_list("entity__group_id", flat=True)
        .distinct()
    )
