"""Returned payments by HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import CustomerAccount

from .test_invoicing import ITEMS, PAYMENTS, day, imported, payment

pytestmark = pytest.mark.django_db

BODY = {"date": day(0), "reason": "Insufficient funds", "fee": "12.50"}


@pytest.fixture
def paid(api: Any, account: CustomerAccount) -> str:
    """The address of a payment of 500 put on an invoice of 1200."""
    books = api("accountant")
    invoice = books.post("/api/v1/invoices/", imported()).json()
    made = books.post(PAYMENTS, payment()).json()
    body = {"items": [{"item": invoice["items"][0]["id"], "amount": "500.00"}]}
    assert books.post(f"{PAYMENTS}{made['id']}/allocate/", body).status_code == 200
    return f"{PAYMENTS}{made['id']}/"


def opened(api: Any) -> dict[str, str]:
    rows = api("accountant").get(ITEMS, {"open": "1"}).json()["results"]
    return {row["kind"]: row["open_amount"] for row in rows}


def test_a_return_opens_what_it_had_settled_and_is_shown_with_the_payment(api: Any, paid: str):
    answer = api("accountant").post(f"{paid}return/", BODY)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["unallocated_amount"]) == ("returned", "0.00")
    assert (body["returned"]["date"], body["returned"]["fee"]) == (BODY["date"], "12.50")
    assert opened(api) == {"INVOICE": "1200.00", "BANK_FEE": "12.50"}
    found = api("accountant").get(PAYMENTS, {"status": "returned"}).json()
    assert [row["external_id"] for row in found["results"]] == ["BK-1"]
    assert api("accountant").get(PAYMENTS, {"status": "allocated"}).json()["count"] == 0


def test_the_same_once_more_is_a_replay_another_a_conflict(api: Any, paid: str):
    books = api("accountant")
    books.post(f"{paid}return/", BODY)

    again = books.post(f"{paid}return/", BODY)
    assert (again.status_code, again.headers["Idempotent-Replay"]) == (200, "true")
    other = books.post(f"{paid}return/", BODY | {"fee": "1.00"})
    assert (other.status_code, other.json()["code"]) == (409, "already_returned")


def test_an_undone_return_leaves_what_was(api: Any, paid: str):
    books = api("accountant")
    books.post(f"{paid}return/", BODY)

    assert books.delete(f"{paid}return/").status_code == 204
    assert opened(api) == {"INVOICE": "700.00"}
    assert books.get(paid).json()["status"] == "allocated"
    again = books.delete(f"{paid}return/")
    assert (again.status_code, again.json()["code"]) == (409, "not_returned")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (BODY | {"date": day(1)}, 422, "dated_ahead"),
        (BODY | {"date": day(-1)}, 422, "returned_before_received"),
        (BODY | {"reason": ""}, 400, "invalid"),
        (BODY | {"fee": "-1.00"}, 400, "invalid"),
    ],
)
def test_what_cannot_be_is_refused(api: Any, paid: str, body: dict[str, str], status: int, code: str):
    answer = api("accountant").post(f"{paid}return/", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert opened(api) == {"INVOICE": "700.00"}


def test_who_may_not_is_told_who_may(api: Any, paid: str):
    for answer in (api("adv").post(f"{paid}return/", BODY), api("adv").delete(f"{paid}return/")):
        assert (answer.status_code, answer.json()["required_role"]) == (403, "receivables_accountant")
    assert api("sales2").post(f"{paid}return/", BODY).status_code == 404
