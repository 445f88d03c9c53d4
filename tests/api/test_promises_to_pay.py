"""Promises to pay by HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import CustomerAccount

from .test_invoicing import imported

pytestmark = pytest.mark.django_db

PROMISES = "/api/v1/promises/"
SOON = (timezone.localdate() + timedelta(days=7)).isoformat()


@pytest.fixture
def item(api: Any, account: CustomerAccount) -> int:
    made = api("accountant").post("/api/v1/invoices/", imported()).json()
    key: int = made["items"][0]["id"]
    return key


def body(item: int, **fields: Any) -> dict[str, Any]:
    return {"account": "C0001", "items": [item], "amount": "500.00", "promised_date": SOON,
            "method": "transfer"} | fields  # fmt: skip


def test_a_promise_is_noted_shown_and_cancelled(api: Any, item: int):
    answer = api("sales").post(PROMISES, body(item))
    told = answer.json()
    assert (answer.status_code, told["status"], told["amount"], told["items"]) == (
        201,
        "OPEN",
        "500.00",
        [item],
    )
    assert (told["taken_by"], told["promised_date"]) == ("sales", SOON)
    expected = api("sales").get("/api/v1/items/", {"open": "1"}).json()["results"][0]
    assert expected["expected_because"] == "promise"
    again = api("credit").post(PROMISES, body(item))
    assert (again.status_code, again.json()["code"]) == (409, "promise_open")
    found = api("credit").get(PROMISES, {"account": "C0001", "status": "OPEN", "item": item}).json()
    assert [row["id"] for row in found["results"]] == [told["id"]]

    ended = api("adv").post(f"{PROMISES}{told['id']}/cancel/", {"reason": "will not pay"}).json()
    assert (ended["status"], ended["reason"]) == ("CANCELLED", "will not pay")
    assert api("adv").post(f"{PROMISES}{told['id']}/cancel/", {"reason": "x"}).status_code == 409


def test_refusals(api: Any, item: int, other_account: CustomerAccount):
    books = api("accountant")
    assert books.post(PROMISES, body(item, promised_date="2020-01-01")).status_code == 400
    too_much = books.post(PROMISES, body(item, amount="99999.00"))
    assert (too_much.status_code, too_much.json()["code"]) == (422, "promised_too_much")
    assert books.post(PROMISES, body(item, account="C0002")).status_code == 400
    assert books.post(PROMISES, body(10**9)).status_code == 404
    assert api("sales2").post(PROMISES, body(item)).status_code == 404
    refused = api("auditor").post(PROMISES, body(item))
    assert (refused.status_code, refused.json()["required_role"] is not None) == (403, True)
    assert api("auditor").get(PROMISES).json()["count"] == 0
