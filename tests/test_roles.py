"""The role table: complete, and duties kept apart."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from accounts.models import Role, RoleGrant
from o2c.roles import DECISIONS, PERMISSIONS, ROLES
from tests.factories.accounts import CompanyFactory, make_user

LEVELS = {
    "adv_officer": 1,
    "adv_manager": 1,
    "credit_analyst": 2,
    "credit_manager": 3,
    "finance_director": 4,
    "executive": 5,
}


def who_may(permission: str) -> set[str]:
    return {code for code, role in ROLES.items() if permission in role.permissions}


def test_the_table_names_the_thirteen_roles_of_the_domain_and_the_partner():
    assert set(ROLES) == {
        "adv_officer", "adv_manager", "sales", "sales_manager", "credit_analyst", "credit_manager",
        "receivables_accountant", "finance_director", "executive", "dispute_owner", "auditor",
        "administrator", "integration", "partner",
    }  # fmt: skip


def test_every_permission_is_known_and_held_by_somebody():
    assert frozenset().union(*(role.permissions for role in ROLES.values())) == PERMISSIONS


def test_authority_follows_the_delegation_matrix():
    assert {code: role.authority_level for code, role in ROLES.items() if role.authority_level} == LEVELS


@pytest.mark.parametrize("code", ["auditor", "administrator", "dispute_owner", "partner"])
def test_these_roles_decide_nothing(code):
    assert ROLES[code].permissions & DECISIONS == frozenset()
    assert ROLES[code].authority_level == 0


def test_who_manages_users_approves_nothing():
    assert who_may("admin.users") == {"administrator"}


def test_only_the_levels_of_the_matrix_release_and_only_credit_decides_limits():
    assert who_may("orders.release") == set(LEVELS)
    assert who_may("credit.decide_limit") == {
        "credit_analyst",
        "credit_manager",
        "finance_director",
        "executive",
    }


def test_sales_enters_orders_and_asks_for_limits_but_lets_nothing_go():
    for code in ("sales", "sales_manager"):
        assert {"orders.enter", "credit.request_limit"} <= ROLES[code].permissions
    assert ROLES["sales"].permissions & DECISIONS == frozenset()
    # The second of two approvers, who grants nothing alone.
    assert ROLES["sales_manager"].permissions & DECISIONS == {"credit.countersign"}


def test_integration_posts_facts_and_releases_nothing():
    assert {"accounts.edit", "orders.enter", "invoicing.import", "payments.record"} <= ROLES[
        "integration"
    ].permissions
    assert (
        ROLES["integration"].permissions & {"orders.release", "credit.decide_limit", "accounts.block"}
        == set()
    )


def test_who_records_payments_changes_no_client_except_other_systems():
    assert who_may("payments.record") & who_may("accounts.edit") == {"integration"}


def test_a_partner_sees_what_is_owed_and_nothing_of_credit_orders_or_reports():
    assert ROLES["partner"].permissions == {
        "invoicing.view",
        "dunning.promise",
        "disputes.view",
        "disputes.open",
    }


def test_reps_and_partners_are_bound_to_their_portfolio_and_only_the_administrator_sees_every_company():
    assert {code for code, role in ROLES.items() if not role.sees_all_accounts} == {"sales", "partner"}
    assert [code for code, role in ROLES.items() if role.sees_all_companies] == ["administrator"]


@pytest.mark.django_db
def test_sync_roles_stores_the_table_and_may_be_repeated():
    call_command("sync_roles", verbosity=0)
    call_command("sync_roles", verbosity=0)
    assert set(Role.objects.values_list("code", flat=True)) == set(ROLES)
    stored = Role.objects.get(code="credit_manager")
    assert stored.permissions == sorted(ROLES["credit_manager"].permissions)
    assert (stored.authority_level, stored.sees_all_accounts, stored.sees_all_companies) == (3, True, False)


@pytest.mark.django_db
def test_a_role_that_left_the_table_goes_or_stays_without_rights_while_it_is_held():
    Role.objects.create(code="unused", permissions=["orders.release"], authority_level=5)
    Role.objects.create(
        code="held", permissions=["orders.release"], authority_level=5, sees_all_companies=True
    )
    user = make_user("held", CompanyFactory())
    call_command("sync_roles", verbosity=0)
    assert not Role.objects.filter(code="unused").exists()
    role = RoleGrant.objects.get(user=user).role
    assert (role.permissions, role.authority_level) == ([], 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_roles_and_thresholds_survive_tests_that_empty_the_tables(turn):
    from credit.models import DelegationRule, RiskPolicy

    assert Role.objects.count() == len(ROLES)
    assert RiskPolicy.objects.count() == 5
    assert DelegationRule.objects.count() == 5
