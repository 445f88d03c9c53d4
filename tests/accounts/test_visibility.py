"""Whom a user sees: company scope first, then the portfolio (design 3.16)."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.enums import TeamRole
from accounts.models import CustomerAccount, RoleGrant, TeamMember, User
from o2c.roles import ROLES
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def book():
    """Two companies with two clients each, and a rep in the first."""
    here, there = CompanyFactory(code="HERE"), CompanyFactory(code="THERE")
    rep = make_user("sales", here, "rep")
    CustomerAccountFactory(company=here, code="H1", rep=rep)
    CustomerAccountFactory(company=here, code="H2")
    CustomerAccountFactory(company=there, code="T1")
    CustomerAccountFactory(company=there, code="T2")
    return here, there, rep


def seen(user, company=None):
    accounts = CustomerAccount.objects.visible_to(User.objects.get(pk=user.pk), company)
    return sorted(accounts.values_list("code", flat=True))


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_in_one_company(book, role):
    here, there, _rep = book
    user = make_user(role, here)
    if role == "administrator":
        assert seen(user) == ["H1", "H2", "T1", "T2"]
        assert seen(user, there) == ["T1", "T2"]
    elif role in {"sales", "partner"}:
        assert seen(user) == []
    else:
        assert seen(user) == ["H1", "H2"]
        assert seen(user, there) == []


def test_a_rep_sees_the_own_portfolio_as_long_as_it_lasts(book):
    _here, there, rep = book
    assert seen(rep) == ["H1"]
    assert seen(rep, there) == []
    TeamMember.objects.filter(user=rep).update(valid_to=date(2026, 1, 1))
    assert seen(rep) == []


def test_any_part_in_the_team_opens_the_client(book):
    _here, _there, rep = book
    account = CustomerAccount.objects.get(code="H2")
    TeamMember.objects.create(account=account, user=rep, role=TeamRole.COLLECTOR, valid_from=date(2026, 1, 1))
    assert seen(rep) == ["H1", "H2"]


def test_a_team_without_a_role_in_the_company_opens_nothing(book):
    _here, _there, rep = book
    account = CustomerAccount.objects.get(code="T1")
    TeamMember.objects.create(account=account, user=rep, role=TeamRole.SALES_REP, valid_from=date(2026, 1, 1))
    assert seen(rep) == ["H1"]


def test_roles_add_up_over_companies(book):
    _here, there, rep = book
    RoleGrant.objects.create(user=rep, company=there, role_id="auditor")
    assert seen(rep) == ["H1", "T1", "T2"]
    RoleGrant.objects.create(user=rep, company=CompanyFactory(), role_id="administrator")
    assert seen(rep) == ["H1", "H2", "T1", "T2"]


def test_nobody_without_a_role_or_account_sees_anything(book):
    here, _there, rep = book
    assert seen(make_user(None, here)) == []
    User.objects.filter(pk=rep.pk).update(is_active=False)
    assert seen(rep) == []
