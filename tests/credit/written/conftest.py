"""A company with the people who write its policy, publish it, keep to it and look at it."""

from __future__ import annotations

import pytest

from accounts.models import Company, CustomerAccount, User
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="DEMO", name="Demo")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "credit")


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "finance")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "sales")


@pytest.fixture
def auditor(company: Company) -> User:
    return make_user("auditor", company, "auditor")


@pytest.fixture
def account(company: Company, rep: User, manager: User) -> CustomerAccount:
    found = CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire", rep=rep)
    give_limit(found, "1000", decided_by=manager)
    return found
