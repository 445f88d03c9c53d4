"""Documents, payments, matches and items by HTTP."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invoicing.models import Invoice, Payment
from o2c.shared.calendar import paris_date

from .conftest import order_body

pytestmark = pytest.mark.django_db

INVOICES = "/api/v1/invoices/"
PAYMENTS = "/api/v1/payments/"
ALLOCATIONS = "/api/v1/allocations/"
ITEMS = "/api/v1/items/"


def day(offset: int) -> str:
    return str(paris_date(timezone.now()) + timedelta(days=offset))


def imported(number: str = "OLD-1", total: str = "1200.00", **fields: Any) -> dict[str, Any]:
    return {
        "number": number,
        "account": "C0001",
        "issue_date": day(-60),
        "due_date": day(-30),
        "currency": "EUR",
        "total_incl_vat": total,
        "origin": "imported",
        **fields,
    }


def payment(external_id: str = "BK-1", amount: str = "500.00", **fields: Any) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "account": "C0001",
        "date": day(0),
        "amount": amount,
        "currency": "EUR",
        "method": "transfer",
        "reference": "",
        **fields,
    }


def lines(*prices: str) -> list[dict[str, str]]:
    return [
        {"sku": "A1", "description": "Goods", "quantity": "1", "unit_price": price, "vat_rate": "20.00"}
        for price in prices
    ]


def test_an_imported_invoice_is_stored_once(api, account):
    accountant = api("accountant")
    made = accountant.post(INVOICES, imported())
    shown = made.json()
    assert (made.status_code, shown["status"], shown["open_amount"]) == (201, "issued", "1200.00")
    assert [(i["kind"], i["open_amount"], i["days_late"], i["flags"]) for i in shown["items"]] == [
        ("INVOICE", "1200.00", 30, ["overdue"])
    ]
    again = accountant.post(INVOICES, imported(total="1200"))
    assert (again.status_code, again["Idempotent-Replay"]) == (200, "true")
    other = accountant.post(INVOICES, imported(total="1200.01"))
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")
    assert Invoice.objects.count() == 1


def test_an_issued_document_cannot_be_changed(api, account):
    accountant = api("accountant")
    accountant.post(INVOICES, imported())
    for method in (accountant.patch, accountant.put, accountant.delete):
        answer = method(f"{INVOICES}OLD-1/", {"total_incl_vat": "1.00"})
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_instalments_are_items_of_their_own(api, account):
    parts = [{"due_date": day(-30), "amount": "400.00"}, {"due_date": day(10), "amount": "800.00"}]
    shown = api("accountant").post(INVOICES, imported(instalments=parts)).json()
    assert [(i["due_date"], i["amount"], i["days_late"]) for i in shown["items"]] == [
        (day(-30), "400.00", 30),
        (day(10), "800.00", 0),
    ]
    parts[0]["amount"] = "399.99"
    wrong = api("accountant").post(INVOICES, imported("OLD-2", instalments=parts))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "instalments_do_not_add_up")


def test_an_invoice_is_issued_from_lines_with_the_next_number(api, account):
    body = {"account": "C0001", "issue_date": day(0), "currency": "EUR", "lines": lines("10", "20.5")}
    first, second = (api("adv").post(INVOICES, body).json() for _ in range(2))
    assert (first["total_excl_vat"], first["total_vat"], first["total_incl_vat"]) == (
        "30.50",
        "6.10",
        "36.60",
    )
    assert (first["origin"], first["due_date"], first["lines"][1]["net"]) == ("issued", day(30), "20.50")
    assert int(second["number"][-6:]) == int(first["number"][-6:]) + 1
    ahead = api("adv").post(INVOICES, body | {"issue_date": day(1)})
    assert (ahead.status_code, ahead.json()["code"]) == (422, "dated_ahead")


def test_an_order_becomes_an_invoice(api, account):
    adv = api("adv")
    adv.post("/api/v1/orders/", order_body(submit=True))
    adv.post("/api/v1/orders/ORD-1/deliver/")
    made = adv.post("/api/v1/orders/ORD-1/invoice/")
    shown = made.json()
    assert (made.status_code, shown["order"], shown["total_incl_vat"]) == (201, "ORD-1", "1200.00")
    assert adv.get("/api/v1/orders/ORD-1/").json()["status"] == "invoiced"
    assert adv.get(f"{INVOICES}{shown['number']}/").json()["lines"][0]["quantity"] == "1"
    assert adv.post("/api/v1/orders/ORD-1/invoice/").json()["code"] == "nothing_to_invoice"
    exposure = adv.get("/api/v1/accounts/C0001/exposure/").json()
    assert (exposure["net_exposure"], exposure["parts"][0]["amount"]) == ("1200.00", "1200.00")
    assert (
        api("sales").post("/api/v1/orders/ORD-1/invoice/").json()["required_role"] == "receivables_accountant"
    )


def test_a_payment_is_recorded_matched_and_unmatched(api, account):
    accountant = api("accountant")
    item = accountant.post(INVOICES, imported()).json()["items"][0]["id"]
    made = accountant.post(PAYMENTS, payment())
    paid = made.json()
    assert (made.status_code, paid["status"], paid["unallocated_amount"]) == (201, "unallocated", "500.00")
    assert accountant.post(PAYMENTS, payment())["Idempotent-Replay"] == "true"
    assert accountant.post(PAYMENTS, payment(amount="501")).json()["code"] == "key_conflict"

    path = f"{PAYMENTS}{paid['id']}/"
    too_much = accountant.post(f"{path}allocate/", {"items": [{"item": item, "amount": "500.01"}]})
    assert (too_much.status_code, too_much.json()["code"]) == (422, "over_allocated")
    matched = accountant.post(f"{path}allocate/", {"items": [{"item": item, "amount": "500"}]})
    match = matched.json()["allocations"][0]
    assert matched.status_code == 200
    assert (match["item"], match["amount"], match["letter"]) == (item, "500.00", "AAA")
    assert accountant.get(path).json()["status"] == "allocated"
    assert accountant.get(f"{INVOICES}OLD-1/").json()["status"] == "partially_paid"
    assert accountant.get(f"{INVOICES}OLD-1/").json()["open_amount"] == "700.00"

    assert accountant.delete(f"{ALLOCATIONS}{match['id']}/").status_code == 204
    assert accountant.delete(f"{ALLOCATIONS}{match['id']}/").json()["code"] == "already_reversed"
    assert accountant.get(f"{INVOICES}OLD-1/").json()["open_amount"] == "1200.00"
    rows = accountant.get(ALLOCATIONS, {"account": "C0001", "item": item}).json()["results"]
    assert sorted((row["amount"], row["reversed"]) for row in rows) == [("-500.00", False), ("500.00", True)]


@pytest.mark.parametrize("amount", ["0", "-1", "1200.01"])
def test_a_match_of_nothing_or_too_much_is_refused(api, account, amount):
    accountant = api("accountant")
    item = accountant.post(INVOICES, imported()).json()["items"][0]["id"]
    credit = accountant.post(PAYMENTS, payment(amount="2000")).json()["item"]
    body = {"from_item": credit, "to_item": item, "amount": amount}
    answer = accountant.post(ALLOCATIONS, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "over_allocated")
    assert accountant.post(ALLOCATIONS, body | {"amount": "1200"}).status_code == 201
    assert accountant.post(ALLOCATIONS, body | {"amount": "1"}).json()["code"] == "over_allocated"


def test_matches_stay_within_an_entity_and_among_visible_items(api, account, other_account):
    accountant = api("accountant")
    item = accountant.post(INVOICES, imported()).json()["items"][0]["id"]
    foreign = accountant.post(PAYMENTS, payment(account="C0002")).json()["item"]
    body = {"from_item": foreign, "to_item": item, "amount": "1"}
    answer = accountant.post(ALLOCATIONS, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "other_debtor")
    assert accountant.post(ALLOCATIONS, body | {"to_item": 2**60}).status_code == 404
    assert api("sales").get(f"{ITEMS}{foreign}/").status_code == 404
    own = accountant.post(PAYMENTS, payment("BK-2")).json()["item"]
    no_right = api("sales").post(ALLOCATIONS, {"from_item": own, "to_item": item, "amount": "1"})
    assert (no_right.status_code, no_right.json()["required_role"]) == (403, "receivables_accountant")


def test_a_payment_that_names_its_document_is_matched_when_asked(api, account):
    accountant = api("accountant")
    accountant.post(INVOICES, imported())
    proposed = accountant.post(PAYMENTS, payment(reference="Invoice OLD-1 thanks")).json()
    proposal = accountant.get(f"{PAYMENTS}{proposed['id']}/propose/").json()
    assert [(row["document"], row["amount"], row["reason"]) for row in proposal["items"]] == [
        ("OLD-1", "500.00", "named")
    ]
    assert accountant.get(f"{INVOICES}OLD-1/").json()["open_amount"] == "1200.00"
    matched = accountant.post(PAYMENTS, payment("BK-2", reference="OLD-1", match=True)).json()
    assert (matched["status"], matched["unallocated_amount"]) == ("allocated", "0.00")


def test_money_dated_ahead_counts_from_its_day(api, account):
    accountant = api("accountant")
    accountant.post(INVOICES, imported())
    accountant.post(PAYMENTS, payment(date=day(7)))
    exposure = accountant.get("/api/v1/accounts/C0001/exposure/").json()
    assert exposure["net_exposure"] == "1200.00"

    def documents(**query: Any) -> list[str]:
        return [row["document"] for row in accountant.get(ITEMS, query).json()["results"]]

    assert documents(account="C0001", open=1) == ["OLD-1"]
    assert documents(account="C0001", open=1, as_of=day(7)) == ["OLD-1", "BK-1"]
    assert documents(open=1, as_of=day(-61)) == []


def test_items_are_filtered(api, account, other_account):
    accountant = api("accountant")
    accountant.post(INVOICES, imported())
    accountant.post(INVOICES, imported("OLD-2", due_date=day(5)))
    accountant.post(INVOICES, imported("OLD-3", account="C0002"))
    accountant.post(PAYMENTS, payment())

    def documents(name: str = "accountant", **query: Any) -> list[str]:
        return [row["document"] for row in api(name).get(ITEMS, query).json()["results"]]

    assert documents() == ["OLD-1", "OLD-3", "BK-1", "OLD-2"]
    assert documents("sales") == ["OLD-1", "BK-1", "OLD-2"]
    assert documents(overdue=1) == ["OLD-1", "OLD-3"]
    assert documents(kind="PAYMENT") == ["BK-1"]
    assert documents(account="C0002") == ["OLD-3"]
    assert documents(ordering="-amount") == ["OLD-3", "OLD-2", "OLD-1", "BK-1"]
    for query in ({"open": "perhaps"}, {"kind": "GIFT"}, {"as_of": "then"}, {"ordering": "x"}):
        assert accountant.get(ITEMS, query).status_code == 400
    assert accountant.get(ITEMS, {"account": "NONE"}).status_code == 404
    credit = accountant.get(ITEMS, {"kind": "PAYMENT"}).json()["results"][0]
    assert (credit["amount"], credit["open_amount"], credit["flags"]) == (
        "-500.00",
        "-500.00",
        ["unallocated"],
    )


@pytest.mark.parametrize("path", [INVOICES, PAYMENTS, ALLOCATIONS, ITEMS])
def test_a_list_costs_the_same_whatever_its_length(api, account, path, django_assert_num_queries):
    accountant = api("accountant")

    def settle(number: int) -> None:
        item = accountant.post(INVOICES, imported(f"OLD-{number}")).json()["items"][0]["id"]
        paid = accountant.post(PAYMENTS, payment(f"BK-{number}")).json()["id"]
        accountant.post(f"{PAYMENTS}{paid}/allocate/", {"items": [{"item": item, "amount": "500"}]})

    settle(1)
    with CaptureQueriesContext(connection) as one:
        accountant.get(path)
    queries = len(one)
    settle(2)
    settle(3)
    with django_assert_num_queries(queries):
        assert accountant.get(path).json()["count"] >= 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"number": None}, "number"),
        ({"total_incl_vat": None}, "total_incl_vat"),
        ({"total_incl_vat": "1.001"}, "total_incl_vat"),
        ({"issue_date": None}, "issue_date"),
        ({"origin": "found"}, "origin"),
        ({"lines": [{"description": "x"}]}, "lines.0.quantity"),
        ({"instalments": [{"amount": "1"}]}, "instalments.0.due_date"),
        ({"instalments": {}}, "instalments"),
    ],
)
def test_what_cannot_be_read_of_an_invoice_is_named(api, account, fields, field):
    answer = api("accountant").post(INVOICES, imported(**fields))
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"payer_iban": "FR7630006000011234567890188"}, "payer_iban"),
        ({"method": "barter"}, "method"),
        ({"date": "today"}, "date"),
        ({"external_id": ""}, "external_id"),
    ],
)
def test_what_cannot_be_read_of_a_payment_is_named(api, account, fields, field):
    answer = api("accountant").post(PAYMENTS, payment(**fields))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Payment.objects.exists()


def test_amounts_of_the_answers_add_up(api, account):
    accountant = api("accountant")
    accountant.post(INVOICES, imported(total="1234.56"))
    accountant.post(PAYMENTS, payment(amount="234.56"))
    rows = accountant.get(ITEMS, {"account": "C0001", "open": 1}).json()["results"]
    net = accountant.get("/api/v1/accounts/C0001/exposure/").json()["net_exposure"]
    assert sum(Decimal(row["open_amount"]) for row in rows) == Decimal(net) == Decimal("1000.00")
