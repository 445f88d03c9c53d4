"""Credit notes by HTTP: issued, pending, approved, refused, asked for twice."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db

V1 = "/api/v1/"
F1 = f"{V1}invoices/F-1/"


@pytest.fixture
def invoice(api, account):
    body = {
        "number": "F-1",
        "account": "C0001",
        "issue_date": "2026-11-01",
        "due_date": "2026-12-01",
        "currency": "EUR",
        "total_incl_vat": "1200.00",
        "origin": "imported",
    }
    assert api("integration").post(f"{V1}invoices/", body).status_code == 201


def test_a_small_one_is_issued_and_allocated_at_once(api, invoice):
    answer = api("adv").post(f"{F1}credit/", {"amount": "500.00", "reason": "Wrong price"})
    told = answer.json()
    assert answer.status_code == 201
    assert (told["amount"], told["allocated"], told["status"]) == ("500.00", "500.00", "issued")
    assert api("adv").get(F1).json()["open_amount"] == "700.00"
    note = api("adv").get(f"{V1}invoices/{told['number']}/").json()
    assert (note["kind"], note["corrects"], note["total_incl_vat"]) == ("CREDIT_NOTE", "F-1", "-500.00")
    assert api("adv").patch(f"{V1}invoices/{told['number']}/", {}).status_code == 405


@pytest.mark.parametrize("address", [f"{F1}credit/approve/", f"{F1}approve/", f"{V1}invoices/CN-1/approve/"])
def test_a_large_one_waits_for_somebody_else(api, invoice, address):
    adv, body = api("adv"), {"amount": "600.00", "reason": "Wrong price", "number": "CN-1"}
    told = adv.post(f"{F1}credit/", body).json()
    assert (told["status"], told["allocated"], told["required_role"]) == ("pending", "0.00", "credit_manager")
    own = adv.post(address, {"reason": "me"})
    assert (own.status_code, own.json()["code"]) == (403, "four_eyes")
    small = api("analyst").post(address, {})
    assert (small.status_code, small.json()["code"]) == (403, "authority_exceeded")
    done = api("credit").post(address, {"reason": "agreed"})
    assert (done.status_code, done.json()["status"], done.json()["allocated"]) == (200, "issued", "600.00")
    assert api("credit").post(f"{F1}credit/approve/", {}).status_code == 409


def test_a_refused_one_books_nothing(api, invoice):
    api("adv").post(f"{F1}credit/", {"amount": "600.00", "reason": "Wrong price"})
    assert api("credit").post(f"{F1}credit/refuse/", {}).status_code == 400
    done = api("credit").post(f"{F1}credit/refuse/", {"reason": "not ours"}).json()
    assert (done["status"], done["number"], done["decision_reason"]) == ("refused", None, "not ours")
    assert api("adv").get(F1).json()["open_amount"] == "1200.00"


def test_the_same_number_twice(api, invoice):
    adv, body = api("adv"), {"amount": "5", "reason": "r", "number": "CN-1"}
    assert adv.post(f"{F1}credit/", body).status_code == 201
    again = adv.post(f"{F1}credit/", body | {"amount": "5.00"})
    assert (again.status_code, again["Idempotent-Replay"]) == (200, "true")
    other = adv.post(f"{F1}credit/", body | {"amount": "6"})
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")


def test_several_that_wait_are_told_apart_by_their_id(api, invoice):
    ask = [api("adv").post(f"{F1}credit/", {"amount": "550", "reason": "r"}).json()["id"] for _each in "ab"]
    vague = api("credit").post(f"{F1}credit/approve/", {})
    assert vague.status_code == 409
    done = api("credit").post(f"{F1}credit/approve/", {"id": ask[1]})
    assert (done.status_code, done.json()["id"]) == (200, ask[1])
    assert api("credit").post(f"{F1}credit/approve/", {"id": 99_999_999}).status_code == 404


def test_the_list_reads_alike_for_one_and_three(api, invoice):
    adv, counts = api("adv"), []
    for more in (1, 2):
        for _each in range(more):
            adv.post(f"{F1}credit/", {"amount": "10", "reason": "r"})
        with CaptureQueriesContext(connection) as seen:
            assert adv.get(f"{F1}credit/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_who_may_not(api, invoice):
    answer = api("auditor").post(f"{F1}credit/", {"amount": "5", "reason": "r"})
    assert (answer.status_code, answer.json()["required_role"]) == (403, "receivables_accountant")
    assert api("sales2").post(f"{F1}credit/", {"amount": "5", "reason": "r"}).status_code == 404
