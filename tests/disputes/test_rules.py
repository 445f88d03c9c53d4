"""The days a company agrees to per type: set with a right and a reason, in force for what is qualified afterwards."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User
from disputes.enums import Department, DisputeType
from disputes.models import DisputeCosting, DisputeRule
from disputes.policy import time_cost
from disputes.queries import hour_rate_of, rules_of
from disputes.services.rules import set_hour_rate, set_rules
from invoicing.models import Invoice
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY

from .build import qualified

pytestmark = pytest.mark.django_db
NEW = {DisputeType.QUANTITY: (Department.QUALITY, 4)}


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "director")


def test_new_days_hold_for_what_is_qualified_afterwards(
    company: Company, invoice: Invoice, adv: User, logistics: User, director: User
):
    before = qualified(invoice, "100.00", by=adv, owner=logistics)
    changed = set_rules(company=company, rules=NEW, reason="Too slow", by=director, at=AT)
    after = qualified(invoice, "100.00", by=adv, owner=logistics)
    before.refresh_from_db()
    assert (before.agreed_due_on, after.agreed_due_on) == (
        TODAY + timedelta(days=10),
        TODAY + timedelta(days=4),
    )
    assert after.department == "QUALITY"
    assert changed == {"QUANTITY": "QUALITY 4"}
    event = AuditEvent.objects.get(action="dispute.rules_changed")
    assert (event.before, event.after, event.reason) == (
        {"QUANTITY": "LOGISTICS 10"}, {"QUANTITY": "QUALITY 4"}, "Too slow",
    )  # fmt: skip
    assert set_rules(company=company, rules=NEW, reason="again", by=director, at=AT) == {}
    assert DisputeRule.objects.count() == 1


def test_who_sets_them_and_within_what(company: Company, adv: User, director: User):
    with pytest.raises(NotAllowed):
        set_rules(company=company, rules=NEW, reason="x", by=adv, at=AT)
    for wrong in ({"reason": " "}, {"rules": {DisputeType.PRICE: (Department.SALES, 0)}}):
        fields: Any = {"company": company, "rules": NEW, "reason": "x", "by": director, "at": AT} | wrong
        with pytest.raises(Invalid):
            set_rules(**fields)


def test_the_page_shows_them_to_all_and_changes_them_for_some(company: Company, adv: User, director: User):
    page = reverse("disputes:rules")
    reader, chief = Client(headers={"accept-language": "en"}), Client(headers={"accept-language": "en"})
    reader.force_login(adv)
    chief.force_login(director)
    shown = reader.get(page).content.decode()
    assert "Quality, non-conformity" in shown
    assert "Set the agreed days" not in shown
    assert reader.post(page, {}).status_code == 403
    body: dict[str, Any] = {"reason": "Faster"}
    for kind, (department, days) in rules_of(company.pk).items():
        body |= {f"department_{kind}": department.value, f"days_{kind}": str(days)}
    assert chief.post(page, body | {"days_PRICE": "0"}).status_code == 422
    assert chief.post(page, body | {"days_PRICE": "6"}).status_code == 302
    assert rules_of(company.pk)[DisputeType.PRICE] == (Department.SALES, 6)
    assert "SALES 10 → SALES 6" in chief.get(page).content.decode()


def test_what_an_hour_costs_is_set_with_a_right_and_a_reason(company: Company, adv: User, director: User):
    def set_rate(rate: str | None, by: User = director, reason: str = "budget") -> bool:
        return set_hour_rate(
            company=company, rate=None if rate is None else Decimal(rate), reason=reason, by=by, at=AT
        )

    assert hour_rate_of(company.pk) is None
    with pytest.raises(NotAllowed):
        set_rate("45", by=adv)
    for wrong in ({"rate": "0"}, {"rate": "-1"}, {"rate": "1000.01"}, {"rate": "45", "reason": " "}):
        with pytest.raises(Invalid):
            set_rate(**wrong)  # type: ignore[arg-type]
    assert [set_rate("45"), set_rate("45"), set_rate(None)] == [True, False, True]
    assert [event.after for event in AuditEvent.objects.filter(action="dispute.rules_changed").order_by("pk")] == [
        {"hour_rate": "45"}, {"hour_rate": None},
    ]  # fmt: skip
    with pytest.raises(IntegrityError, match="hour_of_disputes_costs_something"), transaction.atomic():
        DisputeCosting.objects.filter(company=company).update(hour_rate=0)


def test_hours_cost_to_the_cent() -> None:
    assert time_cost(Decimal("0.33"), Decimal("45.50")) == Decimal("15.02")
    assert time_cost(Decimal(1), None) is None
