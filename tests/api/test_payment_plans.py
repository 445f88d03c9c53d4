"""Payment plans by HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from tests.factories.accounts import make_user

from .test_invoicing import imported

pytestmark = pytest.mark.django_db

PLANS = "/api/v1/payment-plans/"
TODAY = timezone.localdate()


@pytest.fixture
def item(api: Any, account: CustomerAccount) -> dict[str, Any]:
    made = api("accountant").post("/api/v1/invoices/", imported()).json()
    found: dict[str, Any] = made["items"][0]
    return found


def body(item: dict[str, Any], **fields: Any) -> dict[str, Any]:
    day = (TODAY + timedelta(days=7)).isoformat()
    return {
        "account": "C0001", "items": [item["id"]], "instalments": [{"date": day, "amount": item["open_amount"]}],
        "signatory": "Anne Blanc", "capacity": "manager",
    } | fields  # fmt: skip


def test_a_plan_is_made_signed_and_broken(
    api: Any, company: Company, people: dict[str, User], item: dict[str, Any]
):
    people["director"] = make_user("finance_director", company, "director")
    answer = api("adv").post(PLANS, body(item))
    told = answer.json()
    assert (answer.status_code, told["status"], told["items"], told["amount"]) == (
        201, "DRAFT", [item["id"]], item["open_amount"],
    )  # fmt: skip
    here = f"{PLANS}{told['id']}/"
    assert api("adv").post(f"{here}sign/", {}).json()["status"] == "SIGNED"
    refused = api("adv").post(f"{here}approve/")
    assert (refused.status_code, refused.json()["required_role"]) == (403, "credit_analyst")
    running = api("credit").post(f"{here}approve/").json()
    assert (running["status"], running["approved_by"], running["signatory"]) == (
        "ACTIVE",
        "credit",
        "Anne Blanc",
    )
    expected = api("sales").get("/api/v1/items/", {"open": "1"}).json()["results"][0]
    assert expected["expected_because"] == "promise"
    assert api("adv").post(f"{here}cancel/", {"reason": "x"}).status_code == 409
    late = api("director").post(f"{here}notice/")
    assert (late.status_code, late.json()["code"]) == (409, "plan_not_late")
    broken = api("credit").post(f"{here}break/", {"reason": "stopped its trade"}).json()
    assert (broken["status"], broken["reason"], broken["ended_on"]) == (
        "BROKEN", "stopped its trade", TODAY.isoformat(),
    )  # fmt: skip
    found = api("credit").get(PLANS, {"account": "C0001", "status": "BROKEN", "item": item["id"]}).json()
    assert [row["id"] for row in found["results"]] == [told["id"]]


def test_signed_by_who_may_grant_time_it_runs(api: Any, item: dict[str, Any]):
    told = api("accountant").post(PLANS, body(item, signatory="", capacity="")).json()
    here = f"{PLANS}{told['id']}/"
    unsigned = api("accountant").post(f"{here}sign/", {})
    assert (unsigned.status_code, set(unsigned.json()["errors"])) == (400, {"signatory", "capacity"})
    signed = api("accountant").post(f"{here}sign/", {"signatory": "Anne", "capacity": "manager"}).json()
    assert (signed["status"], signed["signed_on"]) == ("ACTIVE", TODAY.isoformat())


def test_refusals(api: Any, item: dict[str, Any], other_account: CustomerAccount):
    books = api("accountant")
    wrong = books.post(PLANS, body(item, amount="1.00"))
    assert (wrong.status_code, set(wrong.json()["errors"])) == (400, {"instalments"})
    day = TODAY.isoformat()
    for part in ({"amount": "1.00"}, {"date": day, "due_date": day, "amount": "1.00"}, {"date": day}):
        assert books.post(PLANS, body(item, instalments=[part])).status_code == 400
    assert books.post(PLANS, body(item, account="C0002")).status_code == 400
    by_due_date = [{"due_date": day, "amount": item["open_amount"]}]
    assert books.post(PLANS, body(item, instalments=by_due_date)).status_code == 201
    again = books.post(PLANS, body(item))
    assert (again.status_code, again.json()["code"]) == (409, "plan_open")
