"""Exposure, check and limits by HTTP."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from credit import nightly
from credit.models import CreditDecision
from o2c.shared import work
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.orders import open_item

pytestmark = pytest.mark.django_db

CLIENT = "/api/v1/accounts/C0001/"
REQUESTS = "/api/v1/limit-requests/"


def test_exposure_has_the_shape_of_the_contract(api, account):
    open_item(account, "4000")
    open_item(account, "-500", kind="PAYMENT")
    shown = api("sales").get(f"{CLIENT}exposure/").json()
    parts = {part["code"]: part["amount"] for part in shown["parts"]}
    assert list(parts) == [
        "open_invoices",
        "delivered_not_invoiced",
        "open_orders",
        "bills_not_matured",
        "discounted_not_matured",
        "claimed_penalties",
        "unallocated_payments",
        "unallocated_credit_notes",
        "deposits_held",
    ]
    assert (parts["open_invoices"], parts["unallocated_payments"]) == ("4000.00", "-500.00")
    assert (shown["gross_exposure"], shown["net_exposure"]) == ("4000.00", "3500.00")
    assert (shown["effective_limit"], shown["available"]) == ("10000.00", "6500.00")
    assert (shown["utilisation"], shown["binding_level"], shown["source"]) == ("0.3500", "account", "live")
    assert sum(Decimal(amount) for amount in parts.values()) == Decimal(shown["net_exposure"])
    assert [level["level"] for level in shown["levels"]] == ["account", "entity"]


def test_past_exposure_comes_from_its_snapshot(api, account):
    open_item(account, "4000")
    today = paris_date(timezone.now())
    sales = api("sales")
    early = sales.get(f"{CLIENT}exposure/", {"as_of": today - timedelta(days=1)})
    assert (early.status_code, early.json()["code"]) == (404, "no_snapshot")
    nightly.begin(at=timezone.now() - timedelta(days=2))
    work.drain()
    open_item(account, "1000")
    shown = sales.get(f"{CLIENT}exposure/", {"as_of": today - timedelta(days=1)}).json()
    assert (shown["source"], shown["as_of"]) == ("snapshot", str(today - timedelta(days=1)))
    assert shown["effective_limit"] == "10000.00"
    assert sales.get(f"{CLIENT}exposure/", {"as_of": today}).json()["net_exposure"] == "5000.00"
    assert sales.get(f"{CLIENT}exposure/", {"as_of": today + timedelta(days=1)}).status_code == 400
    assert sales.get(f"{CLIENT}exposure/", {"as_of": "soon"}).json()["errors"]["as_of"] != []


def test_a_check_answers_with_findings_and_stores_nothing(api, account):
    open_item(account, "9000")
    answer = api("sales").post(f"{CLIENT}credit-check/", {"amount": "1500.00"})
    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["decision"], shown["over_limit_by"], shown["binding_level"]) == (
        "hold",
        "500.00",
        "account",
    )
    assert (shown["available_before"], shown["available_after"]) == ("1000.00", "-500.00")
    finding = shown["findings"][0]
    assert (finding["code"], finding["severity"]) == ("OVER_LIMIT", "hold")
    assert (finding["figures"], finding["decided_by"]) == ({"excess": "500.00"}, "credit_analyst")
    assert shown["causes"] == []
    kinds = [found["kind"] for found in shown["alternatives"]]
    assert kinds == ["DEPOSIT", "EARLY_PAYMENT", "SHORTER_TERM", "TEMPORARY_LIMIT"]
    assert shown["release_expected_on"] is not None
    assert not CreditDecision.objects.exists()
    assert api("sales").post(f"{CLIENT}credit-check/", {"amount": "1000"}).json()["decision"] == "accept"


def test_a_client_without_decision_has_no_credit(api, people, company):
    CustomerAccountFactory(company=company, code="C0009")
    shown = api("adv").get("/api/v1/accounts/C0009/exposure/").json()
    assert (shown["limit"]["kind"], shown["limit"]["amount"]) == ("none", None)
    assert (shown["effective_limit"], shown["available"], shown["utilisation"]) == ("0.00", "0.00", None)
    check = api("adv").post("/api/v1/accounts/C0009/credit-check/", {"amount": "0.01"}).json()
    assert [finding["code"] for finding in check["findings"]] == ["NO_LIMIT"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": "abc"},
        {"amount": "-1"},
        {"amount": "1.005"},
        {"amount": 1e30},
        {"amount": True},
        {"amount": ["1"]},
        {"amount": "10", "term": "whenever"},
        {"amount": "10", "currency": "€"},
        {"amount": "10", "delivery_date": "31/12/2026"},
    ],
)
def test_a_check_refuses_what_it_cannot_read(api, account, body):
    answer = api("sales").post(f"{CLIENT}credit-check/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_json_number_is_taken_as_it_is_written(api, account):
    answer = api("sales").post(
        f"{CLIENT}credit-check/", data='{"amount": 10000.10}', content_type="application/json"
    )
    assert answer.json()["over_limit_by"] == "0.10"


def wish(**fields):
    return {"account": "C0001", "amount": "20000.00", "currency": "EUR", "reason": "Growth"} | fields


def test_a_limit_is_asked_for_by_one_and_decided_by_another(api, account):
    asked = api("sales").post(REQUESTS, wish(submit=True))
    assert (asked.status_code, asked.json()["status"], asked.json()["level"]) == (201, "submitted", "account")
    path = f"{REQUESTS}{asked.json()['id']}/"
    assert api("sales").post(f"{path}approve/", {"reason": "me"}).status_code == 403
    assert api("sales2").get(path).status_code == 404
    assert api("credit").post(f"{path}approve/", {"reason": ""}).status_code == 400
    granted = api("credit").post(f"{path}approve/", {"reason": "Good payer"})
    assert (granted.status_code, granted.json()["status"]) == (200, "approved")
    assert api("credit").post(f"{path}refuse/", {"reason": "late"}).json()["code"] == "wrong_state"
    assert api("sales").get(f"{CLIENT}exposure/").json()["effective_limit"] == "20000.00"
    rows = api("sales").get(f"{CLIENT}limits/").json()["results"]
    assert [(row["amount"], row["closed_on"] is None, row["decided_by"]) for row in rows] == [
        ("20000.00", True, "credit"),
        ("10000.00", False, "credit"),
    ]


def test_four_eyes_and_authority_on_limits(api, account):
    own = api("analyst").post(REQUESTS, wish(amount="12000", submit=True)).json()["id"]
    refused = api("analyst").post(f"{REQUESTS}{own}/approve/", {"reason": "mine"})
    assert (refused.status_code, refused.json()["code"]) == (403, "four_eyes")
    large = api("sales").post(REQUESTS, wish(amount="900000", submit=True)).json()["id"]
    above = api("analyst").post(f"{REQUESTS}{large}/approve/", {"reason": "sure"})
    assert (above.status_code, above.json()["code"]) == (403, "authority_exceeded")
    assert above.json()["required_role"] not in (None, "credit_analyst")


def test_a_draft_request_is_submitted_later(api, account):
    made = api("sales").post(REQUESTS, wish()).json()
    assert made["status"] == "draft"
    assert api("sales").post(f"{REQUESTS}{made['id']}/submit/").json()["status"] == "submitted"
    assert api("sales").post(f"{REQUESTS}{made['id']}/submit/").status_code == 409
    listed = api("credit").get(REQUESTS, {"status": "submitted", "account": "C0001"}).json()
    assert [row["id"] for row in listed["results"]] == [made["id"]]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"amount": None}, "amount"),
        ({"kind": "unlimited"}, "amount"),
        ({"kind": "temporary"}, "valid_until"),
        ({"level": "group"}, "level"),
        ({"level": "world"}, "level"),
        ({"currency": "USD"}, "currency"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
    ],
)
def test_a_wish_that_does_not_fit_is_named(api, account, fields, field):
    answer = api("sales").post(REQUESTS, wish(**fields))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_unknown_and_other_reps_clients_are_not_there(api, account, other_account):
    for path in ("NONE", "C0002"):
        base = f"/api/v1/accounts/{path}/"
        for asked in (api("sales").get(f"{base}exposure/"), api("sales").post(f"{base}credit-check/", {})):
            assert (asked.status_code, asked.json()["code"]) == (404, "account_not_found")
    assert api("sales").post(REQUESTS, wish(account="C0002")).status_code == 404
