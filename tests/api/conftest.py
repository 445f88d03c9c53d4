"""A company with one person per role, and clients of the API that speak for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Company, CustomerAccount, User
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.orders import give_limit

ROLES = {
    "adv": "adv_officer",
    "sales": "sales",
    "sales2": "sales",
    "credit": "credit_manager",
    "analyst": "credit_analyst",
    "accountant": "receivables_accountant",
    "auditor": "auditor",
    "integration": "integration",
    "admin": "administrator",
}


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO", name="Demo")


@pytest.fixture
def people(company: Company) -> dict[str, User]:
    return {name: make_user(role, company, name) for name, role in ROLES.items()}


@pytest.fixture
def api(people: dict[str, User]) -> Callable[[str], APIClient]:
    """Ask for the client of a person by user name."""

    def speak_for(name: str) -> APIClient:
        client = APIClient(headers={"accept-language": "en"})
        token, _created = Token.objects.get_or_create(user=people[name])
        client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
        return client

    return speak_for


@pytest.fixture
def account(company: Company, people: dict[str, User]) -> CustomerAccount:
    """A client of ``sales`` with a limit of 10 000."""
    account = CustomerAccountFactory(
        company=company,
        code="C0001",
        name="Acme",
        entity=LegalEntityFactory(siren="732829320"),
        rep=people["sales"],
    )
    give_limit(account, "10000", decided_by=people["credit"])
    return account


@pytest.fixture
def other_account(company: Company, people: dict[str, User]) -> CustomerAccount:
    """A client of ``sales2``."""
    return CustomerAccountFactory(company=company, code="C0002", rep=people["sales2"])


def order_body(number: str = "ORD-1", net: str = "1000.00", **fields: Any) -> dict[str, Any]:
    """An order of one line at 20 % VAT."""
    return {
        "number": number,
        "account": "C0001",
        "currency": "EUR",
        "lines": [
            {"sku": "A1", "description": "Goods", "quantity": "1", "unit_price": net, "vat_rate": "20.00"}
        ],
        **fields,
    }
