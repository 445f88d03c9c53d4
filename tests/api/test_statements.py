from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import Company, User
from invoicing.models import BankAccount, BankStatement, Payment
from o2c.shared import work
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.statements import BANK, BRANCH, IBAN, NUMBER, cfonb120, entry, make_bank_account

pytestmark = pytest.mark.django_db
Api = Callable[[str], APIClient]

CONTENT = cfonb120(
    entry("480.00", NPY="DUPONT", RCN="E2E-1", LIB="FA2026-1"), entry("-18.00", "COMMISSION IMPAYE"),
    entry("-72.00", "IMPAYE PRLV X"),
)  # fmt: skip


@pytest.fixture
def bank(company: Company, people: dict[str, User]) -> BankAccount:
    return make_bank_account(company, people["accountant"])


def send(client: APIClient, content: bytes = CONTENT, query: str = "", **fields: Any) -> Any:
    file = SimpleUploadedFile("statement.txt", content)
    return client.post(f"/api/v1/statements/{query}", {"file": file, **fields}, format="multipart")


@pytest.mark.parametrize("name", ["sales", "adv", "credit", "auditor", "admin"])
def test_only_who_may_brings_statements_in(api: Api, bank: BankAccount, name: str):
    answer = send(api(name))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert answer.json()["required_role"] == "receivables_accountant"
    assert not Payment.objects.exists()


@pytest.mark.parametrize("name", ["sales", "adv"])
def test_who_may_not_see_the_bank(api: Api, bank: BankAccount, name: str):
    for path in ("statements/", "bank-accounts/"):
        assert api(name).get(f"/api/v1/{path}").status_code == 403


@pytest.mark.parametrize(
    ("content", "status", "code", "said"),
    [
        (b"", 400, "unreadable", "Line 1"),
        (b"A letter", 400, "unreadable", "Line 1"),
        (CONTENT[:400], 400, "unreadable", "Line 4"),
        (CONTENT.replace(b"0000000013900{", b"0000000013901{"), 422, "totals_do_not_tie", "1390.00"),
        (cfonb120(entry("1"), account="00000000009"), 422, "unknown_bank_account", "00000000009"),
    ],
)
def test_refusals_carry_their_code_and_the_line(
    api: Api, bank: BankAccount, content: bytes, status: int, code: str, said: str
):
    answer = send(api("accountant"), content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said in answer.json()["errors"]["file"][0]
    assert not BankStatement.objects.exists()


def test_no_file_is_refused(api: Api):
    answer = api("accountant").post("/api/v1/statements/", {"format": "mt940"}, format="multipart")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["file"])


def test_a_file_beyond_what_one_request_takes(api: Api):
    answer = api("accountant").post(
        "/api/v1/statements/", b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="104857600"
    )
    assert answer.status_code == 413


def test_a_file_is_booked_once(api: Api, bank: BankAccount):
    answer, again = send(api("integration")), send(api("accountant"), format="cfonb120")
    (made,), (known,) = answer.json()["statements"], again.json()["statements"]
    assert (answer.status_code, again.status_code) == (201, 200)
    assert {k: made[k] for k in ("currency", "opening_balance", "closing_balance", "created", "duplicates")} == {
        "currency": "EUR", "opening_balance": "1000.00", "closing_balance": "1390.00", "created": 3, "duplicates": 0,
    }  # fmt: skip
    assert made["account"] == f"{BANK} {BRANCH} {NUMBER}"
    assert (known["id"], known["created"], known["duplicates"]) == (made["id"], 0, 3)
    payments = api("accountant").get("/api/v1/payments/").json()["results"]
    assert [row["amount"] for row in payments] == ["480.00"]


def test_a_dry_run_reads_any_account_and_stores_nothing(api: Api):
    answer = send(api("accountant"), query="?dry_run=1")
    (seen,) = answer.json()["statements"]
    assert (answer.status_code, seen["id"], seen["created"]) == (200, None, 3)
    first = seen["lines"][0]
    assert (first["amount"], first["end_to_end_id"], first["payer_name"]) == ("480.00", "E2E-1", "DUPONT")
    assert not BankStatement.objects.exists()


def test_a_large_file_is_booked_in_the_background(
    api: Api, bank: BankAccount, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("invoicing.api.statements._IN_BACKGROUND", 100)
    answer = send(api("accountant"))
    assert (answer.status_code, BankStatement.objects.count()) == (202, 0)
    work.drain()
    job = api("accountant").get(answer.headers["Location"]).json()
    assert (job["state"], job["result"]["status"]) == ("done", "done")
    assert job["result"]["statements"][0]["created"] == 3
    refused = send(api("accountant"), b"A letter".ljust(200), "?async=1")
    work.drain()
    job = api("accountant").get(refused.headers["Location"]).json()
    assert (job["result"]["status"], job["result"]["code"]) == ("refused", "unreadable")


def test_the_lines_of_a_statement(api: Api, bank: BankAccount):
    (made,) = send(api("accountant")).json()["statements"]
    answer = api("auditor").get(f"/api/v1/statements/{made['id']}/lines/").json()
    assert [row["outcome"] for row in answer["results"]] == ["payment", "fee", "return"]
    assert answer["results"][0]["payment"] == Payment.objects.get().pk
    assert answer["results"][2]["return"]["status"] == "open"
    (listed,) = api("auditor").get("/api/v1/statements/?continuity=first").json()["results"]
    assert (listed["id"], listed["created"], listed["duplicates"]) == (made["id"], 3, 0)
    assert api("auditor").get(f"/api/v1/statements/{made['id']}/").json() == listed


def test_another_companys_statement_does_not_exist(api: Api, company: Company):
    far = CompanyFactory(code="FAR")
    by = make_user("receivables_accountant", far)
    make_bank_account(far, by)
    from invoicing import services
    from tests.factories.invoicing import AT

    services.import_statements(company=far, content=CONTENT, by=by, at=AT)
    pk = BankStatement.objects.get().pk
    for path in (f"statements/{pk}/", f"statements/{pk}/lines/"):
        assert api("accountant").get(f"/api/v1/{path}").status_code == 404
    assert api("accountant").get("/api/v1/statements/").json()["count"] == 0


def test_bank_accounts(api: Api):
    client = api("integration")
    body = {"bank": BANK, "branch": BRANCH, "account": NUMBER, "currency": "EUR"}
    made = client.post("/api/v1/bank-accounts/", body)
    again = client.post("/api/v1/bank-accounts/", {"iban": IBAN, "currency": "EUR"})
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["id"] == again.json()["id"]
    assert client.get("/api/v1/bank-accounts/").json()["count"] == 1
    wrong = client.post("/api/v1/bank-accounts/", {"iban": "FR7612345", "currency": "EUR"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["iban"])
    assert api("admin").post("/api/v1/bank-accounts/", body).status_code == 403


def test_a_payment_of_a_statement_says_where_it_comes_from(api: Api, bank: BankAccount):
    send(api("accountant"))
    payment = Payment.objects.get()
    assert payment.statement_line.statement.closing_balance == Decimal("1390.00")
