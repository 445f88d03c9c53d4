"""What the database itself refuses, broken on purpose; grants and authority."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from accounts.enums import TeamRole
from accounts.models import (
    CustomerAccount,
    EntityMembership,
    ExchangeRate,
    GroupMembership,
    LegalEntity,
    RoleGrant,
    TeamMember,
    User,
)
from tests.factories.accounts import (
    OPENED_ON,
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)

pytestmark = pytest.mark.django_db
BEFORE = OPENED_ON - timedelta(days=1)


def breaks(constraint: str):
    return pytest.raises(IntegrityError, match=constraint)


def test_a_code_is_unique_within_a_company_only():
    account = CustomerAccountFactory(code="C1")
    CustomerAccountFactory(code="C1", company=CompanyFactory())
    with breaks("account_code_once_per_company"), transaction.atomic():
        CustomerAccountFactory(code="C1", company=account.company)


@pytest.mark.parametrize("siret", ["1234", "7328293200007X", "732829320000740"])
def test_a_siret_has_fourteen_digits_or_is_unknown(siret):
    account = CustomerAccountFactory(siret="")
    with pytest.raises(Exception, match=r"account_siret_fourteen_digits|too long"), transaction.atomic():
        CustomerAccount.objects.filter(pk=account.pk).update(siret=siret)


def test_a_siren_is_unique_where_it_is_known():
    entity = LegalEntityFactory()
    LegalEntityFactory(siren=None)
    LegalEntityFactory(siren=None)
    with breaks("siren"), transaction.atomic():
        LegalEntityFactory(siren=entity.siren)


@pytest.mark.parametrize("siren", ["", "12345678", "12345678X"])
def test_a_siren_has_nine_digits_or_is_unknown(siren):
    with breaks("legal_entity_siren_nine_digits"), transaction.atomic():
        LegalEntity.objects.create(siren=siren, name="x")


def test_an_account_belongs_to_one_entity_at_a_time():
    account = CustomerAccountFactory()
    with breaks("one_open_entity_membership"), transaction.atomic():
        EntityMembership.objects.create(account=account, entity=account.entity, valid_from=OPENED_ON)
    with breaks("entity_membership_ends_after_start"), transaction.atomic():
        EntityMembership.objects.filter(account=account).update(valid_to=BEFORE)


def test_an_entity_belongs_to_one_group_at_a_time():
    entity = LegalEntityFactory(group=CustomerGroupFactory())
    with breaks("one_open_group_membership"), transaction.atomic():
        GroupMembership.objects.create(entity=entity, group=CustomerGroupFactory(), valid_from=OPENED_ON)


def test_a_client_has_one_sales_rep_at_a_time_and_as_many_others_as_it_needs():
    account = CustomerAccountFactory()
    one, two = make_user("sales", account.company), make_user("sales", account.company)
    for user, role in ((one, TeamRole.SALES_REP), (one, TeamRole.ADV), (two, TeamRole.ADV)):
        TeamMember.objects.create(account=account, user=user, role=role, valid_from=OPENED_ON)
    with breaks("one_sales_rep_at_a_time"), transaction.atomic():
        TeamMember.objects.create(account=account, user=two, role=TeamRole.SALES_REP, valid_from=OPENED_ON)
    with breaks("one_open_membership_per_person_and_role"), transaction.atomic():
        TeamMember.objects.create(account=account, user=one, role=TeamRole.ADV, valid_from=OPENED_ON)


def test_a_rate_is_positive_and_published_once_a_day():
    ExchangeRate.objects.create(currency="USD", day=date(2026, 1, 2), units_per_eur=Decimal("1.1"))
    with breaks("one_rate_per_currency_and_day"), transaction.atomic():
        ExchangeRate.objects.create(currency="USD", day=date(2026, 1, 2), units_per_eur=Decimal("1.2"))
    with breaks("rate_is_positive"), transaction.atomic():
        ExchangeRate.objects.create(currency="USD", day=date(2026, 1, 3), units_per_eur=Decimal(0))


def test_a_role_is_granted_once_with_or_without_a_company():
    user = make_user("sales")
    with breaks("role_granted_once_per_company"), transaction.atomic():
        RoleGrant.objects.create(user=user, company=user.home_company, role_id="sales")
    RoleGrant.objects.create(user=user, role_id="administrator")
    with breaks("role_granted_once_per_company"), transaction.atomic():
        RoleGrant.objects.create(user=user, role_id="administrator")


def test_rights_and_authority_are_those_of_the_company():
    here, there = CompanyFactory(), CompanyFactory()
    user = make_user("credit_manager", here)
    RoleGrant.objects.create(user=user, company=there, role_id="sales")
    assert user.may("credit.decide_limit", here)
    assert not user.may("credit.decide_limit", there)
    assert (user.authority_in(here), user.authority_in(there), user.authority_in(None)) == (3, 0, 3)
    assert user.company_ids() == sorted([here.pk, there.pk])


def test_somebody_inactive_may_nothing():
    user = make_user("executive")
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not User.objects.get(pk=user.pk).may("orders.release", user.home_company)


def test_names_sort_without_accents_and_case():
    for name in ("Zeta", "Épices Dupont", "epicerie", "ÉTÉ"):
        CustomerAccountFactory(name=name)
    names = CustomerAccount.objects.order_by("sort_key").values_list("name", flat=True)
    assert list(names) == ["epicerie", "Épices Dupont", "ÉTÉ", "Zeta"]
