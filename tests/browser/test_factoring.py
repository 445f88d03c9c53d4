"""Selling invoices to a factor with a real browser: the terms, a client, a list, its receipt, what is told apart."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from invoicing import services
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement
from tests.factories.invoicing import make_credit, make_item

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_list_is_made_received_and_told_apart(page: Page, live_server: LiveServer) -> None:
    company = CompanyFactory(code="TEST")
    director = make_user("finance_director", company, "claire", first_name="Claire", last_name="Vidal")
    books = make_user("receivables_accountant", company)
    now = timezone.now()
    today = paris_date(now)
    names = {"732829320": "Menuiserie Dupont", "130005481": "Mairie de Meylan"}
    accounts = [
        CustomerAccountFactory(company=company, name=name, entity=LegalEntityFactory(siren=siren, name=name))
        for siren, name in names.items()
    ]
    make_agreement(company, at=now, with_recourse=False)
    for account in accounts:
        approve(account, "50000", at=now, effective_on=today)
    items = [
        make_item(account, amount, by=books, at=now, issued=today, due=today)
        for account, amount in ((accounts[0], "12400"), (accounts[0], "3810.55"), (accounts[1], "900"))
    ]
    sign_in(page, live_server, director.username)
    for address, name in (
        ("/credit/factor/agreement/", "factor-agreement"),
        ("/credit/factor/", "factor-clients"),
        (f"/credit/clients/{accounts[0].code}/factor/", "factor-word"),
        ("/invoicing/factor/new/", "factor-new"),
    ):
        page.goto(f"{live_server.url}{address}")
        axe(page)
        shot(page, name)
    page.get_by_role("checkbox", name=items[1].document).uncheck()
    page.locator("button[type=submit][data-default]").click()
    expect(page.locator("h1")).to_contain_text("BC-")
    shot(page, "factor-batch-sent")
    page.locator("button[type=submit][data-default]").click()
    expect(page.locator(".o-card").first).not_to_contain_text("Ctrl")
    axe(page)
    shot(page, "factor-batch-received")
    paid = make_credit(accounts[0], "400", by=books, at=now)
    services.allocate(
        from_item_id=paid.pk, to_item_id=items[0].pk, amount=Decimal(400), by=books, at=timezone.now()
    )
    for address, name in (
        ("/invoicing/factor/", "factor-lists"),
        ("/invoicing/factor/sold/", "factor-sold"),
        ("/invoicing/factor/to-pass-on/", "factor-to-pass-on"),
        (f"/clients/{accounts[0].code}/", "factor-client"),
        ("/reports/exposure/", "factor-exposure"),
    ):
        page.goto(f"{live_server.url}{address}")
        axe(page)
        shot(page, name)
    page.goto(f"{live_server.url}/invoicing/factor/to-pass-on/")
    page.locator("table a.btn").first.click()
    shot(page, "factor-pass-on")
    page.locator("button[type=submit][data-default]").click()
    expect(page.locator("main")).not_to_contain_text(items[0].document)
