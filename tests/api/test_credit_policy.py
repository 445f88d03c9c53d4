"""``credit-policy/``: the written policy in force, its versions, whose it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory
from tests.factories.policies import published

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/credit-policy/"


@pytest.fixture
def versions(company, people):
    at = timezone.now()
    today = paris_date(at)
    for number, began in ((1, -30), (2, 0), (3, 9)):
        published(company, by=people["credit"], at=at, number=number, began=today + timedelta(days=began))
    return today


def test_the_policy_in_force_with_its_articles_and_settings(api, versions):
    answer = api("sales").get(ADDRESS).json()
    assert (answer["company"], answer["number"], answer["state"]) == ("DEMO", 2, "in_force")
    articles = {each["number"]: each for each in answer["articles"]}
    assert articles["4.4"]["findings"] == ["OVERDUE_DAYS", "OVERDUE_AMOUNT"]
    assert articles["4.4"]["title"] == "Late payment"
    assert articles["4.4"]["settings"][0]["today"].startswith("30 days (class A)")
    assert articles["4.4"]["settings"][0]["at_publication"] is None
    assert "15 days (class C)" in articles["4.4"]["text"]
    assert articles["1"]["settings"] == []


@pytest.mark.parametrize(("ahead", "number"), [(-30, 1), (-1, 1), (0, 2), (8, 2), (9, 3)])
def test_of_each_day_one_version_is_in_force(api, versions, ahead, number):
    answer = api("auditor").get(ADDRESS, {"on": (versions + timedelta(days=ahead)).isoformat()})
    assert answer.json()["number"] == number


@pytest.mark.parametrize(("number", "state"), [(1, "superseded"), (2, "in_force"), (3, "coming")])
def test_a_version_by_its_number(api, versions, number, state):
    assert api("sales").get(f"{ADDRESS}{number}/").json()["state"] == state


def test_before_the_first_and_of_no_number_there_is_none(api, versions):
    before = api("sales").get(ADDRESS, {"on": (versions - timedelta(days=31)).isoformat()})
    assert (before.status_code, before.json()["code"]) == (404, "not_found")
    assert api("sales").get(f"{ADDRESS}9/").status_code == 404
    assert api("sales").get(ADDRESS, {"on": "soon"}).status_code == 400


def test_another_companys_policy_is_not_told(api, people, versions):
    published(CompanyFactory(code="OTHER"), by=people["credit"], at=timezone.now(), number=7)
    assert api("sales").get(f"{ADDRESS}7/").status_code == 404
    assert api("sales").get(ADDRESS, {"company": "OTHER"}).status_code in {403, 404}


def test_it_is_read_in_the_readers_language(api, people, versions):
    people["sales"].language = "fr"
    people["sales"].save(update_fields=["language"])
    answer = api("sales").get(ADDRESS).json()
    assert {each["number"]: each["title"] for each in answer["articles"]}["4.4"] == "Retards de paiement"
