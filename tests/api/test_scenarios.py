"""Scenarios by HTTP, and until when an item can be claimed."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import CustomerAccount
from dunning.services.scenarios import ensure_scenario
from invoicing.models import ReceivableItem
from o2c.shared.calendar import add_months
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.invoicing import make_credit

from .test_invoicing import imported

pytestmark = pytest.mark.django_db
SCENARIOS = "/api/v1/dunning-scenarios/"


def test_scenarios_are_read_with_their_steps(api: Any, account: CustomerAccount) -> None:
    scenario = ensure_scenario(account.company)
    ensure_scenario(CompanyFactory())
    (found,) = api("accountant").get(SCENARIOS).json()["results"]
    assert (found["id"], found["account"], found["risk_class"]) == (scenario.pk, None, "")
    assert (found["min_amount"], found["grace_days"], found["automatic_until"]) == ("15.00", 2, None)
    assert [(row["number"], row["day"], row["channel"], row["owner"]) for row in found["steps"]][:3] == [
        (0, -7, "email", "adv"), (1, 3, "call", "adv"), (2, 8, "email", "adv"),
    ]  # fmt: skip
    assert found["steps"][0]["min_amount"] == "1000.00"
    assert found["steps"][5]["is_formal"] is True
    assert api("accountant").get(f"{SCENARIOS}{scenario.pk}/").json() == found


def test_of_another_company_and_without_the_right(api: Any, account: CustomerAccount) -> None:
    theirs = ensure_scenario(CompanyFactory())
    assert api("accountant").get(f"{SCENARIOS}{theirs.pk}/").status_code == 404
    assert api("sales").get(SCENARIOS).status_code == 403
    assert api("accountant").post(SCENARIOS, {}).status_code == 405


def test_items_say_until_when_they_can_be_claimed(api: Any, account: CustomerAccount) -> None:
    api("accountant").post("/api/v1/invoices/", imported())
    make_credit(account, "10.00", by=make_user("receivables_accountant", account.company))
    rows = api("accountant").get("/api/v1/items/", {"account": account.code, "open": "1"}).json()["results"]
    told = {row["id"]: row["limitation_date"] for row in rows}
    owed = ReceivableItem.objects.get(amount__gt=0)
    assert told[owed.pk] == add_months(owed.due_date, 60).isoformat()
    assert [told[row.pk] for row in ReceivableItem.objects.filter(amount__lt=0)] == [None]
