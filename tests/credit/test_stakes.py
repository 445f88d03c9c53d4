"""What is at stake in a decision: the rule, the rates of a company, the page and the release that keeps them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.models import RiskPolicy
from credit.services.stake_rules import StakeRules, StakeRulesUnchanged, change_stake_rules, stake_rules
from credit.stake_policy import extra_sales, stake_of
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from orders import services as orders
from orders.models import Release
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted
from tests.orders.pages import browse

NOW = timezone.now()
ASKED = {"margin_pct": "20", "reason": "Budget 2027"} | {
    f"loss_{name}": value for name, value in zip("ABCDE", ("0.5", "1", "3", "5", "15"), strict=True)
}


def test_margin_beside_the_loss_to_be_expected() -> None:
    stake = stake_of(Decimal(10000), risk_class="C", loss_pct=Decimal(3), margin_pct=Decimal(20))
    assert (stake.margin, stake.loss, stake.extra_sales) == (Decimal(2000), Decimal(300), Decimal(50000))
    assert stake.pays is True
    dear = stake_of(Decimal(10000), risk_class="E", loss_pct=Decimal(20), margin_pct=Decimal(20))
    assert dear.pays is False, "as much is lost as is earned"


def test_without_a_margin_the_loss_stands_alone() -> None:
    stake = stake_of(Decimal("99.99"), risk_class="A", loss_pct=Decimal("0.5"), margin_pct=None)
    assert (stake.margin, stake.extra_sales, stake.pays) == (None, None, None)
    assert stake.loss == Decimal("0.50")
    with pytest.raises(ValueError, match="above zero"):
        extra_sales(Decimal(1), Decimal(0))


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, name="Alpha")


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "finance")


def change(company: Company, by: User, rules: StakeRules, reason: str = "Budget 2027") -> StakeRules:
    return change_stake_rules(company_id=company.pk, rules=rules, reason=reason, by=by, at=NOW)


def test_rates_are_of_their_company_and_in_the_journal(company: Company, director: User) -> None:
    other = CompanyFactory(code="FAR")
    rules = change(company, director, StakeRules(Decimal("22.5"), {"C": Decimal(4)}))
    assert rules.loss_pct == stake_rules(Company.objects.get(pk=company.pk)).loss_pct
    assert rules.loss_pct["C"] == 4
    assert rules.loss_pct["E"] == 15, "what is not asked about stays"
    assert stake_rules(other) == StakeRules(None, {**rules.loss_pct, "C": Decimal(2)})
    event = AuditEvent.objects.get(action="stake.rules_changed")
    assert event.before is not None
    assert event.after is not None
    assert (event.before["margin"], event.after["margin"], event.after["loss_C"]) == (None, "22.5", "4")
    with pytest.raises(StakeRulesUnchanged):
        change(company, director, StakeRules(Decimal("22.50"), {"C": Decimal(4)}))


def test_what_cannot_be_asked(company: Company, director: User) -> None:
    wrong = {"Z": Decimal(1), "A": Decimal(-1), "B": Decimal(101)}
    with pytest.raises(Invalid) as refused:
        change(company, director, StakeRules(Decimal(0), wrong), reason=" ")
    assert set(refused.value.errors) == {"margin_pct", "risk_class", "loss_A", "loss_B", "reason"}
    for role in ("credit_manager", "administrator", "sales_manager"):
        with pytest.raises(NotAllowed):
            change(company, make_user(role, company), StakeRules(Decimal(5), {}))


@pytest.mark.parametrize("value", [Decimal("-0.01"), Decimal("100.01")])
def test_the_database_refuses_a_loss_that_is_none(company: Company, value: Decimal) -> None:
    with pytest.raises(IntegrityError, match="loss_between_0_and_100"):
        RiskPolicy.objects.filter(company=None, risk_class="A").update(loss_pct=value)


@pytest.mark.parametrize("value", [Decimal(0), Decimal("100.01")])
def test_the_database_refuses_a_margin_that_is_none(company: Company, value: Decimal) -> None:
    with pytest.raises(IntegrityError, match="margin_above_0_to_100"):
        Company.objects.filter(pk=company.pk).update(margin_pct=value)


def test_the_page_is_read_by_deciders_and_changed_by_right(company: Company, director: User) -> None:
    address, manager = "/credit/stakes/", make_user("credit_manager", company)
    assert "not known yet" in browse(manager).get(address).content.decode()
    assert browse(make_user("sales", company)).get(address).status_code == 403
    assert browse(manager).post(address, ASKED).status_code == 403
    assert browse(director).post(address, ASKED | {"margin_pct": "0"}).status_code == 422
    assert browse(director).post(address, ASKED | {"reason": ""}).status_code == 422
    assert browse(director).post(address, ASKED).status_code == 302
    page = browse(manager).get(address).content.decode()
    assert "20.00" in page
    assert "Budget 2027" in page
    assert browse(director).post(address, ASKED).status_code == 422, "nothing changes"


def test_a_decision_shows_both_sides_and_the_release_keeps_them(
    company: Company, account: CustomerAccount, director: User
) -> None:
    change(company, director, StakeRules(Decimal(20), {account.risk_class: Decimal(3)}))
    give_limit(account, "100")
    order = submitted(account, "1200", by=make_user("adv_officer", company), number="CDE-7")
    manager = make_user("credit_manager", company, "credit")
    page = _read(browse(manager), "CDE-7")
    assert "Margin at stake" in page
    assert "Expected loss" in page
    assert "Margin at stake" not in _read(browse(make_user("receivables_accountant", company)), "CDE-7")
    net = order.total_excl_vat

    orders.release(order_id=order.pk, comment="known for years", by=manager, at=NOW)
    change(company, director, StakeRules(Decimal(50), {account.risk_class: Decimal(50)}))
    kept = Release.objects.get(order=order)
    assert kept.margin_at_stake == net * 20 / 100, "as it stood, not as the rates are now"
    assert kept.expected_loss == net * 3 / 100
    assert kept.stake["risk_class"] == account.risk_class
    assert "Margin at stake" in _read(browse(manager), "CDE-7")
    assert "Margin at stake" not in _read(browse(make_user("receivables_accountant", company)), "CDE-7")


def _read(client: Client, number: str) -> Any:
    return client.get(f"/orders/{number}/").content.decode()
