"""A worker killed twice with ``kill -9`` while invoices come in, by file and by ``bulk/``: each exactly once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Company, User
from credit.api.bulk import MOST
from invoicing.models import Invoice, ReceivableItem
from o2c.imports import runs, services
from o2c.imports.kinds import shape_of
from o2c.imports.models import ImportRun
from o2c.shared.models import AuditEvent, Work
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

from .test_killed_worker import kill, process, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

COUNT = int(os.environ.get("KILL_INVOICES", "4000"))
WORKER = ("worker", "--concurrency", "1", "--loglevel", "WARNING")
CLIENTS = 20


@pytest.fixture
def company() -> Company:
    company: Company = CompanyFactory(code="DEMO")
    for number in range(CLIENTS):
        CustomerAccountFactory(company=company, code=f"C{number}")
    return company


@pytest.fixture
def user(company: Company) -> User:
    return make_user("integration", company)


@contextmanager
def killed_twice(tmp_path: Path, work_id: int) -> Iterator[None]:
    """Two workers, each killed while it has a piece in hand, then one that may finish."""

    def has_some() -> bool:
        return Work.objects.filter(pk__gte=work_id, state="running").exists()

    with process("beat", "--loglevel", "WARNING", "--pidfile", "", tmp_path=tmp_path):
        for _time in range(2):
            with process(*WORKER, tmp_path=tmp_path) as worker:
                wait_until(has_some, 240)
                kill(worker)
        with process(*WORKER, tmp_path=tmp_path):
            yield


def assert_once() -> None:
    assert Invoice.objects.count() == COUNT
    assert Invoice.objects.values("number").distinct().count() == COUNT
    assert ReceivableItem.objects.count() == COUNT
    assert AuditEvent.objects.filter(action="invoice.imported").count() == COUNT


def test_a_file_counts_once(
    real_broker: None, tmp_path: Path, settings: Any, company: Company, user: User
) -> None:
    settings.MEDIA_ROOT = Path(os.environ["PORTAL_HOME"]) / "files"
    day = f"{timezone.localdate() - timedelta(days=20):%d/%m/%Y}"
    lines = [f"F{n};C{n % CLIENTS};{day};{n % 900 + 1},50" for n in range(COUNT)]
    text = "\n".join(["number;account;issue_date;total_incl_vat", *lines])
    run = services.upload(
        company_code="DEMO",
        file=SimpleUploadedFile("invoices.csv", text.encode()),
        mapping="",
        kind="invoices",
        shape=shape_of("invoices"),
        as_of=None,
        by=user,
        at=timezone.now(),
    )
    assert runs.choose_mapping(run=run)
    started = services.start(import_id=run.pk, keep_good_lines=False, by=user, at=timezone.now())
    assert started.work_id is not None
    with killed_twice(tmp_path, started.work_id):
        wait_until(lambda: ImportRun.objects.get(pk=run.pk).status == "done", 300)
    run.refresh_from_db()
    assert (run.counts["new"], run.counts["refused"]) == (COUNT, 0)
    assert_once()
    Path(run.file.path).unlink()


def test_a_batch_counts_once(real_broker: None, tmp_path: Path, company: Company, user: User) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    day = timezone.localdate() - timedelta(days=20)
    documents = [
        {
            "number": f"F{n}",
            "account": f"C{n % CLIENTS}",
            "issue_date": f"{day}",
            "due_date": f"{day}",
            "currency": "EUR",
            "total_incl_vat": "12.50",
            "origin": "imported",
        }
        for n in range(COUNT)
    ]
    jobs = []
    for start in range(0, COUNT, MOST):
        accepted = client.post("/api/v1/invoices/bulk/?async=1", documents[start : start + MOST])
        assert accepted.status_code == 202
        jobs.append((accepted.json()["id"], accepted["Location"]))

    def all_done() -> bool:
        return all(client.get(address).json()["state"] == "done" for _id, address in jobs)

    with killed_twice(tmp_path, jobs[0][0]):
        wait_until(all_done, 600)
    results = [client.get(address).json()["result"] for _id, address in jobs]
    assert sum(result["created"] for result in results) == COUNT
    assert {(result["unchanged"], result["failed"]) for result in results} == {(0, 0)}
    assert_once()
