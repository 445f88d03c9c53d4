"""A past day of a client and an invoice, its team, and the rules of orders, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import TeamMember
from o2c.shared.calendar import paris_date
from orders.services.rules import OrderRules, order_rules
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice
from tests.factories.orders import give_limit

from .helpers import axe, press, shot, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_past_day_is_said_and_left_again(live_server: LiveServer, page: Page) -> None:
    company = CompanyFactory(code="DEMO", name="Demo")
    make_user("credit_manager", company, "credit")
    account = CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec")
    give_limit(account, "1000")
    at, books = timezone.now(), make_user("receivables_accountant", company, "books")
    make_invoice(account, "100.00", by=books, number="F-1", at=at)
    day = paris_date(at) - timedelta(days=3)
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/clients/C0042/")
    page.locator("#as-of").fill(f"{day:%d/%m/%Y}")
    page.locator("#exposure button[type=submit]").click()
    expect(page.locator("#past")).to_contain_text(f"{day:%d/%m/%Y}")
    expect(page.locator("#sell")).to_have_count(0)
    axe(page)
    shot(page, "client-past")
    page.locator("#items").get_by_role("link", name="F-1").click()
    expect(page.locator("#past")).to_contain_text(f"{day:%d/%m/%Y}")
    axe(page)
    shot(page, "invoice-past")
    page.locator("#past").get_by_role("link").click()
    expect(page.locator("#past")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text("F-1")
    axe(page)


def test_a_member_comes_and_goes(live_server: LiveServer, page: Page) -> None:
    company = CompanyFactory(code="DEMO", name="Demo")
    make_user("adv_officer", company, "adv", first_name="Paul", last_name="Girard")
    rep = make_user("sales", company, "rep", first_name="Rose", last_name="Martin")
    CustomerAccountFactory(company=company, code="C0042", rep=rep)
    sign_in(page, live_server, "adv")
    page.goto(f"{live_server.url}/clients/C0042/team/")
    page.locator("#id_user").select_option(label="Paul Girard")
    page.locator("#id_role").select_option("adv")
    axe(page)
    page.locator("form[data-primary] button[type=submit]").click()
    row = page.locator("li", has_text="Paul Girard")
    expect(row).to_have_count(1)
    row.locator("summary").click()
    axe(page)
    shot(page, "team")
    row.locator("button[type=submit]").click()
    expect(page.locator("li", has_text="Paul Girard").locator("summary")).to_have_count(0)
    assert TeamMember.objects.get(user__username="adv").valid_to is not None


def test_the_rules_of_orders_change_with_a_reason(live_server: LiveServer, page: Page) -> None:
    company = CompanyFactory(code="DEMO", name="Demo")
    make_user("finance_director", company, "finance")
    sign_in(page, live_server, "finance")
    page.goto(f"{live_server.url}/orders/rules/")
    page.get_by_label("D", exact=True).check()
    page.locator("#id_reason").fill("Audit, point 12")
    axe(page)
    press(page, "Control+Enter")
    expect(page.locator("main")).to_contain_text("Audit, point 12")
    axe(page)
    shot(page, "rules")
    company.refresh_from_db()
    assert order_rules(company) == OrderRules(("D",), True)
