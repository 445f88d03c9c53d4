"""Quotations by HTTP: made once, sent, answered, ordered once, seen by their portfolio alone."""

from __future__ import annotations

import pytest

from orders.models import Order, Quotation

from .conftest import order_body

QUOTATIONS = "/api/v1/quotations/"
ONE = f"{QUOTATIONS}Q-1/"

pytestmark = pytest.mark.django_db


def body(number="Q-1", net="1000.00", **fields):
    return {**order_body(number, net), "currency": "EUR", **fields}


def test_made_once_and_replayed(api, account):
    adv = api("adv")
    made = adv.post(QUOTATIONS, body(valid_until="2099-01-31"))
    assert made.status_code == 201
    assert (made.json()["status"], made.json()["total_incl_vat"], made.json()["valid_until"]) == (
        "draft", "1200.00", "2099-01-31",
    )  # fmt: skip
    assert made.json()["credit_check"]["decision"] == "accept"
    again = adv.post(QUOTATIONS, body(valid_until="2099-01-31"))
    assert (again.status_code, again["Idempotent-Replay"]) == (200, "true")
    other = adv.post(QUOTATIONS, body(net="2000.00"))
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")
    assert Quotation.objects.count() == 1


def test_it_takes_a_number_of_our_own(api, account):
    made = api("adv").post(QUOTATIONS, {k: v for k, v in body().items() if k != "number"})
    assert made.json()["number"].startswith("DEV-")


def test_from_offer_to_order_once(api, account):
    adv = api("adv")
    adv.post(QUOTATIONS, body())
    assert adv.post(f"{ONE}send/").json()["status"] == "sent"
    assert adv.post(f"{ONE}accept/").json()["status"] == "accepted"
    made = adv.post(f"{ONE}order/", {"number": "ORD-9"})
    assert (made.status_code, made.json()["number"], made.json()["status"]) == (201, "ORD-9", "confirmed")
    again = adv.post(f"{ONE}order/", {"number": "ORD-9"})
    assert (again.status_code, again["Idempotent-Replay"]) == (200, "true")
    other = adv.post(f"{ONE}order/", {"number": "ORD-10"})
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")
    shown = adv.get(ONE).json()
    assert (shown["status"], shown["order"]) == ("ordered", "ORD-9")
    assert Order.objects.count() == 1


def test_the_order_passes_the_same_check(api, account):
    adv = api("adv")
    assert adv.post(QUOTATIONS, body(net="20000.00")).json()["credit_check"]["decision"] == "hold"
    made = adv.post(f"{ONE}order/", {}).json()
    assert made["status"] == "on_hold"
    assert [hold["code"] for hold in made["holds"]] == ["OVER_LIMIT"]


def test_wrong_state_is_a_conflict(api, account):
    adv = api("adv")
    adv.post(QUOTATIONS, body())
    assert adv.post(f"{ONE}refuse/", {"reason": ""}).status_code == 400
    assert adv.post(f"{ONE}refuse/", {"reason": "too dear"}).json()["status"] == "refused"
    for act in ("send/", "accept/", "order/"):
        assert adv.post(f"{ONE}{act}", {}).status_code == 409
    old = adv.patch(ONE, {"customer_reference": "x", "version": 1})
    assert (old.status_code, old.json()["code"]) == (409, "changed_meanwhile")


def test_a_draft_is_changed_with_its_version(api, account):
    adv = api("adv")
    made = adv.post(QUOTATIONS, body()).json()
    lines = [{"sku": "B", "description": "Other", "quantity": "2", "unit_price": "10"}]
    changed = adv.patch(ONE, {"lines": lines, "version": made["version"]}).json()
    assert (changed["total_excl_vat"], changed["version"]) == ("20.00", made["version"] + 1)


def test_others_do_not_see_it_and_readers_do_not_act(api, account, other_account):
    api("adv").post(QUOTATIONS, body())
    assert api("sales2").get(ONE).status_code == 404
    assert api("sales2").post(f"{ONE}order/", {}).status_code == 404
    assert api("sales2").get(QUOTATIONS).json()["count"] == 0
    assert api("sales").get(QUOTATIONS).json()["count"] == 1
    refused = api("auditor").post(f"{ONE}send/")
    assert refused.status_code == 403
    assert refused.json()["required_role"]


def test_lists_filter_and_sort(api, account):
    adv = api("adv")
    adv.post(QUOTATIONS, body("Q-1"))
    adv.post(QUOTATIONS, body("Q-2", "50.00"))
    adv.post(f"{ONE}send/")
    assert [row["number"] for row in adv.get(QUOTATIONS, {"status": "sent"}).json()["results"]] == ["Q-1"]
    by_total = adv.get(QUOTATIONS, {"ordering": "total_incl_vat", "account": "C0001"}).json()["results"]
    assert [row["number"] for row in by_total] == ["Q-2", "Q-1"]


def test_the_file(api, account):
    adv = api("adv")
    adv.post(QUOTATIONS, body())
    file = adv.get(f"{ONE}pdf/")
    assert file["Content-Type"] == "application/pdf"
    assert file.content.startswith(b"%PDF-")
