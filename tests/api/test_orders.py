"""Orders by HTTP: every action, what it answers, what refuses it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import CustomerAccount
from o2c.shared.models import AuditEvent
from orders.models import Order
from tests.factories.orders import draft, open_item, submitted

from .conftest import order_body

ORDERS = "/api/v1/orders/"
ORDER = f"{ORDERS}ORD-1/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirmed(api, account) -> dict[str, Any]:
    """An order of 1 200 incl. VAT within the limit."""
    answer = api("adv").post(ORDERS, order_body(submit=True))
    assert answer.json()["status"] == "confirmed"
    return answer.json()


def lines(quantity="1", price="1000.00", **fields):
    return [{"sku": "A1", "description": "Goods", "quantity": quantity, "unit_price": price} | fields]


def test_a_draft_is_submitted_on_its_own(api, account):
    adv = api("adv")
    entered = adv.post(
        ORDERS, order_body(requested_delivery="2027-01-15", customer_reference="PO 4711")
    ).json()
    assert (entered["status"], entered["holds"], entered["credit_decision"]) == ("draft", [], None)
    assert entered["lines"] == [
        {
            "line": 10,
            "sku": "A1",
            "description": "Goods",
            "quantity": "1",
            "unit_price": "1000.00",
            "vat_rate": "20.00",
            "cancelled": "0",
            "delivered": "0",
            "invoiced": "0",
        }
    ]
    assert (entered["term"], entered["sales_rep"], entered["version"]) == ("NET30", "sales", 1)
    assert adv.post(f"{ORDER}submit/").json()["status"] == "confirmed"
    again = adv.post(f"{ORDER}submit/")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_a_raise_beyond_the_limit_answers_200_and_holds(api, confirmed):
    adv = api("adv")
    raised = adv.patch(ORDER, {"lines": lines("20", line=10), "version": confirmed["version"]})
    assert (raised.status_code, raised.json()["status"]) == (200, "on_hold")
    assert raised.json()["total_incl_vat"] == "24000.00"
    assert [hold["code"] for hold in raised.json()["holds"]] == ["OVER_LIMIT"]
    exposure = adv.get("/api/v1/accounts/C0001/exposure/").json()
    assert exposure["net_exposure"] == "1200.00"  # the last approved amount until somebody decides
    late = adv.patch(ORDER, {"customer_reference": "X", "version": confirmed["version"]})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    refused = api("credit").post(f"{ORDER}refuse/", {"reason": "Too much"})
    assert (refused.json()["status"], refused.json()["total_incl_vat"]) == ("confirmed", "1200.00")


def test_what_an_order_is_for_cannot_be_changed(api, confirmed):
    answer = api("adv").patch(ORDER, {"account": "C0002", "currency": "EUR", "customer_reference": "X"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["account"])
    assert api("adv").get(ORDER).json()["customer_reference"] == ""


def test_goods_go_out_come_back_and_never_beyond_what_remains(api, account):
    adv = api("adv")
    adv.post(ORDERS, order_body(lines=lines("10", "100"), submit=True))
    part = adv.post(f"{ORDER}deliver/", {"lines": [{"line": 10, "quantity": "4"}]})
    assert (part.status_code, part.json()["status"]) == (200, "partially_delivered")
    assert part.json()["lines"][0]["delivered"] == "4"
    too_much = adv.post(f"{ORDER}deliver/", {"lines": [{"line": 10, "quantity": "6.001"}]})
    assert (too_much.status_code, too_much.json()["code"]) == (422, "quantity_exceeded")
    below = adv.patch(ORDER, {"lines": lines("3", "100", line=10)})
    assert (below.status_code, below.json()["code"]) == (422, "below_delivered")
    twice = [{"line": 10, "quantity": "1"}, {"line": 10, "quantity": "1"}]
    assert list(adv.post(f"{ORDER}deliver/", {"lines": twice}).json()["errors"]) == ["lines"]
    assert adv.post(f"{ORDER}deliver/").json()["status"] == "delivered"
    back = adv.post(f"{ORDER}return/", {"lines": [{"line": 10, "quantity": "10"}], "reason": "Broken"})
    assert (back.status_code, back.json()["lines"][0]["delivered"]) == (200, "0")
    assert api("sales").post(f"{ORDER}deliver/").json()["required_role"] == "adv_officer"


def test_a_failing_check_at_goods_issue_books_nothing_and_keeps_the_hold(api, account, confirmed):
    api("credit").post("/api/v1/accounts/C0001/block/", {"reason": "Unpaid bill"})
    answer = api("adv").post(f"{ORDER}deliver/", headers={"Idempotency-Key": "d-1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "held_at_recheck")
    assert [finding["code"] for finding in answer.json()["findings"]] == ["ACCOUNT_BLOCKED"]
    shown = api("adv").get(ORDER).json()
    assert (shown["status"], shown["lines"][0]["delivered"]) == ("on_hold", "0")
    assert api("adv").post(f"{ORDER}start-production/").json()["code"] == "held_at_recheck"


def test_cancel_close_reopen_and_copy(api, confirmed):
    adv = api("adv")
    silent = adv.post(f"{ORDER}cancel/", {"reason": ""})
    assert (silent.status_code, list(silent.json()["errors"])) == (400, ["reason"])
    assert adv.post(f"{ORDER}cancel/", {"reason": "Client withdrew"}).json()["status"] == "cancelled"
    assert adv.post(f"{ORDER}reopen/").json()["status"] == "confirmed"
    copied = adv.post(f"{ORDER}copy/", {"number": "ORD-2"})
    assert (copied.status_code, copied.json()["number"], copied.json()["status"]) == (201, "ORD-2", "draft")
    assert adv.post(f"{ORDER}copy/", {"number": "ORD-2"}).json()["code"] == "key_conflict"
    adv.post(f"{ORDER}deliver/")
    assert adv.post(f"{ORDER}cancel/", {"reason": "late"}).status_code == 409
    assert adv.post(f"{ORDER}close/", {"reason": "done"}).json()["status"] == "closed"


def test_a_hand_made_hold_is_lifted_by_its_author(api, confirmed):
    adv = api("adv")
    assert list(adv.post(f"{ORDER}hold/", {}).json()["errors"]) == ["comment"]
    held = adv.post(f"{ORDER}hold/", {"comment": "Address to be checked"}).json()
    assert [(hold["code"], hold["comment"]) for hold in held["holds"]] == [
        ("MANUAL", "Address to be checked")
    ]
    assert adv.post(f"{ORDER}hold/", {"comment": "again"}).json()["code"] == "already_held"
    assert adv.post(f"{ORDER}release/", {"comment": "Checked"}).json()["status"] == "confirmed"


def test_numbers_with_a_slash_have_an_address(api, account):
    adv = api("adv")
    adv.post(ORDERS, order_body("2026/00123", submit=True))
    assert adv.get(f"{ORDERS}2026/00123/").json()["status"] == "confirmed"
    assert adv.post(f"{ORDERS}2026/00123/cancel/", {"reason": "no"}).json()["status"] == "cancelled"
    assert adv.post(ORDERS, order_body("/x")).status_code == 400


def test_lists_are_filtered_by_what_is_shown(api, account, people):
    draft(account, "100", by=people["adv"], number="D-1")
    submitted(account, "100", by=people["adv"], number="S-1", customer_reference="PO 9")
    submitted(account, "90000", by=people["adv"], number="H-1")
    adv = api("adv")

    def numbers(**query: str) -> list[str]:
        return sorted(row["number"] for row in adv.get(ORDERS, query).json()["results"])

    assert numbers(status="draft") == ["D-1"]
    assert numbers(status="confirmed") == ["S-1"]
    assert numbers(status="on_hold") == ["H-1"]
    assert numbers(search="po 9") == ["S-1"]
    assert numbers(account="C0001", sales_rep="sales") == ["D-1", "H-1", "S-1"]
    assert adv.get(ORDERS, {"status": "lost"}).status_code == 400
    assert adv.get("/api/v1/holds/", {"code": "OVER_LIMIT"}).json()["count"] == 1
    assert adv.get("/api/v1/holds/", {"code": "MANUAL"}).json()["count"] == 0


@pytest.mark.parametrize("path", [ORDERS, "/api/v1/holds/"])
def test_a_list_costs_the_same_whatever_its_length(api, account, people, path, django_assert_num_queries):
    adv = api("adv")
    open_item(account, "9000")
    submitted(account, "20000", by=people["adv"])
    with CaptureQueriesContext(connection) as one:
        adv.get(path)
    for _ in range(2):
        submitted(account, "20000", by=people["adv"])
    with django_assert_num_queries(len(one)):
        assert adv.get(path).json()["count"] == 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": lines("0")}, "lines"),
        ({"lines": lines("1", "-1")}, "lines"),
        ({"lines": lines("1.0001")}, "lines.0.quantity"),
        ({"lines": lines("1", "1e400")}, "lines.0.unit_price"),
        ({"lines": lines(vat_rate="120")}, "lines.0.vat_rate"),
        ({"lines": [{"line": 1, **lines()[0]}, {"line": 1, **lines()[0]}]}, "lines"),
        ({"lines": lines("99999999999", "9999999999")}, "lines"),
        ({"lines": {"0": 1}}, "lines"),
        ({"lines": ["x"]}, "lines.0"),
        ({"term": "someday"}, "term"),
        ({"order_date": "2026-02-30"}, "order_date"),
        ({"number": ""}, "number"),
        ({"submit": "perhaps"}, "submit"),
    ],
)
def test_what_cannot_be_read_is_named(api, account, fields, field):
    answer = api("adv").post(ORDERS, order_body(**{"number": "ORD-1", **fields}))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Order.objects.exists()


def _together(count: int, work: Any) -> list[Any]:
    """Run the same thing in threads that start at one moment."""
    barrier, answers = threading.Barrier(count), []

    def run() -> None:
        try:
            barrier.wait()
            answers.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_same_order_from_many_sides_at_once_is_entered_once(api, account: CustomerAccount):
    clients = iter([api("adv") for _ in range(6)])
    answers = _together(6, lambda: next(clients).post(ORDERS, order_body(submit=True)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert Order.objects.count() == 1
    assert AuditEvent.objects.filter(action="order.entered").count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_second_under_one_key_waits_for_the_answer_of_the_first(api, confirmed):
    clients = iter([api("adv") for _ in range(6)])
    key = {"Idempotency-Key": "copy-1"}
    answers = _together(6, lambda: next(clients).post(f"{ORDER}copy/", {}, headers=key))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotent-Replay") == "true" for answer in answers) == 5
    assert Order.objects.count() == 2
