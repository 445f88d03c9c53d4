"""A worker killed with ``kill -9`` in the middle of the nightly run: nothing is lost, nothing is done twice.

A real worker and scheduler, a real broker, 10 000 accounts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Company, CustomerAccount
from credit import nightly
from credit.models import CreditStanding, NightlyRun
from o2c.shared.models import Work
from tests.factories.accounts import CompanyFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ACCOUNTS = int(os.environ.get("KILL_ACCOUNTS", "40000"))
ROOT = Path(__file__).resolve().parents[2]
# With the clock of the run of tests, see ``tests.clock``.
_CELERY = "from tests import clock; clock.steady(); from celery.__main__ import main; main()"

_BOOK = """
    WITH entities AS (
        INSERT INTO accounts_legalentity (name, country) SELECT 'Entity ' || n, 'FR' FROM generate_series(1, %(n)s) n
        RETURNING id
    ), clients AS (
        INSERT INTO accounts_customeraccount
            (company_id, code, name, entity_id, siret, vat_number, country, address_line1, address_line2, postcode,
             city, currency, term, cap_regime, risk_class, payment_method, language, status, opened_on, version,
             sort_key, search_key)
        SELECT %(company)s, 'N' || id, 'Client ' || id, id, '', '', 'FR', '', '', '', '', 'EUR', 'NET30', 'STD60', 'C',
               'transfer', 'fr', 'ACTIVE', DATE '2020-01-01', 1, 'client', 'client' FROM entities
        RETURNING id
    )
    INSERT INTO invoicing_receivableitem
        (company_id, account_id, kind, document, instalment, issue_date, due_date, currency, amount, open_amount,
         effective_date, recorded_at)
    SELECT %(company)s, c.id, 'OPENING', 'F' || c.id || '-' || n, 1, DATE '2026-01-01', DATE '2026-02-01', 'EUR',
           100 + n + c.id %% 50, 100 + n + c.id %% 50, DATE '2026-01-01', now()
    FROM clients c CROSS JOIN generate_series(1, 5) n
"""


@contextmanager
def process(*arguments: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery process of this database in a process group of its own."""
    # The address of this run's servers, with the name of the test database.
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    with (tmp_path / f"{arguments[0]}.log").open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-c", _CELERY, "-A", "o2c", *arguments],
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


def kill(running: subprocess.Popen[bytes]) -> None:
    """``kill -9`` for the process and everything it started."""
    try:
        os.killpg(running.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    running.wait(60)


def wait_until(condition: Callable[[], bool], seconds: float) -> float:
    """Seconds until a condition holds; fails when it does not."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(0.02)
    pytest.fail(f"still not so after {seconds} seconds")


def figures() -> list[tuple[object, ...]]:
    return list(
        CreditStanding.objects.order_by("level", "target_id").values_list(
            "level", "target_id", "gross_exposure", "net_exposure", "overdue", "available", "parts"
        )
    )


def test_the_run_goes_on_and_counts_every_account_once(real_broker: None, tmp_path: Path) -> None:
    company: Company = CompanyFactory(code="DEMO")
    with connection.cursor() as cursor:
        cursor.execute(_BOOK, {"n": ACCOUNTS, "company": company.pk})
    worker = ("worker", "--concurrency", "1", "--loglevel", "WARNING")
    with process("beat", "--loglevel", "WARNING", "--pidfile", "", tmp_path=tmp_path):
        with process(*worker, tmp_path=tmp_path) as first:
            run = nightly.begin(at=timezone.now())
            wait_until(lambda: NightlyRun.objects.get(pk=run.pk).ranges_done >= 2, 240)
            kill(first)
        run.refresh_from_db()
        assert run.finished_at is None, "killed too late to prove anything"
        assert 2 <= run.ranges_done < run.ranges
        with process(*worker, tmp_path=tmp_path):
            wait_until(lambda: NightlyRun.objects.get(pk=run.pk).ranges_done > run.ranges_done, 240)
            wait_until(lambda: NightlyRun.objects.get(pk=run.pk).finished_at is not None, 300)
    run.refresh_from_db()
    assert (run.accounts, run.ranges_done, run.differences) == (
        CustomerAccount.objects.count(),
        run.ranges,
        [],
    )
    ranges = Work.objects.filter(kind=nightly.ACCOUNTS)
    assert sum(work.result["accounts"] for work in ranges) == ACCOUNTS
    assert set(ranges.values_list("state", flat=True)) == {"done"}
    interrupted = figures()
    CreditStanding.objects.all().delete()
    assert nightly.run_in_foreground(at=timezone.now()).finished_at is not None
    assert figures() == interrupted
