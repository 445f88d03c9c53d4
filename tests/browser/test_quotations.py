"""From a quotation to a held order, and the client's purchase order reviewed, in a real browser."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import CustomerAccount, User
from orders import services
from orders.models import Order, Quotation
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people() -> dict[str, User]:
    company = CompanyFactory(code="DEMO", name="Comptoir Valmont")
    names = {
        "adv": ("adv_officer", "Sophie", "Marchand"),
        "advlead": ("adv_manager", "Claire", "Vasseur"),
        "sales": ("sales", "Julien", "Roche"),
        "credit": ("credit_manager", "Hélène", "Carpentier"),
    }
    return {
        username: make_user(role, company, username, first_name=first, last_name=last, language="en")
        for username, (role, first, last) in names.items()
    }


@pytest.fixture
def account(people: dict[str, User]) -> CustomerAccount:
    account = CustomerAccountFactory(
        company=CompanyFactory(code="DEMO"), code="C0042", name="Menuiseries Kervadec", rep=people["sales"]
    )
    give_limit(account, "10000", decided_by=people["credit"])
    return account


def test_sales_quote_and_the_order_is_held(
    page: Page, live_server: LiveServer, account: CustomerAccount
) -> None:
    sign_in(page, live_server, "sales")
    page.goto(f"{live_server.url}/orders/quotations/new/?client=C0042")
    for name, value in {
        "sku": "FEN-120", "description": "Window 120 × 135", "quantity": "10", "unit_price": "1 500,00",
    }.items():  # fmt: skip
        page.locator(f"#id_lines-0-{name}").fill(value)
    expect(page.locator("#answer")).to_contain_text("€8,000.00 is missing.")
    axe(page)
    shot(page, "quotation-entry")
    page.get_by_role("button", name="Save and mark as sent").click()
    expect(page.locator("h1")).to_contain_text("Sent")
    axe(page)
    shot(page, "quotation")
    page.get_by_role("button", name="The client accepts").click()
    page.get_by_role("button", name="Make the order").click()
    expect(page.locator("h1")).to_contain_text("On hold")
    page.goto(f"{live_server.url}/orders/quotations/")
    expect(page.locator("#list")).to_contain_text("Would be held")
    axe(page)
    shot(page, "quotations")
    quotation = Quotation.objects.get()
    page.goto(f"{live_server.url}/orders/quotations/{quotation.number}/")
    expect(page.locator(".o-main")).to_contain_text("Credit of the order")


def test_sales_administration_reviews_a_purchase_order(
    page: Page, live_server: LiveServer, account: CustomerAccount, people: dict[str, User]
) -> None:
    order: Order = submitted(account, "1200", by=people["adv"])
    sign_in(page, live_server, "adv")
    page.goto(f"{live_server.url}/orders/{order.number}/papers/purchase-order/")
    page.locator("#id_number").fill("PO-4711")
    page.locator("#id_theirs-0-sku").fill("A1")
    page.locator("#id_theirs-0-quantity").fill("2")
    page.locator("#id_theirs-0-unit_price").fill("950,00")
    axe(page)
    shot(page, "purchase-order")
    page.get_by_role("button", name="Keep and compare").click()
    expect(page.locator(".o-main")).to_contain_text("2 differences")
    axe(page)
    page.context.clear_cookies()
    sign_in(page, live_server, "advlead")
    page.goto(f"{live_server.url}/orders/{order.number}/papers/")
    axe(page)
    shot(page, "papers")
    for _n in range(2):
        page.get_by_placeholder("Why it is accepted").first.fill("Agreed by phone")
        page.get_by_role("button", name="Accept", exact=True).first.click()
    expect(page.locator(".o-main")).to_contain_text("Both papers agree.")
    services.issue_confirmation(order_id=order.pk, by=people["adv"], at=timezone.now())
    page.goto(f"{live_server.url}/orders/{order.number}/confirmation/")
    expect(page.locator("#issued")).to_be_visible()
    axe(page)
    shot(page, "confirmation")
