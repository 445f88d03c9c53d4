"""``nightly``: the recalculation of all accounts beside an upsert of the same columns, and the worker's memory."""

from __future__ import annotations

import time
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Company
from credit import nightly
from o2c.shared import work
from o2c.shared.calendar import paris_date

from . import raw
from .child import in_child
from .session import Session
from .volume import CODE

SMALL: Final = "VOLUME-TENTH"
_HEAD: Final = ("Book", "Ours", "Raw", "Ratio", "Must", "Aim", "Verdict", "Levels, proof", "Peak")

# The same columns for the same accounts in one statement over the tables themselves, written for one currency in
# the book and a rate for the rest, with one index by key.
_TABLE: Final = """
    DROP SCHEMA IF EXISTS bench_raw CASCADE;
    CREATE SCHEMA bench_raw;
    CREATE TABLE bench_raw.standing (
        account_id bigint PRIMARY KEY, currency varchar(3), parts numeric(16,2)[], gross_exposure numeric(16,2),
        net_exposure numeric(16,2), overdue numeric(16,2), oldest_due date, disputed numeric(16,2),
        on_hold_orders numeric(16,2), limit_kind varchar(10), effective_limit numeric(16,2),
        guarantees numeric(16,2), owing numeric(16,2), level_available numeric(16,2), computed_at timestamptz)
"""
_UPSERT: Final = """
    WITH rate AS (
        SELECT DISTINCT ON (currency) currency, units_per_eur AS units FROM accounts_exchangerate
        WHERE day <= %(today)s ORDER BY currency, day DESC
    ),
    items AS (
        SELECT i.account_id,
               SUM(ROUND(i.open_amount / COALESCE(r.units, 1), 2))
                   FILTER (WHERE i.open_amount > 0) AS invoices,
               SUM(ROUND(i.open_amount / COALESCE(r.units, 1), 2))
                   FILTER (WHERE i.open_amount < 0 AND kind <> 'CREDIT_NOTE') AS payments,
               SUM(ROUND(i.open_amount / COALESCE(r.units, 1), 2)) FILTER (WHERE kind = 'CREDIT_NOTE') AS credit_notes,
               SUM(ROUND(i.open_amount / COALESCE(r.units, 1), 2))
                   FILTER (WHERE i.open_amount > 0 AND due_date < %(today)s) AS overdue,
               MIN(due_date) FILTER (WHERE i.open_amount > 0 AND due_date < %(today)s) AS oldest
        FROM invoicing_receivableitem i LEFT JOIN rate r ON r.currency = i.currency
        WHERE i.open_amount <> 0 AND i.effective_date <= %(today)s AND i.company_id = %(company)s
        GROUP BY i.account_id
    ),
    contested AS (
        SELECT i.account_id, SUM(LEAST(i.open_amount, d.amount)) AS amount
        FROM invoicing_disputedamount d JOIN invoicing_receivableitem i ON i.id = d.item_id
        WHERE i.open_amount > 0 AND i.company_id = %(company)s AND d.effective_from <= %(today)s
          AND (d.effective_to IS NULL OR d.effective_to > %(today)s)
        GROUP BY i.account_id
    ),
    started AS (
        SELECT o.id, o.account_id,
               o.approved_total / NULLIF(SUM((l.approved_quantity - l.cancelled) * l.approved_price), 0) AS scale,
               SUM(GREATEST(0, l.approved_quantity - l.cancelled - GREATEST(l.delivered, l.invoiced))
                   * l.approved_price) AS undelivered,
               SUM(GREATEST(0, l.delivered - l.invoiced) * l.approved_price) AS uninvoiced
        FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
        WHERE o.is_open AND o.is_started AND o.company_id = %(company)s GROUP BY o.id
    ),
    orders AS (
        SELECT account_id, SUM(undelivered) AS undelivered, SUM(uninvoiced) AS uninvoiced, SUM(held) AS held
        FROM (
            SELECT account_id, approved_total AS undelivered, 0 AS uninvoiced, 0 AS held FROM orders_order
            WHERE is_open AND NOT is_started AND company_id = %(company)s
            UNION ALL
            SELECT account_id, ROUND(undelivered * scale, 2), ROUND(uninvoiced * scale, 2), 0 FROM started
            UNION ALL
            SELECT account_id, 0, 0, total_incl_vat FROM orders_order
            WHERE state = 'SUBMITTED' AND company_id = %(company)s
        ) AS each GROUP BY account_id
    ),
    limits AS (
        SELECT l.account_id, l.kind, l.amount + COALESCE(t.amount, 0) AS amount
        FROM credit_creditlimit l
        LEFT JOIN (SELECT account_id, SUM(amount) AS amount FROM credit_temporarylimit
                   WHERE %(today)s BETWEEN valid_from AND valid_until GROUP BY account_id) t
               ON t.account_id = l.account_id
        WHERE l.account_id IS NOT NULL AND l.closed_on IS NULL
    ),
    held AS (
        SELECT account_id, SUM(ROUND(amount * haircut_pct / 100, 2)) AS amount FROM credit_guarantee
        WHERE account_id IS NOT NULL AND is_eligible AND confirmed_at IS NOT NULL AND ended_on IS NULL
          AND %(today)s BETWEEN valid_from AND COALESCE(valid_until, 'infinity')
        GROUP BY account_id
    )
    INSERT INTO bench_raw.standing AS s
    SELECT a.id, c.currency,
           ARRAY[COALESCE(i.invoices, 0), COALESCE(o.uninvoiced, 0), COALESCE(o.undelivered, 0), 0, 0, 0,
                 COALESCE(i.payments, 0), COALESCE(i.credit_notes, 0), 0]::numeric(16,2)[],
           COALESCE(i.invoices, 0) + COALESCE(o.undelivered, 0) + COALESCE(o.uninvoiced, 0),
           COALESCE(i.invoices, 0) + COALESCE(i.payments, 0) + COALESCE(i.credit_notes, 0)
               + COALESCE(o.undelivered, 0) + COALESCE(o.uninvoiced, 0),
           COALESCE(i.overdue, 0), i.oldest, COALESCE(x.amount, 0), COALESCE(o.held, 0), COALESCE(l.kind, 'none'),
           COALESCE(l.amount, 0), COALESCE(h.amount, 0), 0, COALESCE(l.amount, 0) - COALESCE(i.invoices, 0), now()
    FROM accounts_customeraccount a
    JOIN accounts_company c ON c.id = a.company_id
    LEFT JOIN items i ON i.account_id = a.id
    LEFT JOIN contested x ON x.account_id = a.id
    LEFT JOIN orders o ON o.account_id = a.id
    LEFT JOIN limits l ON l.account_id = a.id
    LEFT JOIN held h ON h.account_id = a.id
    WHERE a.company_id = %(company)s
    ON CONFLICT (account_id) DO UPDATE SET
        (currency, parts, gross_exposure, net_exposure, overdue, oldest_due, disputed, on_hold_orders, limit_kind,
         effective_limit, guarantees, owing, level_available, computed_at) =
        ROW (EXCLUDED.currency, EXCLUDED.parts, EXCLUDED.gross_exposure, EXCLUDED.net_exposure, EXCLUDED.overdue,
             EXCLUDED.oldest_due, EXCLUDED.disputed, EXCLUDED.on_hold_orders, EXCLUDED.limit_kind,
             EXCLUDED.effective_limit, EXCLUDED.guarantees, EXCLUDED.owing, EXCLUDED.level_available,
             EXCLUDED.computed_at)
    WHERE (s.currency, s.parts, s.gross_exposure, s.net_exposure, s.overdue, s.oldest_due, s.disputed,
           s.on_hold_orders, s.limit_kind, s.effective_limit, s.guarantees, s.owing, s.level_available)
        IS DISTINCT FROM
          (EXCLUDED.currency, EXCLUDED.parts, EXCLUDED.gross_exposure, EXCLUDED.net_exposure, EXCLUDED.overdue,
           EXCLUDED.oldest_due, EXCLUDED.disputed, EXCLUDED.on_hold_orders, EXCLUDED.limit_kind,
           EXCLUDED.effective_limit, EXCLUDED.guarantees, EXCLUDED.owing, EXCLUDED.level_available)
"""


