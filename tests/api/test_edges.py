"""What nobody should send is answered, never broken on: every address that writes, with every ugly body."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from .conftest import order_body

pytestmark = pytest.mark.django_db

V1 = "/api/v1/"
# What takes a file refuses every other body by its kind.
FILES = {"einvoices/read/", "statements/", "papers/check/"}
WRITING = [
    "auth/token/",
    "accounts/",
    "accounts/C0001/block/",
    "accounts/C0001/unblock/",
    "accounts/C0001/watch/",
    "accounts/C0001/unwatch/",
    "accounts/C0001/credit-check/",
    "accounts/C0001/part-limits/",
    "limit-requests/",
    "client-notes/",
    "client-notes/1/withdraw/",
    "guarantees/",
    "guarantees/1/confirm/",
    "guarantees/1/extend/",
    "guarantees/1/end/",
    "buyer-covers/",
    "credit-alerts/1/answer/",
    "credit-alerts/1/take/",
    "limit-requests/1/submit/",
    "limit-requests/1/approve/",
    "limit-requests/1/refuse/",
    "limit-requests/1/appeal/",
    "orders/",
    "orders/ORD-1/alternatives/",
    "orders/ORD-1/submit/",
    "orders/ORD-1/copy/",
    "orders/ORD-1/reopen/",
    "orders/ORD-1/cancel/",
    "orders/ORD-1/close/",
    "orders/ORD-1/start-production/",
    "orders/ORD-1/deliver/",
    "orders/ORD-1/return/",
    "orders/ORD-1/hold/",
    "orders/ORD-1/release/",
    "orders/ORD-1/refuse/",
    "orders/ORD-1/invoice/",
    "orders/ORD-1/deposit-request/",
    "orders/ORD-1/deposit-request/cancel/",
    "invoices/",
    "invoices/ORD-1/credit/",
    "invoices/ORD-1/credit/approve/",
    "invoices/ORD-1/credit/refuse/",
    "invoices/ORD-1/approve/",
    "invoices/ORD-1/hand-over/",
    "invoices/ORD-1/status/",
    "invoices/ORD-1/send/",
    "outbox/reports/",
    "einvoices/read/",
    "disputes/ORD-1/links/",
    "disputes/ORD-1/links/1/revoke/",
    "client-links/",
    "client-links/1/revoke/",
    "papers/check/",
    "interest-notes/",
    "interest-notes/1/cancel/",
    "invoices/ORD-1/interest/waive/",
    "invoices/ORD-1/interest/lift/",
    "recurring-invoices/",
    "recurring-invoices/preview/",
    "recurring-invoices/1/pause/",
    "recurring-invoices/1/resume/",
    "recurring-invoices/1/end/",
    "bank-accounts/",
    "statements/",
    "payments/",
    "payments/1/allocate/",
    "payments/1/propose/",
    "payments/1/return/",
    "allocations/",
    "items/1/due-date/",
    "items/1/stop/",
    "items/1/resume/",
    "accounts/C0001/stop/",
    "accounts/C0001/resume/",
    "calls/",
    "dunning-runs/",
    "dunning-runs/1/approve/",
    "hand-overs/",
    "hand-overs/1/costs/",
    "hand-overs/1/claim/",
    "hand-overs/1/end/",
    "limitation-interruptions/",
    "payment-plans/",
    "payment-plans/1/sign/",
    "payment-plans/1/approve/",
    "payment-plans/1/cancel/",
    "payment-plans/1/break/",
    "payment-plans/1/notice/",
    "promises/",
    "promises/1/cancel/",
    "orders/ORD-1/confirmation/",
    "orders/ORD-1/evidence/",
    "orders/ORD-1/messages/",
    "orders/ORD-1/override-requests/",
    "orders/ORD-1/purchase-order/accept/",
    "override-requests/1/approve/",
    "override-requests/1/refuse/",
    "override-requests/1/withdraw/",
    "override-requests/1/appeal/",
    "committees/",
    "committees/1/attend/",
    "committees/1/decide/",
    "committees/1/close/",
    "disputes/",
    "disputes/ORD-1/qualify/",
    "disputes/ORD-1/assign/",
    "disputes/ORD-1/accept/",
    "disputes/ORD-1/wait/",
    "disputes/ORD-1/resume/",
    "disputes/ORD-1/propose/",
    "disputes/ORD-1/comments/",
    "disputes/ORD-1/resolve/",
    "disputes/ORD-1/reject/",
    "disputes/ORD-1/receive/",
    "disputes/ORD-1/withdraw/",
    "disputes/ORD-1/reopen/",
    "quotations/",
    "quotations/ORD-1/accept/",
    "quotations/ORD-1/order/",
    "quotations/ORD-1/refuse/",
    "quotations/ORD-1/send/",
    "webhooks/",
    "webhooks/1/secret/",
    "webhooks/1/deliveries/1/replay/",
]
HUGE = "9" * 400
UGLY = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "a number": "1",
    "null": "null",
    "NaN": '{"amount": NaN}',
    "infinity": '{"amount": 1e999999999}',
    "deep": "[" * 5_000,
    "not UTF-8": b"\xff\xfe{}",
    "half a character": '{"name": "\\ud800", "reason": "\\ud800", "comment": "\\ud800", "number": "\\ud800"}',
}
VALUES = ["\0", HUGE, -1, 2**70, True, None, [None], {}, "0001-01-01"]
FIELDS = [
    "code",
    "name",
    "siren",
    "siret",
    "vat_number",
    "country",
    "address",
    "currency",
    "term",
    "risk_class",
    "sales_rep",
    "group",
    "language",
    "contacts",
    "account",
    "level",
    "amount",
    "kind",
    "valid_from",
    "valid_until",
    "reason",
    "submit",
    "number",
    "order_date",
    "requested_delivery",
    "customer_reference",
    "lines",
    "version",
    "comment",
    "review_on",
    "date",
    "issue_date",
    "due_date",
    "total_incl_vat",
    "origin",
    "instalments",
    "external_id",
    "method",
    "reference",
    "payer_iban",
    "payer_name",
    "match",
    "items",
    "from_item",
    "to_item",
    "order",
    "delivery_date",
    "username",
    "password",
]
GOOD: dict[str, dict[str, Any]] = {
    "accounts/": {"code": "C9", "name": "Nine", "currency": "EUR", "term": "NET30", "country": "FR"},
    "accounts/C0001/credit-check/": {"amount": "1.00"},
    "limit-requests/": {"account": "C0001", "amount": "1", "currency": "EUR", "reason": "r"},
    "client-notes/": {"account": "C0001", "kind": "NEWS", "text": "A new shop"},
    "guarantees/": {
        "account": "C0001",
        "kind": "BANK",
        "guarantor": "Bank",
        "reference": "G-1",
        "amount": "10.00",
        "currency": "EUR",
        "valid_from": "2026-01-02",
        "file": {"name": "g.pdf", "content": "JVBERi0xLjQ="},
    },
    "buyer-covers/": {
        "account": "C0001",
        "amount": "10.00",
        "insured_pct": "90",
        "status": "ACTIVE",
        "effective_on": "2026-01-02",
    },
    "orders/": order_body("ORD-9"),
    "orders/ORD-1/deliver/": {"lines": [{"line": 10, "quantity": "1"}]},
    "orders/ORD-1/release/": {"comment": "c"},
    "invoices/": {
        "number": "I-9",
        "account": "C0001",
        "issue_date": "2026-01-02",
        "due_date": "2026-02-01",
        "currency": "EUR",
        "total_incl_vat": "1.00",
        "origin": "imported",
    },
    "payments/": {
        "external_id": "P-9",
        "account": "C0001",
        "date": "2026-01-02",
        "amount": "1.00",
        "currency": "EUR",
        "method": "transfer",
    },
    "allocations/": {"from_item": 1, "to_item": 2, "amount": "1.00"},
    "invoices/ORD-1/send/": {"again": True, "trusted": ["a@b.test"]},
    "outbox/reports/": {"message": "Subject: none"},
    "payment-plans/": {
        "account": "C0001",
        "items": [1],
        "instalments": [{"date": "2099-12-01", "amount": "1.00"}],
    },
    "promises/": {"account": "C0001", "items": [1], "amount": "1.00", "promised_date": "2099-12-01"},
    "items/1/due-date/": {"due_date": "2026-12-01", "reason": "agreed", "date": "2026-11-20"},
}


@pytest.fixture
def person(api, account):
    """A person with an order of her own, by address: who may enter what."""
    api("adv").post(f"{V1}orders/", order_body(submit=True))
    return lambda path: api(
        "accountant"
        if path.startswith(
            ("payments", "allocations", "invoices", "statements", "bank-accounts", "interest-notes")
        )
        else "credit"
        if path.startswith(("items", "guarantees"))
        else "integration"
        if path.startswith(("webhooks", "outbox"))
        else "adv"
    )


def test_every_address_that_writes_is_tried():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    keys = {"code": "C0001", "number": "ORD-1", "id": "1", "delivery": "1"}
    told = {path.format(**keys).removeprefix(V1) for path, acts in schema["paths"].items() if "post" in acts}
    assert {path for path in told if not path.endswith("bulk/")} == set(WRITING)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("accounts/C0001/", "name siren address term sales_rep group contacts version"),
        ("orders/ORD-1/", "version term requested_delivery customer_reference lines number"),
    ],
)
def test_ugly_changes_are_refused(person, path, fields):
    client = person(path)
    for value in VALUES:
        for field in fields.split():
            answer = client.patch(f"{V1}{path}", json.dumps({field: value}), content_type="application/json")
            assert answer.status_code < 500, (field, value, answer.content)
    for body in UGLY.values():
        assert client.patch(f"{V1}{path}", data=body, content_type="application/json").status_code < 500


@pytest.mark.parametrize("path", WRITING)
def test_ugly_bodies_are_refused(person, path):
    client = person(path)
    for name, body in UGLY.items():
        answer = client.post(f"{V1}{path}", data=body, content_type="application/json")
        assert answer.status_code < 500, (name, answer.content)
        if name in {"no JSON", "NaN", "deep", "not UTF-8"}:
            # An act without a body does not look at it.
            told = {415} if path in FILES else {200, 201, 400, 404, 409}
            assert answer.status_code in told, (name, answer.content)


@pytest.mark.parametrize("path", WRITING)
def test_ugly_values_never_break_anything(person, path):
    client = person(path)
    for value in VALUES:
        bodies = [dict.fromkeys(FIELDS, value)]
        if good := GOOD.get(path):
            bodies += [good | {name: value} for name in good]
        for body in bodies:
            answer = client.post(f"{V1}{path}", data=json.dumps(body), content_type="application/json")
            assert answer.status_code < 500, (body, answer.content)
            # An order confirmation is a file; every refusal is a problem.
            assert answer["Content-Type"].startswith(
                ("application/json", "application/problem+json", "application/pdf")
            )


@pytest.mark.parametrize(
    "path",
    [
        "accounts/",
        "orders/",
        "holds/",
        "invoices/",
        "payments/",
        "items/",
        "allocations/",
        "limit-requests/",
        "audit/",
        "reports/aged-balance/",
    ],
)
def test_ugly_questions_never_break_a_list(api, account, path):
    client = api("auditor")
    names = [
        "page",
        "ordering",
        "search",
        "company",
        "account",
        "status",
        "kind",
        "as_of",
        "open",
        "overdue",
        "item",
        "order_date_after",
        "due_date_before",
        "after",
        "object",
        "action",
        "buckets",
        "by",
        "format",
    ]
    for name in names:
        for value in ("\0", HUGE, "2026-02-30"):
            answer = client.get(f"{V1}{path}", {name: value})
            assert answer.status_code < 500, (name, value)


@pytest.mark.parametrize(
    "path", ["accounts/%00/", "orders/a%00b/", "jobs/999999999999999999999/", "items/1/x/", "no/"]
)
def test_addresses_that_are_not_there(api, people, path):
    answer = api("adv").get(f"{V1}{path}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_another_kind_of_body_is_refused(api, account):
    answer = api("adv").post(f"{V1}orders/", data="a=1", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_whoever_accepts_something_else_still_gets_json(api, account):
    assert api("adv").get(f"{V1}accounts/", headers={"Accept": "text/html"}).status_code == 200


def test_an_unreadable_token_is_a_401(client):
    answer = client.get(f"{V1}accounts/", headers={"Authorization": "Token nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_session_works_and_needs_its_csrf_token(client, account, people):
    client.force_login(people["adv"], backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{V1}accounts/").json()["count"] == 1
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people["adv"], backend="django.contrib.auth.backends.ModelBackend")
    answer = strict.post(f"{V1}orders/", order_body(), content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_a_fault_of_ours_is_a_problem_too(client, people, monkeypatch):
    from accounts.api import tokens

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(tokens, "authenticate", broken)
    client.raise_request_exception = False
    answer = client.post(
        f"{V1}auth/token/", {"username": "adv", "password": "demo"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert answer["Content-Type"] == "application/problem+json"


def test_background_work_is_shown_to_who_asked_for_it(api, people):
    from o2c.shared import work

    job = work.add("credit.nightly", "test", {}, requested_by=people["adv"])
    shown = api("adv").get(f"{V1}jobs/{job}/").json()
    assert (shown["state"], shown["done"], shown["result_url"]) == ("queued", 0, None)
    assert api("sales").get(f"{V1}jobs/{job}/").status_code == 404


def test_health_for_supervisors(client, db):
    assert client.get("/health/live").json() == {"status": "ok"}
    ready = client.get("/health/ready").json()
    assert (ready["checks"]["database"], ready["checks"]["migrations"]) == (True, True)
    text = client.get("/metrics").content.decode()
    assert "o2c_held_orders 0\n" in text
    assert 'o2c_work{state="failed"} 0\n' in text
