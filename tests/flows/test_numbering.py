"""Eight processes on one number series, two killed: no gap, no double, no date that goes back (CGI 242 nonies A)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from invoicing import proofs
from invoicing.models import Invoice, NumberSeries, ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

from .test_killed_worker import ROOT, kill, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

COUNT = int(os.environ.get("NUMBERED_INVOICES", "400"))
PROCESSES = 8


@contextmanager
def issuing(username: str, count: int, number: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    with (tmp_path / f"{number}.log").open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.issuing", username, str(count), str(number)],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "o2c.settings"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield running
    finally:
        kill(running)


def said(tmp_path: Path) -> str:
    return "\n".join(path.read_text() for path in tmp_path.glob("*.log"))


def told(running: Iterable[subprocess.Popen[bytes]], tmp_path: Path) -> int:
    """How many are issued; a process that fell down says so at once."""
    assert not any((process.poll() or 0) > 0 for process in running), said(tmp_path)
    return Invoice.objects.count()


def test_numbers_are_continuous_whoever_is_killed(tmp_path: Path) -> None:
    company = CompanyFactory(code="NUM")
    for _number in range(5):
        CustomerAccountFactory(company=company)
    by = make_user("receivables_accountant", company)
    share = COUNT // PROCESSES
    with ExitStack() as stack:
        running = [
            stack.enter_context(issuing(by.username, share, number, tmp_path)) for number in range(PROCESSES)
        ]
        for victim, reached in ((running[0], COUNT // 8), (running[1], COUNT // 4)):
            wait_until(lambda reached=reached: told(running, tmp_path) >= reached, 600)  # type: ignore[misc]
            kill(victim)
        for survivor in running[2:]:
            assert survivor.wait(600) == 0, said(tmp_path)
        left = COUNT - Invoice.objects.count()
        assert left > 0
        assert stack.enter_context(issuing(by.username, left, 9, tmp_path)).wait(600) == 0

    year = paris_date(timezone.now()).year
    rows = list(Invoice.objects.order_by("number").values_list("number", "issue_date"))
    found: dict[str, list[tuple[int, date]]] = {}
    for number, day in rows:
        series, _dash, position = number.rpartition("-")
        found.setdefault(series, []).append((int(position), day))
    assert sum(map(len, found.values())) == COUNT
    for issued in found.values():
        assert [position for position, _day in issued] == list(range(1, len(issued) + 1))
        days = [day for _position, day in issued]
        assert days == sorted(days)
    assert NumberSeries.objects.get(fiscal_year=year).next_number == len(found[f"FA{year}"]) + 1
    # Nothing of a killed act is left: each document has its item and its line of the journal.
    assert ReceivableItem.objects.count() == COUNT
    assert AuditEvent.objects.filter(action="invoice.issued").count() == COUNT
    assert list(proofs.differences()) == []
