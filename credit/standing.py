"""``CreditStanding`` and ``ExposureSnapshot``: figures for lists, alerts and history. Nothing decides on them.

One statement per range of accounts computes, compares and stores: a row is written only when a figure changed,
and the number of rows written is the alarm for drift (design 3.13, 3.14; ADR 0003).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import CustomerAccount
from o2c.shared.calendar import paris_date

from .exposure import FAR_FUTURE, all_rates_on
from .formulas import PART_CODES, RELIEVING_PARTS

_PARTS_JSON = ", ".join(
    f"'{code}', COALESCE(SUM(amount) FILTER (WHERE part = '{code}'), 0)::numeric(16,2)::text"
    for code in PART_CODES
)
_ALL = ", ".join(f"'{code}'" for code in PART_CODES)
_GROSS = ", ".join(f"'{code}'" for code in PART_CODES if code not in RELIEVING_PARTS)

# Limits of a level on %(today)s; {key} is the column that points to the level's row, {row} its key.
_LIMIT = """
    LEFT JOIN LATERAL (
        SELECT CASE WHEN l.valid_until < %(today)s THEN 'expired' ELSE l.kind END AS kind,
               CASE WHEN l.valid_until < %(today)s THEN 0 ELSE l.amount END AS counts
        FROM credit_creditlimit l
        WHERE l.{key} = {row} AND l.valid_from <= %(today)s
          AND (l.closed_on IS NULL OR l.closed_on > %(today)s)
        ORDER BY l.valid_from DESC, l.id DESC LIMIT 1
    ) base ON TRUE
    LEFT JOIN LATERAL (
        SELECT SUM(t.amount) AS amount FROM credit_temporarylimit t
        WHERE t.{key} = {row} AND t.valid_from <= %(today)s AND t.valid_until >= %(today)s
          AND (t.closed_on IS NULL OR t.closed_on > %(today)s)
    ) raise ON TRUE
"""
_EFFECTIVE = """
    CASE WHEN base.kind = 'unlimited' THEN NULL
         ELSE COALESCE(base.counts, 0) + COALESCE(raise.amount, 0) END
"""

_COLUMNS = (
    "currency, parts, gross_exposure, net_exposure, overdue, oldest_due, disputed, on_hold_orders, limit_kind, "
    "effective_limit, level_available"
)

_STORE = f"""
    INSERT INTO credit_creditstanding AS s (level, target_id, {_COLUMNS}, available, computed_at)
    SELECT level, target_id, {_COLUMNS}, level_available, %(now)s FROM figures
    ON CONFLICT (level, target_id) DO UPDATE SET
        ({_COLUMNS}, computed_at) = ROW ({", ".join("EXCLUDED." + c.strip() for c in _COLUMNS.split(","))}, %(now)s),
        -- The least over all levels of an account follows in a second statement, once its levels are known.
        available = CASE WHEN EXCLUDED.level = 3 THEN s.available ELSE EXCLUDED.level_available END
    WHERE ({", ".join("s." + c.strip() for c in _COLUMNS.split(","))})
        IS DISTINCT FROM ({", ".join("EXCLUDED." + c.strip() for c in _COLUMNS.split(","))})
    RETURNING 1