def run(session: Session) -> None:
    """Recalculate a tenth of the book and the whole of it, first from nothing, then with nothing changed."""
    tenth = session.book(max(1, session.accounts // 10), max(1, session.items // 10), code=SMALL)
    whole = session.book()
    raw.execute(_TABLE)
    rows: list[list[str]] = []
    costs = {company.code: _measure(session, company, rows) for company in (tenth, whole)}
    raw.execute("DROP SCHEMA bench_raw CASCADE")
    session.report.table("nightly: all accounts computed and stored", _HEAD, rows)
    growth = costs[CODE][0] / costs[SMALL][0]
    flat = costs[CODE][1] / costs[SMALL][1]
    session.report.table(
        "nightly: the whole book beside a tenth of it",
        ("Figure", "Ratio", "Must", "Aim", "Verdict"),
        [
            ["seconds per account", f"{growth:.2f} ×", *session.report.judge("nightly.growth", growth)],
            ["peak memory of the worker", f"{flat:.2f} ×", *session.report.judge("nightly.flat", flat)],
        ],
    )


def _measure(session: Session, company: Company, rows: list[list[str]]) -> tuple[float, float]:
    """Several runs of ours and raw in turns; seconds per account when nothing changed, and the peak in MB."""
    accounts = company.accounts.count()
    turns = max(2, min(session.repeats, 4))
    ours, beside, levels, peaks = [], [], [], []
    for _turn in range(turns):
        done = in_child("o2c.bench.nightly.recalculate", company_id=company.pk)
        ours.append(done.value["accounts"])
        levels.append(done.value["levels"])
        peaks.append(done.peak)
        beside.append(_raw(company))
    peak = max(peaks)
    session.report.judge("nightly.memory", peak)
    for name, mine, other, rest in (
        ("all written", ours[0], beside[0], levels[0]),
        ("nothing changed", min(ours[1:]), min(beside[1:]), min(levels[1:])),
    ):
        ratio = mine / other
        rows.append(
            [
                f"{accounts} accounts, {name}", f"{mine:.2f} s", f"{other:.2f} s", f"{ratio:.2f} ×",
                *session.report.judge("nightly", ratio), f"{rest:.2f} s", f"{peak:.0f} MB",
            ]
        )  # fmt: skip
    return min(ours[1:]) / accounts, peak


def _raw(company: Company) -> float:
    """Hash joins only: beside a larger book the planner takes nested loops over its aggregates, ten times as slow."""
    began = time.perf_counter()
    with transaction.atomic():
        raw.execute("SET LOCAL enable_nestloop = off")
        raw.execute(_UPSERT, {"company": company.pk, "today": paris_date(timezone.now())})
    return time.perf_counter() - began


def recalculate(company_id: int) -> dict[str, float]:
    """The nightly run of a company in this process: seconds of its accounts, and of levels with the proof."""
    run_ = nightly.begin(at=timezone.now(), company=Company.objects.get(pk=company_id))
    seconds = {"accounts": 0.0, "levels": 0.0}
    phases = ((nightly.ACCOUNTS, "accounts"), (nightly.LEVELS, "levels"), (nightly.PROOFS, "levels"))
    for kind, name in phases:
        while waiting := _waiting(kind, run_.pk):
            began = time.perf_counter()
            for work_id in waiting:
                work.run(work_id)
            seconds[name] += time.perf_counter() - began
    return seconds


def _waiting(kind: str, run_id: int) -> list[int]:
    rows = work.Work.objects.filter(kind=kind, payload__run_id=run_id, state=work.Work.State.QUEUED)
    return list(rows.order_by("pk").values_list("pk", flat=True))
