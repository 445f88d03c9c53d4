"""Runs and reminders by HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Contact, CustomerAccount

from .test_invoicing import imported

pytestmark = pytest.mark.django_db

RUNS = "/api/v1/dunning-runs/"
REMINDERS = "/api/v1/reminders/"


def ago(days: int) -> str:
    return (timezone.localdate() - timedelta(days=days)).isoformat()


@pytest.fixture
def late(api: Any, account: CustomerAccount) -> int:
    """An item of 1200, nine days late."""
    body = imported() | {"issue_date": ago(40), "due_date": ago(9)}
    made = api("accountant").post("/api/v1/invoices/", body).json()
    key: int = made["items"][0]["id"]
    return key


def test_a_run_is_proposed_approved_and_sent(api: Any, late: int, account: CustomerAccount, work_drain: Any):
    Contact.objects.create(account=account, name="Payer", email="payer@client.test")
    books = api("accountant")
    dry = books.post(RUNS, {"dry_run": True})
    assert (dry.status_code, dry.json()["id"], books.get(RUNS).json()["count"]) == (200, None, 0)
    answer = books.post(RUNS, {})
    told = answer.json()
    assert (answer.status_code, told["status"], told["as_of"]) == (201, "proposed", ago(0))
    for letters in (dry.json()["letters"], told["letters"]):
        (letter,) = letters
        assert (letter["account"], letter["step"], letter["channel"]) == ("C0001", 2, "email")
        assert (letter["total"], letter["currency"]) == ("1200.00", "EUR")
        assert [(row["id"], row["step"], row["amount"]) for row in letter["items"]] == [(late, 2, "1200.00")]
    assert books.post(RUNS, {}).json()["letters"] == []

    address = f"{RUNS}{told['id']}/"
    assert books.post(f"{address}approve/").json()["status"] == "reviewed"
    work_drain()
    assert books.get(address).json()["status"] == "sent"
    (reminder,) = api("sales").get(REMINDERS, {"account": "C0001"}).json()["results"]
    assert (reminder["status"], reminder["sent_to"], reminder["total"]) == (
        "sent",
        "payer@client.test",
        "1200.00",
    )
    again = books.post(f"{address}approve/")
    assert (again.status_code, again.json()["code"]) == (409, "run_reviewed")
    messages = api("admin").get("/api/v1/outbox/").json()["results"]
    assert any(row["kind"] == "dunning.reminder" for row in messages)


def test_days_and_what_is_left_out(api: Any, late: int):
    credit = api("credit")
    promised = {"account": "C0001", "items": [late], "promised_date": ago(-5)}
    assert credit.post("/api/v1/promises/", promised).status_code == 201
    told = credit.post(RUNS, {"as_of": ago(-3)}).json()
    assert told["letters"] == []
    assert [(row["account"], row["reason"]) for row in told["excluded"]] == [("C0001", "promised")]
    early = credit.post(RUNS, {"as_of": ago(0)})
    assert (early.status_code, early.json()["code"]) == (409, "run_before_last")
    assert credit.post(RUNS, {"as_of": ago(0), "dry_run": True}).status_code == 200
    assert credit.post(RUNS, {"as_of": "tomorrow"}).status_code == 400


def test_who_may_not(api: Any, late: int):
    assert api("sales").post(RUNS, {}).status_code == 403
    assert api("sales").get(RUNS).status_code == 403
    made = api("credit").post(RUNS, {}).json()["letters"][0]["id"]
    assert api("sales").get(f"{REMINDERS}{made}/").status_code == 200
    assert api("sales2").get(f"{REMINDERS}{made}/").status_code == 404
    assert api("sales2").get(REMINDERS).json()["count"] == 0


def test_the_command(api: Any, late: int, capsys: Any):
    call_command("run_dunning", company="DEMO", dry_run=True)
    call_command("run_dunning", company="DEMO")
    call_command("run_dunning")
    day = ago(0)
    assert capsys.readouterr().out.splitlines() == [
        f"DEMO {day}: 1 letters, 0 items left out",
        f"DEMO {day}: 1 letters, 0 items left out",
        f"DEMO {day}: 0 letters, 0 items left out",
    ]
