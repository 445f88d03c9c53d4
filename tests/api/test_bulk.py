"""Many documents at once: each for itself, all or nothing, in the background."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import CustomerAccount
from credit.api import bulk
from invoicing import services
from o2c.shared import work
from o2c.shared.models import Work
from orders.models import Order

from .conftest import order_body
from .test_invoicing import day, imported, lines, payment

pytestmark = pytest.mark.django_db

V1 = "/api/v1/"


def client_body(number: int, **fields: Any) -> dict[str, Any]:
    return {"code": f"B{number:04d}", "name": f"Bulk {number}", "currency": "EUR", "country": "FR", **fields}


def told(answer: Any) -> tuple[int, int, int, int]:
    body = answer.json()
    return body["created"], body["unchanged"], body["updated"], body["failed"]


def test_each_document_counts_for_itself(api, account):
    adv = api("adv")
    documents = [order_body("A-1"), order_body("A-2", account="NONE"), "x", order_body("A-3", lines=[])]
    answer = adv.post(f"{V1}orders/bulk/", documents)
    assert (answer.status_code, told(answer)) == (200, (1, 0, 0, 3))
    assert [(e["index"], e["code"]) for e in answer.json()["errors"]] == [
        (1, "account_not_found"),
        (2, "invalid"),
        (3, "invalid"),
    ]
    assert list(answer.json()["errors"][2]["errors"]) == ["lines"]
    again = adv.post(f"{V1}orders/bulk/", [order_body("A-1"), order_body("A-1", net="7"), order_body("A-4")])
    assert told(again) == (1, 1, 0, 1)
    assert again.json()["errors"][0]["code"] == "key_conflict"
    assert sorted(Order.objects.values_list("number", flat=True)) == ["A-1", "A-4"]


def test_orders_of_one_batch_share_the_limit(api, account):
    documents = [order_body(f"A-{n}", net="3000", submit=True) for n in range(4)]
    assert told(api("adv").post(f"{V1}orders/bulk/", documents)) == (4, 0, 0, 0)
    shown = {n: api("adv").get(f"{V1}orders/A-{n}/").json()["status"] for n in range(4)}
    assert shown == {0: "confirmed", 1: "confirmed", 2: "on_hold", 3: "on_hold"}


def test_all_or_nothing(api, account):
    adv = api("adv")
    mixed = [order_body("A-1"), order_body("A-2", account="NONE")]
    refused = adv.post(f"{V1}orders/bulk/?atomic=1", mixed)
    assert (refused.status_code, told(refused)) == (422, (0, 0, 0, 1))
    assert not Order.objects.exists()
    kept = adv.post(f"{V1}orders/bulk/?atomic=1", [order_body("A-1"), order_body("A-2")])
    assert (kept.status_code, told(kept)) == (200, (2, 0, 0, 0))
    many = [order_body(f"N-{n}", account=f"K{n}") for n in range(501)]
    assert adv.post(f"{V1}orders/bulk/?atomic=1", many).json()["code"] == "too_many_accounts"


def test_clients_are_opened_and_brought_in_line(api):
    integration = api("integration")
    documents = [client_body(n) for n in range(3)]
    assert told(integration.post(f"{V1}accounts/bulk/", documents)) == (3, 0, 0, 0)
    documents[1]["term"] = "NET45"
    assert told(integration.post(f"{V1}accounts/bulk/", documents)) == (0, 2, 1, 0)
    assert CustomerAccount.objects.get(code="B0001").term == "NET45"


def test_documents_and_payments(api, account):
    accountant = api("accountant")
    documents = [imported(f"OLD-{n}") for n in range(3)]
    assert told(accountant.post(f"{V1}invoices/bulk/", documents)) == (3, 0, 0, 0)
    payments = [payment(f"BK-{n}", reference=f"OLD-{n}", match=True, amount="1200") for n in range(3)]
    assert told(accountant.post(f"{V1}payments/bulk/", payments)) == (3, 0, 0, 0)
    assert told(accountant.post(f"{V1}payments/bulk/", payments)) == (0, 3, 0, 0)
    assert accountant.get(f"{V1}items/", {"open": 1}).json()["count"] == 0


def test_a_long_batch_runs_in_the_background_piece_by_piece(api):
    integration = api("integration")
    documents = [client_body(n) for n in range(201)]
    documents[120]["country"] = "France"
    accepted = integration.post(f"{V1}accounts/bulk/", documents)
    assert accepted.status_code == 202
    address = accepted["Location"]
    assert (accepted.json()["url"], accepted.json()["state"]) == (address, "queued")
    work.drain(limit=2)
    half = integration.get(address).json()
    assert half["state"] in {"running", "done"}
    work.drain()
    shown = integration.get(address).json()
    assert (shown["state"], shown["done"], shown["total"]) == ("done", 201, 201)
    assert (shown["result"]["created"], shown["result"]["failed"]) == (200, 1)
    assert shown["result"]["errors"][0]["index"] == 120
    assert CustomerAccount.objects.filter(code__startswith="B").count() == 200
    assert api("sales").get(address).status_code == 404


def test_few_documents_may_go_to_the_background_and_numbers_stay_exact(api, account):
    body = (
        '[{"number": "A-1", "account": "C0001", "lines": [{"sku": "A", "description": "d", "quantity": 1.5,'
    )
    body += ' "unit_price": 0.1, "vat_rate": 20.00}]}]'
    accepted = api("adv").post(f"{V1}orders/bulk/?async=1", data=body, content_type="application/json")
    work.drain()
    assert api("adv").get(accepted["Location"]).json()["result"]["created"] == 1
    assert str(Order.objects.get(number="A-1").total_excl_vat) == "0.15"


@pytest.mark.parametrize("resource", ["accounts", "orders", "invoices", "payments"])
def test_what_is_no_list_or_too_long_is_refused(api, account, resource):
    client = api("accountant" if resource in {"invoices", "payments"} else "adv")
    bodies: list[Any] = [{"documents": []}, "x", None, 1, [{}] * 5001]
    for body in bodies:
        answer = client.post(f"{V1}{resource}/bulk/", body)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["body"])
    assert client.post(f"{V1}{resource}/bulk/?atomic=perhaps", []).status_code == 400
    ugly: list[Any] = [None, 1, [], {}, {"account": "\0"}, {"account": {}, "code": []}]
    assert client.post(f"{V1}{resource}/bulk/?atomic=1", ugly).json()["failed"] == len(ugly)


def test_documents_entered_together_answer_as_each_alone(api, account, other_account, monkeypatch):
    monkeypatch.setattr(bulk, "SLICE_TOGETHER", 4)
    documents: list[Any] = [
        imported("OLD-1"),
        imported("OLD-2", account="NONE"),
        imported("OLD-1"),
        imported("OLD-1", total="7"),
        "x",
        imported("OLD-3", issue_date=day(1)),
        imported("OLD-4", account="C0002", instalments=[{"due_date": day(0), "amount": "1200.00"}]),
        {"account": "C0001", "issue_date": day(0), "origin": "issued", "lines": lines("10")},
        imported("OLD-5") | {"number": None},
    ]
    accountant = api("accountant")
    alone = [accountant.post(f"{V1}invoices/", document) for document in documents]
    direct = accountant.post(f"{V1}invoices/bulk/", documents)
    expected = [
        (i, a.json()["code"], a.json()["errors"]) for i, a in enumerate(alone) if a.status_code >= 400
    ]
    assert [(e["index"], e["code"], e["errors"]) for e in direct.json()["errors"]] == expected
    assert told(direct) == (1, 3, 0, len(expected))  # the one without number is issued again
    accepted = accountant.post(f"{V1}invoices/bulk/?async=1", [*documents, imported("OLD-9")])
    work.drain()
    result = accountant.get(accepted["Location"]).json()["result"]
    assert [(e["index"], e["code"], e["errors"]) for e in result["errors"]] == expected
    assert (result["created"], result["unchanged"], result["failed"]) == (2, 3, len(expected))


def test_payments_of_all_kinds_in_one_batch(api, account):
    accountant = api("accountant")
    accountant.post(f"{V1}invoices/", imported("OLD-1", total="60.00"))
    documents = [
        payment("BK-1"),
        payment("BK-2", reference="OLD-1", match=True, amount="60.00"),
        payment("BK-3", account=None),
        payment("BK-4", amount="0.00"),
        payment("BK-1"),
    ]
    answer = accountant.post(f"{V1}payments/bulk/", documents)
    assert told(answer) == (3, 1, 0, 1)
    assert answer.json()["errors"][0]["errors"] == {"amount": ["An amount received is above 0."]}
    shown = {p: accountant.get(f"{V1}payments/?external_id={p}").json()["results"] for p in ("BK-1", "BK-2")}
    assert shown["BK-2"][0]["unallocated_amount"] == "0.00"
    assert shown["BK-1"][0]["unallocated_amount"] == "500.00"


def test_what_only_the_database_refuses_stops_nobody_else(api, account, monkeypatch):
    def broken(**_arguments: Any) -> None:
        raise IntegrityError("made up")

    monkeypatch.setattr(services, "enter_documents", broken)
    assert told(api("accountant").post(f"{V1}invoices/bulk/", [imported("1"), imported("2")])) == (2, 0, 0, 0)


def test_a_piece_reads_no_more_than_its_own_documents(api, account, monkeypatch):
    monkeypatch.setattr(bulk, "SLICE_TOGETHER", 100)
    documents = [imported(f"OLD-{n}") for n in range(300)]
    accepted = api("accountant").post(f"{V1}invoices/bulk/", documents)
    work.drain(limit=1)
    following = Work.objects.get(kind="api.bulk.on")
    assert len(json.dumps(following.payload)) < 300
    with CaptureQueriesContext(connection) as caught:
        work.run(following.pk)
    assert not [
        q for q in caught if '"payload"' in q["sql"] and f'"id" = {accepted.json()["id"]} ' in q["sql"]
    ]
    work.drain()
    assert api("accountant").get(accepted["Location"]).json()["result"]["created"] == 300
