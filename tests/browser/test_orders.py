"""The main job in a browser: entered, held with every reason, refused above authority, released, told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company, CustomerAccount, User
from o2c.shared.calendar import paris_date
from orders.models import HoldCase, Order, Release
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

from .helpers import axe, press, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass
class Scene:
    """A company with one client over its limit to come, and the four people of the story."""

    company: Company
    account: CustomerAccount
    users: dict[str, User]


@pytest.fixture
def scene() -> Scene:
    company = CompanyFactory(code="DEMO", name="Comptoir Valmont")
    people = {
        "adv": ("adv_officer", "Sophie", "Marchand"),
        "sales": ("sales", "Julien", "Roche"),
        "analyst": ("credit_analyst", "Karim", "Benali"),
        "credit": ("credit_manager", "Hélène", "Carpentier"),
    }
    users = {
        username: make_user(role, company, username, first_name=first, last_name=last, language="en")
        for username, (role, first, last) in people.items()
    }
    account = CustomerAccountFactory(
        company=company, code="C0042", name="Menuiseries Kervadec", risk_class="B", rep=users["sales"]
    )
    give_limit(account, "50000", decided_by=users["credit"])
    today = paris_date(timezone.now())
    open_item(account, "9614.40", due=today - timedelta(days=31), document="FA-2210")
    open_item(account, "36385.60", due=today + timedelta(days=20), document="FA-2377")
    return Scene(company, account, users)


def leave(page: Page) -> None:
    """Sign out by forgetting the session."""
    page.context.clear_cookies()


def enter_order(page: Page, live_server: LiveServer) -> str:
    """Enter an order of 18 000 € as people do: search, type, look at the answer, submit."""
    page.goto(f"{live_server.url}/orders/new/")
    page.locator("#id_client").press_sequentially("kerva", delay=20)
    page.get_by_role("option", name="Menuiseries Kervadec").click()
    expect(page.locator("#id_client")).to_have_value("Menuiseries Kervadec · C0042")
    page.locator("#id_requested_delivery").fill("+10")
    for name, value in {
        "sku": "FEN-120", "description": "Window 120 × 135", "quantity": "10", "unit_price": "1 500,00",
    }.items():  # fmt: skip
        page.locator(f"#id_lines-0-{name}").fill(value)
    expect(page.locator("#answer")).to_contain_text("€14,000.00 is missing.")
    expect(page.locator("#total-incl")).to_have_text("€18,000.00")
    before = page.locator("button[name=remove]").count()
    page.get_by_role("button", name="Add a row").click()
    expect(page.locator("button[name=remove]")).to_have_count(before + 1)
    expect(page.locator("#id_lines-0-sku")).to_have_value("FEN-120")
    page.get_by_role("button", name=f"Take out row {before + 1}").click()
    expect(page.locator("button[name=remove]")).to_have_count(before)
    shot(page, "orders-entry")
    axe(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("h1")).to_contain_text("On hold")
    return Order.objects.get().number


def test_the_story_of_a_held_order(page: Page, live_server: LiveServer, scene: Scene) -> None:
    sign_in(page, live_server, "adv")
    number = enter_order(page, live_server)
    address = f"{live_server.url}/orders/{number}/"
    main = page.locator("#main")
    for words in (
        "€14,000.00 is missing to accept this order",
        "The order exceeds the credit limit by €14,000.00.",
        "€9,614.40 is late beyond what is allowed, the oldest by 31 days.",
        "€9,614.40 is overdue, more than the €4,600.00 allowed.",
    ):
        expect(main).to_contain_text(words)
    expect(page.locator("#facts dd.tot").last).to_have_text("−€14,000.00")
    shot(page, "orders-held-adv")
    axe(page)

    # The rep sees why, what is missing, who decides, and no decision to take.
    leave(page)
    sign_in(page, live_server, "sales")
    page.goto(f"{live_server.url}/orders/holds/")
    page.get_by_role("link", name="Menuiseries Kervadec").click()
    expect(main).to_contain_text("€14,000.00 is missing to accept this order")
    expect(main).to_contain_text("A payment of €14,000.00")
    expect(main).to_contain_text("Without it, missing €4,385.60")
    expect(main).to_contain_text("€14,000.00 over the limit today")
    # A raise alone would do; switched on, the curve says so at once.
    page.get_by_role("switch", name="Temporary raise").check()
    expect(page.locator("#simulated")).to_contain_text("With the measures")
    expect(page.locator("#simulated")).to_contain_text("today")
    expect(main).to_contain_text("Hélène Carpentier")
    expect(page.get_by_role("button", name="Release now")).to_have_count(0)
    shot(page, "orders-held-sales")
    axe(page)

    # The analyst may press, and is told who may; the reason typed is still there.
    leave(page)
    sign_in(page, live_server, "analyst")
    page.goto(address)
    expect(main).to_contain_text("Above your authority.")
    page.locator("#id_reason").fill("The client has signed.")
    page.get_by_role("button", name="Release now").click()
    expect(page.locator("h1")).to_have_text("This decision is above your authority")
    expect(main).to_contain_text(f"€14,000.00 is missing on {number} and you decide up to €10,000.")
    expect(main).to_contain_text("Hélène Carpentier, Credit manager")
    shot(page, "orders-above-authority")
    axe(page)
    page.get_by_role("link", name="Back to the order").click()
    expect(page.locator("#id_reason")).to_have_value("The client has signed.")
    assert not Release.objects.exists()

    # The manager goes through the queue and releases with a reason.
    leave(page)
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/orders/holds/")
    expect(page.locator("tbody tr")).to_have_count(1)
    shot(page, "orders-queue")
    axe(page)
    press(page, "j")
    press(page, "Enter")
    expect(main).to_contain_text("Within your authority.")
    shot(page, "orders-held-credit")
    axe(page)
    page.get_by_role("button", name="Release now").click()
    expect(page.locator("#id_reason:invalid, #id_reason[aria-invalid=true]")).to_have_count(1)
    page.locator("#id_reason").fill("Public works, the town hall guarantees payment.")
    page.locator("#id_reason").press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("Confirmed")
    expect(page.locator("[data-toast]")).to_contain_text(f"{number} is released.")

    # The journal of the order tells all of it, newest first.
    lines = [" ".join(text.split()) for text in page.locator(".o-tl li .x").all_inner_texts()]
    assert [line.split(" Hélène")[0].split(" Sophie")[0].split(" The portal")[0] for line in lines] == [
        "Confirmed",
        "Released",
        "Put on hold by the check",
        "Sent to the credit check",
        "Order entered",
    ]
    assert "“Public works, the town hall guarantees payment.”" in lines[1]
    assert "€14,000.00 short" in lines[1]
    assert "Over limit, Late payment, Overdue amount" in lines[2]
    shot(page, "orders-released")
    axe(page)
    assert shown_status(Order.objects.get()) == "confirmed"


def test_several_orders_are_released_with_one_reason(
    page: Page, live_server: LiveServer, scene: Scene
) -> None:
    other = CustomerAccountFactory(company=scene.company, name="Toitures Cap Nord", rep=scene.users["sales"])
    give_limit(other, "1000", decided_by=scene.users["credit"])
    for total in ("1200", "1500", "60000"):
        submitted(other, total, by=scene.users["adv"])
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/orders/holds/")
    page.get_by_role("checkbox", name="Choose all").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("3")
    page.get_by_role("button", name="Release with one reason").click()
    expect(page.locator("h1")).to_have_text("Release 2 orders")
    expect(page.locator("#main")).to_contain_text("Finance director may")
    shot(page, "orders-decide-many")
    axe(page)
    page.locator("#id_reason").fill("Their bank has announced the payment.")
    page.get_by_role("button", name="Release 2 orders").click()
    expect(page.get_by_role("heading", name="Released")).to_be_visible()
    expect(page.get_by_role("heading", name="These stay on hold")).to_be_visible()
    assert HoldCase.objects.filter(closed_at=None).count() == 1


def test_can_i_sell_answers_while_one_types(page: Page, live_server: LiveServer, scene: Scene) -> None:
    sign_in(page, live_server, "sales")
    page.goto(f"{live_server.url}/credit/can-i-sell/")
    shot(page, "can-i-sell-empty")
    page.locator("#id_client").press_sequentially("kerva", delay=20)
    page.get_by_role("option", name="Menuiseries Kervadec").click()
    expect(page.locator("#answer")).to_contain_text("Nothing passes by itself right now")
    page.locator("#id_amount").fill("12 000,00")
    expect(page.locator("#answer")).to_contain_text("Not yet: it would be put on hold")
    expect(page.locator("#answer")).to_contain_text("€8,000.00 is missing.")
    assert "amount=12%20000" in page.url
    shot(page, "can-i-sell")
    axe(page)
    page.get_by_role("link", name="Request approval").click()
    expect(page.locator("#id_client")).to_have_value("Menuiseries Kervadec · C0042")
    expect(page.locator("#total-incl")).to_have_text("€12,000.00")
    assert not Order.objects.exists()


def test_the_list_and_an_entry_work_without_script(
    browser: Browser, live_server: LiveServer, scene: Scene
) -> None:
    profile = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = profile.new_page()
    sign_in(page, live_server, "adv")
    page.goto(f"{live_server.url}/orders/")
    page.get_by_role("link", name="New order").click()
    page.locator("#id_client").fill("C0042")
    page.locator("#id_lines-1-sku").fill("A")
    page.locator("#id_lines-1-description").fill("Hinges")
    page.locator("#id_lines-1-quantity").fill("2")
    page.locator("#id_lines-1-unit_price").fill("10,50")
    page.get_by_role("button", name="Add a row").click()
    expect(page.locator("#id_lines-1-unit_price")).to_have_value("10,50")
    page.get_by_role("button", name="Save as draft").click()
    expect(page.locator("h1")).to_contain_text("Draft")
    expect(page.locator("h1")).to_contain_text("€25.20")
    profile.close()
