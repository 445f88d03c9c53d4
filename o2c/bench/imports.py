"""``import``: invoices by file and by ``bulk/``, rows a second beside ``COPY`` into a plain table."""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import CustomerAccount
from credit.api.bulk import MOST
from o2c.shared import work
from o2c.shared.calendar import paris_date

from . import raw
from .browsing import browser
from .child import Finished, in_child
from .session import Session

COUNT: Final = 100_000
_CLIENTS: Final = 5_000
_COLUMNS: Final = ("number", "account", "issue_date", "due_date", "currency", "total_incl_vat")
_TABLE: Final = """
    DROP SCHEMA IF EXISTS bench_raw CASCADE;
    CREATE SCHEMA bench_raw;
    CREATE TABLE bench_raw.invoice (
        number text PRIMARY KEY, account text NOT NULL, issue_date date NOT NULL, due_date date NOT NULL,
        currency text NOT NULL, total_incl_vat numeric(14,2) NOT NULL)
"""


def run(session: Session) -> None:
    """Enter invoices in each way, then the same file once more; each stands once."""
    company, clerk = session.book(), session.member("accountant").username
    count = min(COUNT, session.items)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path, bulk = Path(folder) / "invoices.csv", Path(folder) / "bulk.json"
        codes = list(
            CustomerAccount.objects.filter(company=company)
            .order_by("pk")
            .values_list("code", flat=True)[:_CLIENTS]
        )
        stamp = f"{timezone.now():%H%M%S}"
        _write_file(path, f"IF{stamp}", codes, count)
        bulk.write_text(json.dumps(list(_documents(f"IB{stamp}", codes, count))))
        base = count / _copy_in(path)
        rows.append(["COPY into a plain table", f"{count / base:.1f} s", f"{base:.0f}/s", "100 %", ""])
        arguments = {"path": str(path), "company": company.code}
        for name, done in (
            ("by file", in_child("o2c.bench.imports.by_file", **arguments)),
            ("the same file again", in_child("o2c.bench.imports.by_file", **arguments)),
            ("by bulk/", in_child("o2c.bench.imports.by_bulk", path=str(bulk), username=clerk)),
        ):
            rows.append(_row(name, done, count, base))
    session.report.table(f"import: {count} invoices", ("Way", "Seconds", "Rows", "Of COPY", "Peak"), rows)
    wrong = sum(abs(count - _stored(company.pk, f"{kind}{stamp}")) for kind in ("IF", "IB"))
    session.report.say(f"invoices missing or entered twice: {wrong}")
    session.report.judge("import.once", wrong)


def _row(name: str, done: Finished, count: int, base: float) -> list[str]:
    speed = count / done.value
    return [
        name,
        f"{done.value:.1f} s",
        f"{speed:.0f}/s",
        f"{speed / base * 100:.1f} %",
        f"{done.peak:.0f} MB",
    ]


def _invoices(
    prefix: str, codes: Sequence[str], count: int
) -> Iterator[tuple[str, str, date, date, str, str]]:
    today = paris_date(timezone.now())
    for number in range(count):
        issued = today - timedelta(days=number % 28)
        amount = f"{100 + number % 900}.{number % 100:02d}"
        yield (
            f"{prefix}-{number:06d}",
            codes[number % len(codes)],
            issued,
            issued + timedelta(days=30),
            "EUR",
            amount,
        )


def _write_file(path: Path, prefix: str, codes: Sequence[str], count: int) -> None:
    with path.open("w") as out:
        out.write(";".join(_COLUMNS) + "\n")
        for invoice in _invoices(prefix, codes, count):
            out.write(";".join(map(str, invoice)) + "\n")


def _documents(prefix: str, codes: Sequence[str], count: int) -> Iterator[dict[str, str]]:
    for invoice in _invoices(prefix, codes, count):
        yield {"origin": "imported"} | dict(zip(_COLUMNS, map(str, invoice), strict=True))


def _copy_in(path: Path) -> float:
    raw.execute(_TABLE)
    began = time.perf_counter()
    with connection.cursor() as cursor, path.open() as file:
        cursor.copy_expert("COPY bench_raw.invoice FROM STDIN WITH (FORMAT csv, DELIMITER ';', HEADER)", file)
    taken = time.perf_counter() - began
    raw.execute("DROP SCHEMA bench_raw CASCADE")
    return taken


def _stored(company_id: int, prefix: str) -> int:
    """Invoices there are of a run, each with one item."""
    found = raw.execute(
        "SELECT COUNT(*) FROM invoicing_receivableitem i JOIN invoicing_invoice v ON v.id = i.invoice_id"
        " WHERE v.company_id = %s AND v.number LIKE %s",
        [company_id, f"{prefix}-%"],
    )
    return int(found[0][0])


def by_file(path: str, company: str) -> float:
    """Import a file as the command does; the seconds it takes."""
    began = time.perf_counter()
    call_command("import_invoices", path, company=company, stdout=io.StringIO())
    return time.perf_counter() - began


def by_bulk(path: str, username: str) -> float:
    """Post documents in lots as large as they may be and do the work they ask for; the seconds it takes."""
    documents = json.loads(Path(path).read_text())
    client = browser(username)
    jobs = []
    began = time.perf_counter()
    for start in range(0, len(documents), MOST):
        response: Any = client.post(
            "/api/v1/invoices/bulk/?async=1", documents[start : start + MOST], content_type="application/json"
        )
        assert response.status_code == 202, response.content[:500]
        jobs.append(response["Location"] if "Location" in response else response.json()["url"])
        _work_off()
    taken = time.perf_counter() - began
    for job in jobs:
        answer = client.get(job).json()
        assert answer["state"] == "done", answer
    return taken


def _work_off() -> None:
    """Do the background work of bulk requests; what follows from them is another benchmark's."""
    waiting = work.Work.objects.filter(kind__startswith="api.bulk", state=work.Work.State.QUEUED)
    while found := list(waiting.order_by("pk").values_list("pk", flat=True)):
        for work_id in found:
            work.run(work_id)
