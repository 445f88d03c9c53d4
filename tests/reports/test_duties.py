"""Who holds duties in one hand: from roles and grants, per company."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Company, RoleGrant
from o2c.reports.duties import conflicts
from tests.factories.accounts import CompanyFactory, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO", name="Demo")


def found(company: Company) -> list[tuple[str, str]]:
    return [(row.user.username, row.duties.code) for row in conflicts(company)]


def test_single_roles_without_two_duties_are_not_listed(company):
    for role in (
        "sales",
        "sales_manager",
        "receivables_accountant",
        "auditor",
        "administrator",
        "integration",
    ):
        make_user(role, company)
    assert found(company) == []


def test_a_role_that_joins_two_is_listed_with_what_keeps_them_apart(company):
    make_user("credit_analyst", company, "ana")
    rows = {row.duties.code: row for row in conflicts(company)}
    assert set(rows) == {"request_and_grant_limit", "enter_and_release_order", "raise_limit_and_release"}
    assert rows["request_and_grant_limit"].duties.kept_by != ""
    assert found(company)[0] == ("ana", "raise_limit_and_release"), "what nothing keeps apart comes first"


def test_two_roles_together_join_what_neither_does(company):
    user = make_user("adv_officer", company, "eve")
    RoleGrant.objects.create(user=user, company=company, role_id="administrator")
    row = next(row for row in conflicts(company) if row.duties.code == "administer_and_approve")
    assert (row.first_roles, row.second_roles) == (("administrator",), ("adv_officer",))


def test_roles_held_in_another_company_do_not_join(company):
    other = CompanyFactory()
    user = make_user("sales", company, "sam")
    RoleGrant.objects.create(user=user, company=other, role_id="credit_manager")
    assert found(company) == []
    assert ("sam", "raise_limit_and_release") in found(other)


def test_who_may_not_sign_in_is_left_out(company):
    make_user("credit_analyst", company, is_active=False)
    assert found(company) == []


def test_one_statement_for_three_people_as_for_one(company, django_assert_num_queries):
    for _ in range(3):
        make_user("credit_analyst", company)
    with django_assert_num_queries(1):
        conflicts(company)


def test_page_and_file_for_the_auditor(company):
    make_user("credit_analyst", company, "ana", first_name="Ana", last_name="Lyst")
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(make_user("auditor", company), backend="django.contrib.auth.backends.ModelBackend")
    page = browser.get(reverse("reports:duties")).content.decode()
    assert "Ana Lyst" in page
    assert "Raises limits and releases held orders" in page
    answer: Any = browser.get(reverse("reports:duties"), {"export": "csv"})
    file = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert file.splitlines()[1] == "ana;Ana Lyst;Credit analyst;Raises limits and releases held orders;"
    rows = browser.get(reverse("api-duties")).json()["rows"]
    assert rows[0]["first_roles"] == ["credit_analyst"]
    assert browser.get(reverse("api-duties"), {"format": "xml"}).status_code == 400
