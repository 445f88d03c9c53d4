"""A held order made possible: the rep asks, measures are agreed, it goes by itself; held again when one breaks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company, CustomerAccount, User
from credit.models import LimitRequest
from dunning.models import PromiseToPay
from dunning.services import promises
from invoicing import services as invoicing
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import Notice
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

from .helpers import axe, on_phone, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people() -> dict[str, User]:
    cache.clear()
    company: Company = CompanyFactory(code="DEMO", name="Comptoir Valmont")
    named = {
        "adv": ("adv_officer", "Sophie", "Marchand"),
        "sales": ("sales", "Julien", "Roche"),
        "credit": ("credit_manager", "Hélène", "Carpentier"),
        "books": ("receivables_accountant", "Paul", "Renaud"),
    }
    return {
        username: make_user(role, company, username, first_name=first, last_name=last, language="en")
        for username, (role, first, last) in named.items()
    }


@pytest.fixture
def account(people: dict[str, User]) -> CustomerAccount:
    account = CustomerAccountFactory(
        company=Company.objects.get(), code="C0042", name="Menuiseries Kervadec", rep=people["sales"]
    )
    today = paris_date(timezone.now())
    lowered = today - timedelta(days=40)
    give_limit(
        account,
        "12000",
        decided_by=people["credit"],
        valid_until=today + timedelta(days=300),
        closed_on=lowered,
    )
    give_limit(account, "10000", decided_by=people["credit"], valid_from=lowered)
    open_item(account, "8500", due=today + timedelta(days=20), document="FA-1")
    open_item(account, "500", due=today + timedelta(days=9), document="FA-2")
    return account


def test_from_the_reps_question_to_a_release_and_back(
    page: Page, live_server: LiveServer, account: CustomerAccount, people: dict[str, User]
) -> None:
    main = page.locator("#main")
    # The rep asks on the phone before offering anything.
    sign_in(page, live_server, "sales")
    on_phone(page)
    page.goto(f"{live_server.url}/credit/can-i-sell/?client=C0042&amount=6000")
    expect(main).to_contain_text("€5,000.00")
    shot(page, "agreed-question")

    order = submitted(account, "6000", by=people["adv"])
    page.goto(f"{live_server.url}/orders/{order.number}/")
    expect(main).to_contain_text("€12,000.00")
    expect(main).to_contain_text("Why")
    expect(main).to_contain_text("Deposit on the order")

    # Deposit, what is late paid by a day, a raise for the season: simulated together, then agreed.
    page.context.clear_cookies()
    sign_in(page, live_server, "adv")
    page.goto(f"{live_server.url}/orders/{order.number}/")
    form = page.locator("form.o-sim")
    for name, values in {
        "deposit": {"deposit_amount": "2500", "deposit_date": "+2"},
        "early": {"early_date": "+4"},
        "raised": {"raised_amount": "3000", "raised_until": "+60"},
    }.items():
        form.locator(f"input[name={name}]").check()
        for field, value in values.items():
            box = form.locator(f"input[name={field}]")
            if not box.is_visible():
                form.locator(".o-alt", has=page.locator(f"input[name={name}]")).locator("summary").click()
            box.fill(value)
            box.press("Tab")
    for box in form.locator("input[name=early_refs]").all():
        row = box.locator("xpath=ancestor::label[1]")
        box.set_checked("FA-2" in (row.text_content() or ""))
    expect(page.locator("#simulated")).to_contain_text("Within the limit from")
    shot(page, "agreed-simulated")
    axe(page)
    page.get_by_role("button", name="Agree these measures with the client…").click()
    expect(main).to_contain_text("What will be done")
    page.locator("#id_agreed_with").fill("Mrs Blanc, by mail")
    shot(page, "agreed-measures")
    axe(page)
    page.locator("#id_agreed_with").press("Control+Enter")
    expect(page).to_have_url(f"{live_server.url}/orders/{order.number}/")
    assert set(order.release_conditions.values_list("kind", "status")) == {
        ("DEPOSIT", "OPEN"), ("EARLY_PAYMENT", "OPEN"), ("TEMPORARY_LIMIT", "OPEN"),
    }  # fmt: skip
    shot(page, "agreed-waits")
    axe(page)

    # Credit grants the raise; the order still waits for the money.
    page.context.clear_cookies()
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/credit/limit-requests/{LimitRequest.objects.get().pk}/")
    page.locator("textarea[name=reason]").fill("The season, with a deposit")
    page.get_by_role("button", name="Grant").click()
    expect(page.locator("#main")).to_contain_text("Granted")
    work.drain()
    assert Order.objects.get().state == "SUBMITTED"

    # The deposit lands: the order goes by itself, and everybody is told.
    at = timezone.now()
    invoicing.record_payment(
        company=account.company, external_id="P1", account=account, order=order, received_on=paris_date(at),
        amount=Decimal(2500), currency="EUR", method="transfer", reference="deposit", by=people["books"], at=at,
    )  # fmt: skip
    work.drain()
    page.goto(f"{live_server.url}/orders/{order.number}/")
    expect(page.locator("h1")).to_contain_text("Confirmed")
    shot(page, "agreed-released")
    told = Notice.objects.filter(key__contains=f":{order.pk}:") | Notice.objects.filter(kind="condition.met")
    assert {people["sales"].pk, people["adv"].pk} <= set(told.values_list("user", flat=True))

    # The client does not keep its promise: held again, with the reason, and told.
    over = PromiseToPay.objects.get().last_day - paris_date(at) + timedelta(days=1)
    with time_machine.travel(timezone.now() + over):
        promises.judge_promises()
        work.drain()
        page.context.clear_cookies()
        sign_in(page, live_server, "sales")
        page.goto(f"{live_server.url}/orders/{order.number}/")
        expect(page.locator("h1")).to_contain_text("On hold")
        expect(main).to_contain_text("promise to pay was not kept")
        shot(page, "agreed-held-again")
        axe(page)
    assert Notice.objects.filter(kind="condition.broken", user=people["sales"]).exists()
