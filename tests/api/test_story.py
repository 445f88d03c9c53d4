"""The main job by HTTP: an order over the limit is held with every reason, seen, refused, released, and told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from o2c.shared.calendar import paris_date
from tests.factories.orders import open_item

from .conftest import order_body

pytestmark = pytest.mark.django_db

ORDERS = "/api/v1/orders/"
ORDER = f"{ORDERS}ORD-1/"


def test_an_order_over_the_limit_from_entry_to_release(api, account):
    late = paris_date(timezone.now()) - timedelta(days=40)
    open_item(account, "9000", due=late)
    adv, sales, credit = api("adv"), api("sales"), api("credit")

    # ADV enters it: on hold with every reason and its figures.
    body = order_body(net="30000.00", submit=True)
    entered = adv.post(ORDERS, body)
    shown = entered.json()
    assert (entered.status_code, shown["status"]) == (201, "on_hold")
    assert (shown["total_excl_vat"], shown["total_incl_vat"]) == ("30000.00", "36000.00")
    figures = {hold["code"]: hold["figures"] for hold in shown["holds"]}
    assert set(figures) == {"OVER_LIMIT", "OVERDUE_DAYS", "OVERDUE_AMOUNT"}
    assert figures["OVER_LIMIT"] == {"excess": "35000.00"}
    assert (figures["OVERDUE_DAYS"]["amount"], figures["OVERDUE_DAYS"]["oldest_days"]) == ("9000.00", 40)
    assert (figures["OVERDUE_AMOUNT"]["amount"], figures["OVERDUE_AMOUNT"]["threshold"]) == (
        "9000.00",
        "900.00",
    )
    assert "€35,000.00" in shown["holds"][0]["message"]
    decision = shown["credit_decision"]
    assert (decision["decision"], decision["available_before"], decision["over_limit_by"]) == (
        "hold",
        "1000.00",
        "35000.00",
    )
    assert {finding["code"] for finding in decision["findings"]} >= set(figures)

    # The salesperson sees why; a colleague sees nothing; the queue shows it.
    assert sales.get(ORDER).json()["holds"] == shown["holds"]
    assert api("sales2").get(ORDER).status_code == 404
    assert api("sales2").get("/api/v1/holds/", {"status": "open"}).json()["count"] == 0
    queue = credit.get("/api/v1/holds/", {"status": "open"}).json()["results"]
    assert [(row["order"], row["account"], row["amount"]) for row in queue] == [
        ("ORD-1", "C0001", "36000.00")
    ]
    assert set(queue[0]["codes"]) == set(figures)

    # A held submitted order is beside the exposure, not in it.
    exposure = sales.get("/api/v1/accounts/C0001/exposure/").json()
    assert (exposure["on_hold_orders"], exposure["net_exposure"]) == ("36000.00", "9000.00")

    # Nobody below the authority releases it, nobody who entered it, nobody without saying why.
    above = api("analyst").post(f"{ORDER}release/", {"comment": "They always pay"})
    assert (above.status_code, above.json()["code"]) == (403, "authority_exceeded")
    assert above.json()["required_role"] == "credit_manager"
    own = adv.post(f"{ORDER}release/", {"comment": "Mine"})
    assert (own.status_code, own.json()["code"]) == (403, "four_eyes")
    no_right = sales.post(f"{ORDER}release/", {"comment": "Please"})
    assert (no_right.status_code, no_right.json()["required_role"]) == (403, "credit_manager")
    assert api("sales2").post(f"{ORDER}release/", {"comment": "x"}).status_code == 404
    silent = credit.post(f"{ORDER}release/", {"comment": " "})
    assert (silent.status_code, list(silent.json()["errors"])) == (400, ["comment"])
    assert credit.get(ORDER).json()["status"] == "on_hold"

    # The credit manager releases it with a reason.
    released = credit.post(f"{ORDER}release/", {"comment": "Bank guarantee received"})
    assert (released.status_code, released.json()["status"], released.json()["holds"]) == (
        200,
        "confirmed",
        [],
    )
    assert credit.post(f"{ORDER}release/", {"comment": "again"}).status_code == 409
    assert sales.get("/api/v1/accounts/C0001/exposure/").json()["net_exposure"] == "45000.00"

    # The journal tells the whole story.
    events = credit.get("/api/v1/audit/", {"object": "ORD-1"}).json()["results"]
    told = [(event["actor"], event["action"]) for event in reversed(events)]
    assert told[:2] == [("adv", "order.entered"), ("adv", "order.submitted")]
    assert ("credit", "order.released") in told
    release = next(event for event in events if event["action"] == "order.released")
    assert release["reason"] == "Bank guarantee received"
    assert (release["after"]["over_limit_by"], release["account"]) == ("35000.00", "C0001")
    assert set(release["after"]["covers"]) == set(figures)
    assert api("sales2").get("/api/v1/audit/", {"object": "ORD-1"}).json()["count"] == 0
    assert [e["id"] for e in sales.get("/api/v1/audit/", {"action": "order.released"}).json()["results"]] == [
        release["id"]
    ]

    # The same body again is a replay, whatever the form of its numbers; another under the number is a conflict.
    again = adv.post(ORDERS, body | {"submit": False})
    assert (again.status_code, again["Idempotent-Replay"], again.json()["status"]) == (
        200,
        "true",
        "confirmed",
    )
    body["lines"][0]["quantity"] = "1.000"
    assert adv.post(ORDERS, body)["Idempotent-Replay"] == "true"
    other = adv.post(ORDERS, order_body(net="30000.01"))
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")
    assert adv.get(ORDERS).json()["count"] == 1


def test_unknown_and_other_reps_clients_cannot_be_sold_to(api, account, other_account):
    for client in ("NONE", "C0002"):
        answer = api("sales").post(ORDERS, order_body(account=client))
        assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")
    assert api("auditor").post(ORDERS, order_body()).json()["required_role"] == "sales"
