from __future__ import annotations

import pytest

from accounts.models import Company, CustomerAccount, User
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "sales")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec", rep=rep)


@pytest.fixture
def accountant(company: Company) -> User:
    return make_user("receivables_accountant", company, "accountant")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "credit")


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "finance")
