"""The operator's commands on companies, users and the nightly run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Company, RoleGrant, User
from credit.models import NightlyRun
from tests.factories.accounts import CompanyFactory, make_user

pytestmark = pytest.mark.django_db


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue().strip()


def test_create_company_without_a_demo_grants_nothing():
    assert run("create_company", "IBM", "--name", "Big Blue", "--currency", "USD") == (
        "company IBM (USD), 0 roles granted"
    )
    company = Company.objects.get()
    assert (company.code, company.name, company.currency) == ("IBM", "Big Blue", "USD")


def test_create_company_in_a_demo_gives_every_demo_sign_in_its_role_there():
    demo = CompanyFactory(code="DEMO")
    for role in ("sales", "credit_manager", "administrator"):
        make_user(role, demo, role)
    make_user("sales", CompanyFactory(code="OTHER"), "stranger")
    run("create_company", "SECOND")
    second = Company.objects.get(code="SECOND")
    assert set(RoleGrant.objects.filter(company=second).values_list("user__username", "role_id")) == {
        ("sales", "sales"),
        ("credit_manager", "credit_manager"),
    }
    assert User.objects.get(username="administrator").may("reports.view", second)


@pytest.mark.parametrize("arguments", [("IBM",), ("small letters",), ("NEW", "--currency", "DOLLAR")])
def test_create_company_says_what_is_wrong_and_makes_nothing(arguments):
    CompanyFactory(code="IBM")
    with pytest.raises(CommandError):
        run("create_company", *arguments)
    assert Company.objects.count() == 1


def test_create_first_admin_makes_one_and_only_where_nobody_is():
    assert run("create_first_admin") == "administrator admin, password demo: change it"
    admin = User.objects.get()
    assert (admin.username, admin.check_password("demo"), admin.company_ids()) == ("admin", True, None)
    assert admin.may("admin.users", CompanyFactory())
    assert run("create_first_admin") == "there are users already: nothing done"
    assert User.objects.count() == 1


def test_last_nightly_prints_the_last_finished_run_in_one_line():
    assert run("last_nightly") == "none yet"
    start = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    NightlyRun.objects.create(day=date(2026, 11, 24), started_at=start)
    NightlyRun.objects.create(
        day=date(2026, 11, 23),
        started_at=start,
        finished_at=start.replace(second=12),
        accounts=250,
        differences=[{"kind": "open"}],
    )
    assert run("last_nightly") == "2026-11-23: 250 accounts, 12.0 s, 1 differences"
