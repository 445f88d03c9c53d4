"""One client and the people who book on it."""

from __future__ import annotations

import pytest

from accounts.models import Company, CustomerAccount, User
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user


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
def rep(company: Company) -> User:
    return make_user("sales", company)