"""

_BELOW = " ".join(
    f"CASE WHEN COUNT(DISTINCT s.currency) = 1 THEN SUM(s.{name}) "
    f"ELSE COALESCE(SUM(ROUND(s.{name} / r.units, 2)), 0) END AS {name},"
    for name in ("gross_exposure", "net_exposure", "overdue", "disputed", "on_hold_orders")
)

_LEVELS = f"""
    WITH rates (currency, units) AS (SELECT * FROM unnest(%(currencies)s::text[], %(units)s::numeric[])),
    summed AS (
        SELECT w.target_id,
               -- One currency below: figures stay in it; several, or nobody left: all in euro.
               CASE WHEN COUNT(DISTINCT s.currency) = 1 THEN MIN(s.currency) ELSE 'EUR' END AS currency,
               {_BELOW}
               MIN(s.oldest_due) AS oldest_due
        FROM unnest(%(targets)s::bigint[]) AS w (target_id)
        LEFT JOIN (
            accounts_customeraccount a
            JOIN accounts_legalentity e ON e.id = a.entity_id
            JOIN credit_creditstanding s ON s.level = 3 AND s.target_id = a.id
        ) ON {{row}} = w.target_id
        LEFT JOIN rates r ON r.currency = s.currency
        GROUP BY w.target_id
    ),
    figures AS (
        SELECT {{level}} AS level, x.target_id, x.currency, '{{{{}}}}'::jsonb AS parts, x.gross_exposure,
               x.net_exposure, x.overdue, x.oldest_due, x.disputed, x.on_hold_orders,
               COALESCE(base.kind, 'none') AS limit_kind, {_EFFECTIVE} AS effective_limit,
               {_EFFECTIVE} - x.net_exposure AS level_available
        FROM summed x {{limit}}
    )
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
        WHERE le.id = ANY(%(entities)s) OR le.group_id = ANY(%(groups)s)
    ) x
    WHERE s.level = 3 AND s.target_id = x.id AND s.available IS DISTINCT FROM x.least
"""

_SNAPSHOT = """
    INSERT INTO credit_exposuresnapshot AS n
        (level, target_id, day, currency, figures, gross_exposure, net_exposure, effective_limit, recorded_at)
    SELECT s.level, s.target_id, %(today)s, s.currency,
           jsonb_build_object('parts', s.parts, 'overdue', s.overdue::text, 'oldest_due', s.oldest_due,
                              'disputed', s.disputed::text, 'on_hold_orders', s.on_hold_orders::text,
                              'limit_kind', s.limit_kind, 'available', s.available::text),
           s.gross_exposure, s.net_exposure, s.effective_limit, %(now)s
    FROM credit_creditstanding s
    LEFT JOIN LATERAL (
        SELECT p.figures, p.gross_exposure, p.net_exposure, p.effective_limit FROM credit_exposuresnapshot p
        WHERE p.level = s.level AND p.target_id = s.target_id AND p.day <= %(today)s
        ORDER BY p.day DESC LIMIT 1
    ) last ON TRUE
    WHERE s.level = %(level)s AND s.target_id = ANY(%(targets)s)
      AND (last.figures, last.gross_exposure, last.net_exposure, last.effective_limit) IS DISTINCT FROM
          (jsonb_build_object('parts', s.parts, 'overdue', s.overdue::text, 'oldest_due', s.oldest_due,
                              'disputed', s.disputed::text, 'on_hold_orders', s.on_hold_orders::text,
                              'limit_kind', s.limit_kind, 'available', s.available::text),
           s.gross_exposure, s.net_exposure, s.effective_limit)
    ON CONFLICT (level, target_id, day) DO UPDATE SET
        (currency, figures, gross_exposure, net_exposure, effective_limit, recorded_at) =
        ROW (EXCLUDED.currency, EXCLUDED.figures, EXCLUDED.gross_exposure, EXCLUDED.net_exposure,
             EXCLUDED.effective_limit, EXCLUDED.recorded_at)
