"""Papers of an order by HTTP: evidence, purchase order with its review, confirmation."""

from __future__ import annotations

import base64

import pytest

from .conftest import order_body

ORDERS = "/api/v1/orders/"
ORDER = f"{ORDERS}ORD-1/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirmed(api, account):
    answer = api("integration").post(ORDERS, order_body(submit=True))
    assert answer.json()["status"] == "confirmed"


def theirs(quantity="1", **fields):
    return {
        "number": "PO-7",
        "lines": [{"sku": "A1", "description": "Goods", "quantity": quantity, "unit_price": "1000.00"}],
        **fields,
    }


def test_evidence_is_added_and_listed(api, confirmed):
    adv = api("adv")
    content = base64.b64encode(b"%PDF-1.7 signed").decode()
    made = adv.post(f"{ORDER}evidence/", {"channel": "email", "file": {"name": "po.pdf", "content": content}})
    assert (made.status_code, made.json()["name"]) == (201, "po.pdf")
    assert adv.post(f"{ORDER}evidence/", {"channel": "email"}).status_code == 400
    assert [row["name"] for row in adv.get(f"{ORDER}evidence/").json()] == ["po.pdf"]
    assert adv.get(ORDER).json()["has_evidence"] is True
    assert api("sales2").get(f"{ORDER}evidence/").status_code == 404
    assert api("auditor").post(f"{ORDER}evidence/", {"channel": "email", "reference": "x"}).status_code == 403


def test_a_purchase_order_is_compared_and_a_difference_accepted(api, confirmed):
    adv = api("adv")
    assert adv.get(f"{ORDER}purchase-order/").status_code == 404
    review = adv.put(f"{ORDER}purchase-order/", theirs("2")).json()
    assert (review["open_differences"], review["open_amount"]) == (1, "1000.00")
    assert review["differences"][0] | {"description": ""} == {
        "place": "10.quantity", "field": "quantity", "line": 10, "description": "", "ours": "1", "theirs": "2",
        "amount": "-1000.00", "accepted": False,
    }  # fmt: skip
    order = adv.get(ORDER).json()
    assert (order["status"], order["holds"][0]["code"]) == ("on_hold", "PO_MISMATCH")
    assert order["holds"][0]["decided_by"] == "adv_officer"
    accepted = adv.post(f"{ORDER}purchase-order/accept/", {"place": "10.quantity", "reason": "rest in May"})
    assert accepted.json()["open_differences"] == 0
    assert adv.get(ORDER).json()["status"] == "confirmed"
    again = adv.post(f"{ORDER}purchase-order/accept/", {"place": "10.quantity", "reason": "x"})
    assert again.status_code == 409


def test_the_confirmation_is_a_file_of_a_confirmed_order(api, confirmed):
    adv = api("adv")
    assert api("auditor").get(f"{ORDER}confirmation/").status_code == 404
    file = adv.get(f"{ORDER}confirmation/")
    assert file["Content-Type"] == "application/pdf"
    first = b"".join(file.streaming_content)
    assert b"".join(api("auditor").get(f"{ORDER}confirmation/").streaming_content) == first
    adv.post(ORDERS, order_body("ORD-2", "90000.00", submit=True))
    assert adv.get(f"{ORDERS}ORD-2/confirmation/").status_code == 409


def test_production_starts_once(api, confirmed):
    adv = api("adv")
    assert adv.post(f"{ORDER}start-production/").json()["production_started_at"]
    assert adv.post(f"{ORDER}start-production/").status_code == 409
