"""``interest-notes/`` and waivers: claimed, taken back, waived and lifted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import CustomerAccount, User
from invoicing.models import PenaltyNote, PenaltyWaiver
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


@pytest.fixture
def credit() -> User:
    return make_user("credit_manager", CompanyFactory(code="API"))


@pytest.fixture
def account(credit: User) -> CustomerAccount:
    return CustomerAccountFactory(company=credit.home_company)


def late(account: CustomerAccount, number: str) -> None:
    clerk = make_user("receivables_accountant", account.company)
    make_invoice(account, "10000.00", number=number, by=clerk)


def post(client: Any, path: str, body: dict[str, Any]) -> Any:
    return client.post(V1 + path, body, content_type="application/json")


@pytest.mark.time_machine("2026-11-23T09:00:00Z", tick=False)
def test_claimed_once_and_taken_back(client: Any, credit: User, account: CustomerAccount) -> None:
    late(account, "F/1")
    client.force_login(credit)
    body = {"account": account.code, "invoices": ["F/1"], "as_of": "2026-11-23"}
    assert (
        post(client, "interest-notes/", body | {"invoices": ["NONE"]}).json()["code"] == "invoice_not_found"
    )
    made = post(client, "interest-notes/", body)
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["interest"], row["fee"], row["fee_currency"]) == ("101.92", "40.00", "EUR")
    assert (row["invoices"], row["cancels"], row["cancelled_by"]) == (["F/1"], None, None)
    assert post(client, "interest-notes/", body).json()["code"] == "nothing_to_claim"
    assert client.get(f"{V1}interest-notes/").json()["results"] == [row]
    assert client.get(f"{V1}interest-notes/{row['id']}/").json() == row
    back = post(client, f"interest-notes/{row['id']}/cancel/", {"reason": "wrong client"}).json()
    assert back["cancelled_by"]
    assert post(client, f"interest-notes/{row['id']}/cancel/", {"reason": "again"}).status_code == 409
    newest = client.get(f"{V1}interest-notes/").json()["results"][0]
    assert (newest["interest"], newest["cancels"], newest["invoices"]) == ("-101.92", row["number"], ["F/1"])
    assert PenaltyNote.objects.count() == 2


@pytest.mark.time_machine("2026-11-23T09:00:00Z", tick=False)
def test_waived_and_lifted_with_a_reason(client: Any, credit: User, account: CustomerAccount) -> None:
    late(account, "F/1")
    client.force_login(credit)
    path = "invoices/F/1/interest/"
    assert post(client, f"{path}lift/", {"reason": "r"}).json()["code"] == "no_waiver"
    assert post(client, f"{path}waive/", {"reason": ""}).status_code == 400
    waived = post(client, f"{path}waive/", {"reason": "our delay", "fee": False}).json()
    assert waived["waived"] == {"interest": True, "fee": False}
    assert waived["claimable"] == {"interest": "0.00", "fee": "40.00"}
    assert post(client, f"{path}waive/", {"reason": "our delay", "fee": False}).status_code == 200
    assert PenaltyWaiver.objects.count() == 1
    lifted = post(client, f"{path}lift/", {"reason": "they agreed"}).json()
    assert lifted["waived"] == {"interest": False, "fee": False}
    clerk = make_user("receivables_accountant", account.company)
    client.force_login(clerk)
    refused = post(client, f"{path}waive/", {"reason": "r"})
    assert (refused.status_code, refused.json()["required_role"]) == (403, "credit_analyst")


@pytest.mark.time_machine("2026-11-23T09:00:00Z", tick=False)
def test_a_legal_statement_puts_money_on_the_interest_first(
    client: Any, credit: User, account: CustomerAccount
) -> None:
    late(account, "F/1")
    clerk = make_user("receivables_accountant", account.company)
    client.force_login(clerk)
    item = client.get(f"{V1}items/").json()["results"][0]["id"]
    paid = post(
        client,
        "payments/",
        {
            "external_id": "P",
            "account": account.code,
            "date": "2026-11-03",
            "amount": "4000",
            "currency": "EUR",
        },
    ).json()
    post(client, f"payments/{paid['id']}/allocate/", {"items": [{"item": item, "amount": "4000"}]})
    address = f"{V1}invoices/F/1/interest/"
    plain = Decimal(client.get(address).json()["interest"])
    first = Decimal(client.get(address, {"interest_first": "1"}).json()["interest"])
    assert first > plain
