"""One client with an invoice, and the people who work on its disputes."""

from __future__ import annotations

import pytest

from accounts.models import Company, CustomerAccount, User
from invoicing.models import Invoice
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company)


@pytest.fixture
def accountant(company: Company) -> User:
    return make_user("receivables_accountant", company)


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


@pytest.fixture
def logistics(company: Company) -> User:
    return make_user("dispute_owner", company, "logistics")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def invoice(account: CustomerAccount, accountant: User) -> Invoice:
    """1000 incl. VAT, issued elsewhere."""
    return make_invoice(account, "1000.00", by=accountant, number="F-1")