"""


@dataclass(frozen=True)
class Refreshed:
    """How many accounts were looked at and how many of their rows had to be written."""

    accounts: int
    changed: int


@cache
def _accounts_statement() -> str:
    rows = "\n    UNION ALL\n".join(import_string(path)() for path in settings.CREDIT_EXPOSURE)
    return f"""
        WITH rates (currency, units) AS (SELECT * FROM unnest(%(currencies)s::text[], %(units)s::numeric[])),
        book AS (
            SELECT account_id, part, currency, SUM(amount) AS amount,
                   SUM(amount) FILTER (WHERE due_date < %(today)s) AS overdue,
                   MIN(due_date) FILTER (WHERE due_date < %(today)s) AS oldest
            FROM ({rows}) AS r (account_id, part, currency, amount, due_date)
            GROUP BY account_id, part, currency
        ),
        converted AS (
            SELECT b.account_id, b.part, b.oldest,
                   CASE WHEN b.currency = c.currency THEN b.amount
                        ELSE ROUND(b.amount / f.units * t.units, 2) END AS amount,
                   CASE WHEN b.currency = c.currency THEN b.overdue
                        ELSE ROUND(b.overdue / f.units * t.units, 2) END AS overdue
            FROM book b
            JOIN accounts_customeraccount a ON a.id = b.account_id
            JOIN accounts_company c ON c.id = a.company_id
            LEFT JOIN rates f ON f.currency = b.currency
            LEFT JOIN rates t ON t.currency = c.currency
        ),
        added AS (
            SELECT a.id AS target_id, c.currency,
                   jsonb_build_object({_PARTS_JSON}) AS parts,
                   COALESCE(SUM(v.amount) FILTER (WHERE v.part IN ({_GROSS})), 0) AS gross_exposure,
                   COALESCE(SUM(v.amount) FILTER (WHERE v.part IN ({_ALL})), 0) AS net_exposure,
                   COALESCE(SUM(v.overdue) FILTER (WHERE v.part = 'open_invoices'), 0) AS overdue,
                   MIN(v.oldest) FILTER (WHERE v.part = 'open_invoices') AS oldest_due,
                   COALESCE(SUM(v.amount) FILTER (WHERE v.part = 'disputed'), 0) AS disputed,
                   COALESCE(SUM(v.amount) FILTER (WHERE v.part = 'on_hold_orders'), 0) AS on_hold_orders
            FROM accounts_customeraccount a
            JOIN accounts_company c ON c.id = a.company_id
            LEFT JOIN converted v ON v.account_id = a.id
            WHERE a.id = ANY(%(accounts)s)
            GROUP BY a.id, c.currency
        ),
        figures AS (
            SELECT 3 AS level, x.*, COALESCE(base.kind, 'none') AS limit_kind, {_EFFECTIVE} AS effective_limit,
                   {_EFFECTIVE} - x.net_exposure AS level_available
            FROM added x {_LIMIT.format(key="account_id", row="x.target_id")}
        )
        {_STORE}
    """


def refresh(account_ids: Sequence[int], *, at: datetime, day: date | None = None) -> Refreshed:
    """Compute and store the standing of accounts, and their snapshot of the day, where a figure changed.

    :param day: the evaluation day, today when not given
    """
    today = day or paris_date(at)
    params = _params(today, at) | {"accounts": list(account_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_accounts_statement(), params)
        changed = len(cursor.fetchall())
        cursor.execute(_SNAPSHOT, params | {"level": 3, "targets": list(account_ids)})
    return Refreshed(len(account_ids), changed)


def refresh_levels(
    entity_ids: Sequence[int], *, at: datetime, day: date | None = None, left_groups: Sequence[int] = ()
) -> int:
    """The same for legal entities and the groups above them, then the least available of their accounts.

    :param left_groups: further groups, above none of these entities any more
    """
    today = day or paris_date(at)
    params = _params(today, at) | {"entities": list(entity_ids)}
    groups = sorted({*_groups_of(entity_ids), *left_groups})
    # A group's figure is part of what every account under it may still use.
    params |= {"groups": groups}
    changed = 0
    with connection.cursor() as cursor:
        for level, row, key in ((2, "a.entity_id", "entity_id"), (1, "e.group_id", "group_id")):
            targets = list(entity_ids) if level == 2 else groups
            if not targets:
                continue
            limit = _LIMIT.format(key=key, row="x.target_id")
            cursor.execute(_LEVELS.format(row=row, level=level, limit=limit), params | {"targets": targets})
            changed += len(cursor.fetchall())
            cursor.execute(_SNAPSHOT, params | {"level": level, "targets": targets})
        cursor.execute(_LEAST, params)
    return changed


def refresh_after(*, work: Any, account_id: int) -> None:
    """Work handler: fresh figures of one client at all its levels after an act."""
    del work
    at = timezone.now()
    account = CustomerAccount.objects.only("entity_id").get(pk=account_id)
    refresh([account_id], at=at)
    refresh_levels([account.entity_id], at=at)


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


def _params(today: date, now: datetime) -> dict[str, Any]:
    rates = all_rates_on(today)
    return {
        "today": today,
        "now": now,
        "skip_order": 0,
        "confirmed_before": FAR_FUTURE,
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
