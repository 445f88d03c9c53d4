"""``aged``: the aged balance of all accounts beside raw, and the export of every open item beside ``COPY``."""

from __future__ import annotations

import io
import time
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, User
from o2c.home import list_files
from o2c.reports.aged_balance import aged_balance
from o2c.shared import work
from o2c.shared.calendar import paris_date

from . import raw
from .browsing import browser
from .child import in_child
from .session import Session
from .timing import Act, in_turns

PAST: Final = timedelta(days=90)

# Everything a balance of any day needs, in two plain tables with the best index each.
_TABLES: Final = """
    DROP SCHEMA IF EXISTS bench_raw CASCADE;
    CREATE SCHEMA bench_raw;
    CREATE TABLE bench_raw.item AS
        SELECT id, account_id, currency, due_date, effective_date, open_amount FROM invoicing_receivableitem
        WHERE company_id = %(company)s;
    ALTER TABLE bench_raw.item ADD PRIMARY KEY (id);
    CREATE INDEX ON bench_raw.item (account_id, currency) INCLUDE (due_date, effective_date, open_amount)
        WHERE open_amount <> 0;
    CREATE TABLE bench_raw.match AS
        SELECT a.debit_id, a.credit_id, a.amount, a.effective_date FROM invoicing_allocation a
        JOIN bench_raw.item i ON i.id = a.debit_id;
    CREATE INDEX ON bench_raw.match (effective_date) INCLUDE (debit_id, credit_id, amount);
    ANALYZE bench_raw.item; ANALYZE bench_raw.match
"""
_BALANCE: Final = """
    SELECT account_id, currency,
           SUM(open) FILTER (WHERE open > 0 AND age <= 0), SUM(open) FILTER (WHERE open > 0 AND age BETWEEN 1 AND 30),
           SUM(open) FILTER (WHERE open > 0 AND age BETWEEN 31 AND 60),
           SUM(open) FILTER (WHERE open > 0 AND age BETWEEN 61 AND 90),
           SUM(open) FILTER (WHERE open > 0 AND age BETWEEN 91 AND 120),
           SUM(open) FILTER (WHERE open > 0 AND age > 120), SUM(open) FILTER (WHERE open < 0), SUM(open), MAX(age)
    FROM (
        SELECT account_id, currency, open_amount AS open, %(on)s - due_date AS age FROM bench_raw.item
        WHERE open_amount <> 0 AND effective_date <= %(on)s
        UNION ALL
        SELECT i.account_id, i.currency, m.amount, %(on)s - i.due_date FROM bench_raw.match m
        JOIN bench_raw.item i ON i.id = m.debit_id
        WHERE m.effective_date > %(on)s AND i.effective_date <= %(on)s
        UNION ALL
        SELECT i.account_id, i.currency, -m.amount, %(on)s - i.due_date FROM bench_raw.match m
        JOIN bench_raw.item i ON i.id = m.credit_id
        WHERE m.effective_date > %(on)s AND i.effective_date <= %(on)s
    ) AS book
    GROUP BY account_id, currency
"""
_COPY: Final = """
    COPY (
        SELECT i.document, a.name, a.code, i.kind, i.issue_date, i.due_date, i.amount, i.open_amount, i.currency
        FROM invoicing_receivableitem i JOIN accounts_customeraccount a ON a.id = i.account_id
        WHERE i.company_id = {company} AND i.open_amount <> 0
          AND i.effective_date <= (now() AT TIME ZONE 'Europe/Paris')::date
        ORDER BY i.due_date, i.id
    ) TO STDOUT WITH (FORMAT csv, DELIMITER ';', HEADER)
"""


def run(session: Session) -> None:
    """Measure the report of today and of a past day, then the files."""
    company = session.book()
    _balances(session, company)
    _exports(session, company)


