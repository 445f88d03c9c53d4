"""Overrides in a browser: ADV and sales ask, credit decides, everybody is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company, CustomerAccount, User
from o2c.shared.calendar import paris_date
from orders.models import Order, OverrideRequest
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass
class Scene:
    """A company with one client over its limit, and the people of the story."""

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
        "finance": ("finance_director", "Philippe", "Aubry"),
    }
    users = {
        username: make_user(
            role,
            company,
            username,
            first_name=first,
            last_name=last,
            language="fr",
            email=f"{username}@valmont.test",
        )
        for username, (role, first, last) in people.items()
    }
    account = CustomerAccountFactory(
        company=company, code="C0042", name="Menuiseries Kervadec", risk_class="B", rep=users["sales"]
    )
    give_limit(account, "50000", decided_by=users["credit"])
    today = paris_date(timezone.now())
    open_item(account, "36385.60", due=today + timedelta(days=20), document="FA-2377")
    return Scene(company, account, users)


def leave(page: Page) -> None:
    """Sign out by forgetting the session."""
    page.context.clear_cookies()


def test_sales_ask_and_credit_decides(
    page: Page, live_server: LiveServer, scene: Scene, tmp_path: Path
) -> None:
    order = submitted(scene.account, "26000", by=scene.users["adv"], number="CDE-2026-1187")
    address = f"{live_server.url}/orders/{order.number}/"
    file = tmp_path / "BC mairie de Redon.pdf"
    file.write_bytes(b"%PDF-1.7 order")
    main = page.locator("#main")

    sign_in(page, live_server, "sales")
    page.goto(address)
    page.locator("#ask_reason").fill("Chantier de la médiathèque, bon de commande signé de la mairie joint.")
    page.locator("#ask_offered").select_option("DEPOSIT")
    page.locator("#ask_offered_amount").fill("7800")
    page.locator("#ask_documents").set_input_files(file)
    shot(page, "overrides-asking")
    axe(page)
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(main).to_contain_text("Dérogation demandée")
    expect(page.get_by_role("link", name="BC mairie de Redon.pdf")).to_be_visible()
    shot(page, "overrides-asked")
    axe(page)

    leave(page)
    sign_in(page, live_server, "credit")
    page.goto(address)
    expect(main).to_contain_text("Chantier de la médiathèque")
    shot(page, "overrides-deciding")
    axe(page)
    page.locator("#decision textarea").fill("Acompte encaissé avant livraison.")
    page.get_by_role("button", name="Lever").click()
    expect(page.locator("h1")).to_contain_text("Confirmée")
    assert OverrideRequest.objects.get().decided_by == scene.users["credit"]
    assert shown_status(Order.objects.get()) == "confirmed"
