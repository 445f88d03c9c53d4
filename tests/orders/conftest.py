"""A company with one client of a limit of 10 000, and the people who work on its orders."""

from __future__ import annotations

import pytest

from accounts.models import Company, CustomerAccount, User
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep", first_name="Rose", last_name="Martin")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec", rep=rep)
    give_limit(account, "10000")
    return account


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager", first_name="Helen", last_name="Carter")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst")
