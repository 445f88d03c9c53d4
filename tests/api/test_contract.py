"""The edge of the API, sentence by sentence of its contract: parameters, pages, problems, addresses, replays."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.api import tokens
from o2c.shared.models import IdempotencyKey

from .conftest import order_body

pytestmark = pytest.mark.django_db

V1 = "/api/v1/"
LISTS = [
    "accounts/",
    "accounts/C0001/limits/",
    "accounts/C0001/timeline/",
    "limit-requests/",
    "client-notes/",
    "guarantees/",
    "buyer-covers/",
    "orders/",
    "holds/",
    "invoices/",
    "payments/",
    "items/",
    "allocations/",
    "audit/",
]
KEYS = {"code": "C0001", "number": "ORD-1", "id": "1", "delivery": "1"}


def problem(answer):
    """The problem document of an answer, its members all there."""
    assert answer["Content-Type"] == "application/problem+json", answer.content[:200]
    told = answer.json()
    assert {"type", "title", "status", "detail", "code", "errors"} <= set(told)
    assert told["status"] == answer.status_code
    return told


@pytest.fixture
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


class TestParameters:
    @pytest.mark.parametrize("path", LISTS)
    def test_a_mistyped_filter_is_named(self, api, account, path):
        answer = api("auditor").get(f"{V1}{path}?acount=C0001")
        assert answer.status_code == 400
        told = problem(answer)
        assert told["code"] == "unknown_parameter"
        assert list(told["errors"]) == ["acount"]

    def test_a_mistyped_company_books_nowhere(self, api, account):
        answer = api("adv").post(f"{V1}orders/?compny=OTHER", order_body())
        assert (answer.status_code, problem(answer)["code"]) == (400, "unknown_parameter")

    @pytest.mark.parametrize("path", [path for path in LISTS if "C0001" not in path])
    def test_an_order_no_list_knows_is_named_with_those_it_knows(self, api, account, path):
        answer = api("auditor").get(f"{V1}{path}?ordering=-colour")
        assert answer.status_code == 400
        told = problem(answer)
        assert {*told["errors"]} <= {"ordering"}

    def test_every_parameter_described_is_taken_and_no_other(self, api, account, schema):
        auditor = api("auditor")
        api("adv").post(f"{V1}orders/", order_body())
        for path, acts in schema["paths"].items():
            if "get" not in acts or "schema" in path:
                continue
            named = [each["name"] for each in acts["get"].get("parameters", ()) if each["in"] == "query"]
            address = path.format(**KEYS)
            for name in named:
                answer = auditor.get(address, {name: ""})
                assert answer.status_code != 400, (path, name, answer.content)
            assert problem(auditor.get(address, {"no_such": "1"}))["status"] in {400, 403, 404}, path

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("order_date=2026-11-20", 1),
            ("order_date=2026-11-19", 0),
            ("order_date_after=2026-11-20", 1),
            ("order_date_after=2026-11-21", 0),
            ("order_date_before=2026-11-20", 1),
            ("order_date_after=2026-11-01&order_date_before=2026-11-19", 0),
        ],
    )
    def test_days_are_asked_for_alone_or_from_one_to_another(self, api, account, query, count):
        api("adv").post(f"{V1}orders/", order_body(order_date="2026-11-20"))
        assert api("adv").get(f"{V1}orders/?{query}").json()["count"] == count

    def test_no_day_is_told_by_its_name(self, api, account):
        answer = api("adv").get(f"{V1}orders/?order_date=soon")
        assert (answer.status_code, [*problem(answer)["errors"]]) == (400, ["order_date"])

    def test_flags_of_clients_are_filters(self, api, account, other_account):
        adv = api("credit")
        adv.post(f"{V1}accounts/C0001/block/", {"reason": "r", "review_on": "2030-01-01"})
        adv.post(f"{V1}accounts/C0002/watch/", {})
        for query, codes in {
            "blocked=true": ["C0001"],
            "blocked=false": ["C0002"],
            "watched=1": ["C0002"],
            "watched=0": ["C0001"],
            "code=C0002": ["C0002"],
        }.items():
            rows = adv.get(f"{V1}accounts/?{query}").json()["results"]
            assert [row["code"] for row in rows] == codes, query


class TestPages:
    @pytest.mark.parametrize("size", ["501", "0", "-1", "1000000", "x", "1.5", "٣"])
    def test_a_size_nobody_can_give_is_refused(self, api, account, size):
        answer = api("adv").get(f"{V1}accounts/", {"page_size": size})
        assert (answer.status_code, [*problem(answer)["errors"]]) == (400, ["page_size"])

    @pytest.mark.parametrize("path", LISTS)
    def test_up_to_five_hundred_rows_in_the_same_envelope(self, api, account, path):
        answer = api("auditor").get(f"{V1}{path}?page_size=500")
        assert answer.status_code == 200
        assert set(answer.json()) == {"count", "next", "previous", "results"}

    @pytest.mark.parametrize("page", ["0", "-1", "x", "1.5"])
    def test_a_page_must_be_a_number(self, api, account, page):
        answer = api("adv").get(f"{V1}accounts/", {"page": page})
        assert (answer.status_code, [*problem(answer)["errors"]]) == (400, ["page"])

    def test_a_page_beyond_the_last_is_not_there(self, api, account):
        assert problem(api("adv").get(f"{V1}accounts/?page=2"))["status"] == 404
        assert problem(api("adv").get(f"{V1}accounts/?page={'9' * 300}"))["status"] == 404
        assert api("adv").get(f"{V1}accounts/?page=last").status_code == 200

    def test_pages_follow_one_another(self, api, account, other_account):
        first = api("adv").get(f"{V1}accounts/?page_size=1&company=DEMO").json()
        assert (first["count"], first["previous"]) == (2, None)
        assert "page=2" in first["next"]
        assert "company=DEMO" in first["next"]


class TestProblems:
    @pytest.mark.parametrize("path", ["/api/", "/api/v2/accounts/", "/api/v1/nothing/", "/api/v1/nothing"])
    def test_unknown_addresses_are_problems(self, client, people, api, path):
        assert problem(api("adv").get(path))["code"] == "not_found"
        assert problem(api("adv").post(path, {}))["status"] == 404

    @pytest.mark.parametrize("method", ["patch", "put", "delete"])
    def test_an_issued_document_cannot_be_changed(self, api, account, method):
        accountant = api("accountant")
        body = {
            "number": "F-1",
            "account": "C0001",
            "issue_date": "2026-11-01",
            "due_date": "2026-12-01",
            "currency": "EUR",
            "total_incl_vat": "10.00",
            "origin": "imported",
        }
        assert accountant.post(f"{V1}invoices/", body).status_code == 201
        answer = getattr(accountant, method)(f"{V1}invoices/F-1/", {"due_date": "2027-01-01"})
        assert (answer.status_code, problem(answer)["code"]) == (405, "method_not_allowed")
        assert "GET" in answer["Allow"]

    def test_a_body_too_large_is_a_413(self, api, account, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
        answer = api("adv").post(f"{V1}orders/", order_body(customer_reference="x" * 1000))
        assert (answer.status_code, problem(answer)["code"]) == (413, "too_large")

    def test_broken_json_is_a_400_and_another_type_a_415(self, api, account):
        adv = api("adv")
        broken = adv.generic("POST", f"{V1}orders/", "{", content_type="application/json")
        assert (broken.status_code, problem(broken)["code"]) == (400, "parse_error")
        other = adv.generic("POST", f"{V1}orders/", "<a/>", content_type="application/xml")
        assert (other.status_code, problem(other)["code"]) == (415, "unsupported_media_type")

    def test_too_many_tries_to_sign_in_are_a_429_that_says_how_long(self, client, people, monkeypatch):
        monkeypatch.setattr(tokens.SignInThrottle, "rate", "2/min", raising=False)
        ask = {"username": "adv", "password": "demo"}
        answers = [
            client.post(f"{V1}auth/token/", ask, "application/json", REMOTE_ADDR="192.0.2.7")
            for _each in range(3)
        ]
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert problem(answers[2])["code"] == "throttled"
        assert 0 < int(answers[2]["Retry-After"]) <= 60

    def test_rights_name_the_role_that_may(self, api, account):
        answer = api("sales").post(f"{V1}accounts/C0001/block/", {"reason": "r", "review_on": "2030-01-01"})
        assert answer.status_code == 403
        assert problem(answer)["required_role"] == "credit_analyst"

    def test_rules_refuse_with_their_findings(self, api, account):
        adv = api("adv")
        assert adv.post(f"{V1}orders/", order_body(submit=True)).json()["status"] == "confirmed"
        block = {"reason": "r", "review_on": "2030-01-01"}
        assert api("credit").post(f"{V1}accounts/C0001/block/", block).status_code == 200
        answer = adv.post(f"{V1}orders/ORD-1/deliver/", {})
        assert answer.status_code == 422
        assert [finding["code"] for finding in problem(answer)["findings"]] == ["ACCOUNT_BLOCKED"]


class TestAddresses:
    def test_a_lacking_slash_keeps_method_and_body(self, api, account):
        answer = api("adv").post(f"{V1}orders?company=DEMO", order_body())
        assert (answer.status_code, answer["Location"]) == (308, f"{V1}orders/?company=DEMO")
        assert api("adv").get(f"{V1}accounts/C0001", follow=True).json()["code"] == "C0001"


class TestIdempotencyKey:
    def test_the_same_request_again_gets_the_stored_answer(self, api, account):
        adv = api("adv")
        first = adv.post(f"{V1}orders/", order_body(), headers={"Idempotency-Key": "k1"})
        again = adv.post(f"{V1}orders/", order_body(), headers={"Idempotency-Key": "k1"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert again["Idempotent-Replay"] == "true"
        assert again.json() == first.json()

    def test_another_body_under_the_key_is_a_conflict(self, api, account):
        adv = api("adv")
        adv.post(f"{V1}orders/", order_body(), headers={"Idempotency-Key": "k1"})
        answer = adv.post(f"{V1}orders/", order_body("ORD-2"), headers={"Idempotency-Key": "k1"})
        assert (answer.status_code, problem(answer)["code"]) == (409, "key_conflict")

    def test_the_key_of_a_refused_request_may_be_used_again(self, api, account):
        adv = api("adv")
        wrong = adv.post(f"{V1}orders/", order_body(lines=[]), headers={"Idempotency-Key": "k1"})
        assert wrong.status_code in {400, 422}
        assert adv.post(f"{V1}orders/", order_body(), headers={"Idempotency-Key": "k1"}).status_code == 201

    def test_a_key_is_one_person_s_and_kept_for_a_day(self, api, account):
        api("adv").post(f"{V1}orders/", order_body(), headers={"Idempotency-Key": "k1"})
        mine = {"Idempotency-Key": "k1"}
        assert api("integration").post(f"{V1}orders/", order_body("ORD-2"), headers=mine).status_code == 201
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, minutes=1))
        assert api("adv").post(f"{V1}orders/", order_body("ORD-3"), headers=mine).status_code == 201

    @pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
    def test_a_key_nobody_can_store_is_refused(self, api, account, key):
        answer = api("adv").post(f"{V1}orders/", order_body(), headers={"Idempotency-Key": key})
        assert (answer.status_code, [*problem(answer)["errors"]]) == (400, ["Idempotency-Key"])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_concurrent_second_waits_and_gets_the_stored_answer(api, account):
    header = api("adv")._credentials["HTTP_AUTHORIZATION"]

    def send(_number: int) -> tuple[int, str, str | None]:
        client = APIClient(headers={"authorization": header})
        try:
            answer = client.post(f"{V1}orders/", order_body(), headers={"Idempotency-Key": "same"})
            return answer.status_code, json.dumps(answer.json()), answer.get("Idempotent-Replay")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert {status for status, _body, _replay in answers} == {201}
    # The store keeps no order of members.
    first, *others = [json.loads(body) for _status, body, _replay in answers]
    assert all(other == first for other in others)
    assert sorted(str(replay) for _status, _body, replay in answers) == ["None", "true", "true", "true"]