def _balances(session: Session, company: Company) -> None:
    today = paris_date(timezone.now())
    raw.execute(_TABLES, {"company": company.pk})
    if not connection.in_atomic_block:
        raw.execute("VACUUM bench_raw.item")
    rows = []
    for name, day in (("today", today), (f"{PAST.days} days ago", today - PAST)):
        taken = in_turns(
            {
                "ours": Act(partial(aged_balance, user=None, company=company, as_of=day)),
                "raw": Act(partial(raw.execute, _BALANCE, {"on": day})),
            },
            repeats=min(session.repeats, 7),
            warm=1,
        )
        ratio = taken["ours"] / taken["raw"]
        rows.append(
            [name, f"{taken['ours']:.2f} s", f"{taken['raw']:.2f} s", f"{ratio:.2f} ×",
             *session.report.judge("aged", ratio), "yes" if _same(company, day) else "NO"]
        )  # fmt: skip
    raw.execute("DROP SCHEMA bench_raw CASCADE")
    session.report.table(
        "aged: balance of all accounts",
        ("As of", "Ours", "Raw", "Ratio", "Must", "Aim", "Verdict", "Same totals"),
        rows,
    )


def _same(company: Company, day: date) -> bool:
    """Whether both say the same of every currency."""
    ours = {
        total.currency: total.total
        for total in aged_balance(user=None, company=company, as_of=day).totals
        if total.total
    }
    theirs: dict[str, Decimal] = {}
    for row in raw.execute(_BALANCE, {"on": day}):
        theirs[row[1]] = theirs.get(row[1], Decimal(0)) + row[9]
    return ours == {currency: total for currency, total in theirs.items() if total}


def _exports(session: Session, company: Company) -> None:
    username = session.member("accountant").username
    files = {
        kind: in_child("o2c.bench.aged.export", username=username, kind=kind) for kind in ("csv", "xlsx")
    }
    copied = in_child("o2c.bench.aged.copy_out", company_id=company.pk)
    base = copied.value["rows"] / copied.value["seconds"]
    rows = []
    for kind, done in files.items():
        speed = done.value["rows"] / done.value["seconds"]
        bounds = session.report.judge("export", speed / base * 100) if kind == "csv" else ["", "", ""]
        session.report.judge("export.memory", done.peak)
        rows.append(
            [f"{done.value['rows']} open items, {kind}", f"{done.value['seconds']:.1f} s", f"{speed:.0f}/s",
             f"{base:.0f}/s", f"{speed / base * 100:.0f} %", *bounds, f"{done.peak:.0f} MB"]
        )  # fmt: skip
    session.report.table(
        "aged: export of every open item",
        ("File", "Seconds", "Ours", "COPY", "Share", "Must", "Aim", "Verdict", "Peak"),
        rows,
    )


def export(username: str, kind: str) -> dict[str, Any]:
    """Ask for the list of open items as a file, have it written as the worker does, and fetch it to its end."""
    client = browser(username)
    began = time.perf_counter()
    asked = {"path": reverse("invoicing:items"), "query": "", "kind": kind}
    assert client.post(reverse("list_file"), asked).status_code == 302
    job = work.Work.objects.filter(kind=list_files.KIND, requested_by__username=username).latest("pk")
    work.run(job.pk)
    job.refresh_from_db()
    response: Any = client.get(job.result["url"])
    size = lines = 0
    assert response.status_code == 200
    for piece in response:
        size += len(piece)
        lines += piece.count(b"\n")
    seconds = time.perf_counter() - began
    rows = lines - 1 if kind == "csv" else _count(username)
    return {"rows": rows, "seconds": seconds, "bytes": size}


def _count(username: str) -> int:
    company_id = User.objects.get(username=username).home_company_id
    return int(
        raw.execute(
            "SELECT COUNT(*) FROM invoicing_receivableitem WHERE company_id = %s AND open_amount <> 0"
            " AND effective_date <= (now() AT TIME ZONE 'Europe/Paris')::date",
            [company_id],
        )[0][0]
    )


def copy_out(company_id: int) -> dict[str, Any]:
    """The same columns through ``COPY``."""

    class Counter(io.RawIOBase):
        lines = 0

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.lines += bytes(data).count(b"\n")
            return len(data)

    out = Counter()
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.copy_expert(_COPY.format(company=int(company_id)), out)
    return {"rows": out.lines - 1, "seconds": time.perf_counter() - began}
