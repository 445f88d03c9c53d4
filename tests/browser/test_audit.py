"""The screens of the auditor: the sealed journal and the separation of duties; a rep meets colleagues' sales."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import RoleGrant
from o2c.shared import audit, sealing
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted
from tests.settling import wait_until_settled

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_auditor_sees_the_seal_and_who_holds_too_much(live_server: LiveServer, page: Page) -> None:
    company = CompanyFactory(code="DEMO", name="Demo")
    make_user("auditor", company, "auditor", first_name="Inès", last_name="Caron")
    clerk = make_user("adv_officer", company, "adv", first_name="Paul", last_name="Girard")
    RoleGrant.objects.create(user=clerk, company=company, role_id="administrator")
    make_user("credit_analyst", company, "analyst", first_name="Léa", last_name="Morel")
    audit.record("company.created", company, by=clerk, at=timezone.now(), company_id=company.pk)
    wait_until_settled()
    assert sealing.seal(at=timezone.now()) == 1
    sign_in(page, live_server, "auditor")
    page.goto(f"{live_server.url}/journal/")
    expect(page.get_by_text(sealing.last_seal().head)).to_be_visible()  # type: ignore[union-attr]
    axe(page)
    shot(page, "journal-sealed")
    page.get_by_role("link", name="Séparation des tâches").first.click()
    expect(page.get_by_role("row", name="Paul Girard").first).to_be_visible()
    axe(page)
    shot(page, "duties")


def test_a_rep_meets_colleagues_sales_as_a_count_and_a_total(live_server: LiveServer, page: Page) -> None:
    company = CompanyFactory(code="DEMO", name="Demo")
    rep, other = make_user("sales", company, "sales"), make_user("sales", company, "sales2")
    adv, account = make_user("adv_officer", company), CustomerAccountFactory(company=company, rep=rep)
    give_limit(account, "100000")
    for number in ("CDE-1", "CDE-2", "CDE-3"):
        order = submitted(account, "6000.00", by=adv, number=number)
        Order.objects.filter(pk=order.pk).update(sales_rep=rep if number == "CDE-1" else other)
    sign_in(page, live_server, "sales")
    page.goto(f"{live_server.url}/orders/")
    expect(page.get_by_text("et 2 documents hors de votre portefeuille, 12 000,00 €")).to_be_visible()
    expect(page.get_by_text("CDE-1").first).to_be_visible()
    expect(page.get_by_text("CDE-2")).to_have_count(0)
    axe(page)
    shot(page, "orders-colleagues")
