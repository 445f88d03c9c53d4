"""What a company asks of its orders: who changes it, what follows, and who reads it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Company, User
from credit.models import RiskPolicy
from o2c.shared import work
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from orders.models import HoldCase
from orders.services.rules import (
    OrderRules,
    RulesChangedMeanwhile,
    RulesUnchanged,
    change_order_rules,
    order_rules,
)
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "director")


def change(company: Company, by: User, classes: str = "", checks: bool = True, **fields: Any) -> OrderRules:
    asked: dict[str, Any] = {"reason": "audit point 12", "at": timezone.now()} | fields
    return change_order_rules(
        company_id=company.pk, evidence_classes=list(classes), checks_before_production=checks, by=by, **asked
    )


@pytest.mark.parametrize(
    "role", ["adv_manager", "sales_manager", "credit_analyst", "credit_manager", "administrator", "auditor"]
)
def test_others_change_nothing(company, role):
    with pytest.raises(NotAllowed):
        change(company, make_user(role, company), "C", checks=False)
    company.refresh_from_db()
    assert order_rules(company) == OrderRules((), True)
    assert not AuditEvent.objects.filter(action="company.rules_changed").exists()


def test_a_director_of_another_company_changes_nothing_here(company):
    with pytest.raises(NotAllowed):
        change(company, make_user("finance_director", CompanyFactory(code="FAR")), "C")


def test_a_change_is_of_the_company_alone_and_in_the_journal(company, director):
    other = CompanyFactory(code="OTHER")
    common = RiskPolicy.objects.get(company=None, risk_class="C")
    assert change(company, director, "CD", checks=False) == OrderRules(("C", "D"), False)
    company.refresh_from_db()
    assert order_rules(company) == OrderRules(("C", "D"), False)
    assert order_rules(other) == OrderRules((), True)
    own = RiskPolicy.objects.get(company=company, risk_class="C")
    assert (own.overdue_days, own.evidence_required) == (common.overdue_days, True)
    event = AuditEvent.objects.get(action="company.rules_changed")
    assert event.before == {"evidence_classes": [], "checks_before_production": True}
    assert event.after == {"evidence_classes": ["C", "D"], "checks_before_production": False}
    assert event.reason == "audit point 12"


def test_what_cannot_be_asked(company, director):
    with pytest.raises(Invalid) as refused:
        change(company, director, "Z", reason=" ")
    assert set(refused.value.errors) == {"evidence_classes", "reason"}
    with pytest.raises(RulesUnchanged):
        change(company, director)


def test_two_at_once_do_not_overwrite_each_other_unseen(company, director):
    seen = order_rules(company)
    change(company, director, "C", seen=seen)
    with pytest.raises(RulesChangedMeanwhile):
        change(company, director, "D", seen=seen)


def test_orders_wait_for_evidence_asked_for_and_go_when_it_is_no_longer(company, director):
    account = CustomerAccountFactory(company=company)
    give_limit(account, "10000")
    change(company, director, account.risk_class)
    order = submitted(account, "120.00", by=make_user("adv_officer", company))
    case = HoldCase.objects.get(order=order)
    assert [hold.reason for hold in case.holds.all()] == ["EVIDENCE_MISSING"]
    change(company, director)
    work.drain()
    order.refresh_from_db()
    assert order.state == "CONFIRMED"


def browser(user: User) -> Client:
    found = Client(headers={"accept-language": "en"})
    found.force_login(user)
    return found


def test_the_page_says_the_rules_and_offers_the_form_to_who_may(company, director):
    clerk = browser(make_user("adv_officer", company))
    answer = clerk.get("/orders/rules/")
    assert answer.context["form"] is None
    assert "asked for in no class" in answer.content.decode()
    assert clerk.post("/orders/rules/", {"reason": "x"}).status_code == 403
    mine = browser(director)
    form = mine.get("/orders/rules/").context["form"]
    body = {"evidence_classes": ["C"], "reason": "audit point 12", "seen": form.initial["seen"]}
    answer = mine.post("/orders/rules/", body, follow=True)
    assert "asked for in class C" in answer.content.decode()
    assert "not checked again" in answer.content.decode()
    assert "audit point 12" in answer.content.decode()
    again = mine.post("/orders/rules/", body)
    assert again.status_code == 422
    assert "Somebody has changed these rules" in again.content.decode()
    without = mine.post("/orders/rules/", {"seen": "C|0"})
    assert list(without.context["form"].errors) == ["reason"]
