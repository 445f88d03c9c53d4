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
from o2c.shared import work
from o2c.shared.calendar import paris_date
from orders.models import Order, OverrideRequest
from orders.queries import shown_status
from orders.services import request_override
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

from .helpers import axe, press, shot, sign_in

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


def test_credit_decides_from_the_inbox_and_sales_read_it_in_the_outbox(
    page: Page, live_server: LiveServer, scene: Scene
) -> None:
    users, at = scene.users, timezone.now()
    order = submitted(scene.account, "26000", by=users["adv"], number="CDE-2026-1187")
    request_override(order_id=order.pk, reason="Bon de commande signé de la mairie.", by=users["adv"], at=at)
    large = submitted(scene.account, "140000", by=users["adv"], number="CDE-2026-1190")
    request_override(order_id=large.pk, reason="Chantier de la gare.", by=users["adv"], at=at)
    work.drain()
    main = page.locator("#main")

    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/decisions/")
    expect(main).to_contain_text("1 demande dans votre délégation")
    expect(main).to_contain_text("Philippe Aubry (Directeur financier)")
    shot(page, "decisions-inbox")
    axe(page)
    page.locator("textarea").first.fill("Acompte encaissé avant livraison.")
    page.get_by_role("button", name="Accorder et lever la commande").click()
    expect(page.locator("#toasts")).to_contain_text("Accordé")
    expect(page.locator("#toasts")).to_contain_text("Annuler")
    page.goto(f"{live_server.url}/decisions/mine/")
    expect(main).to_contain_text("Acompte encaissé avant livraison.")
    shot(page, "decisions-mine")
    axe(page)
    work.drain()

    leave(page)
    sign_in(page, live_server, "sales")
    page.goto(f"{live_server.url}/outbox/")
    expect(main).to_contain_text("CDE-2026-1187 (Menuiseries Kervadec) peut partir")
    shot(page, "outbox")
    axe(page)
    page.get_by_role("link", name="est bloquée").first.click()
    expect(main).to_contain_text("Pourquoi")
    shot(page, "outbox-message")
    axe(page)
    page.goto(f"{live_server.url}/my-mail/")
    shot(page, "outbox-choices")
    axe(page)


def test_a_substitute_decides_and_the_release_is_undone(
    page: Page, live_server: LiveServer, scene: Scene
) -> None:
    order = submitted(scene.account, "26000", by=scene.users["adv"], number="CDE-2026-1187")
    main = page.locator("#main")
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/substitutes/")
    page.get_by_label("Remplaçant").select_option(label="Karim Benali")
    page.get_by_label("Du", exact=True).fill("aujourd'hui")
    page.get_by_label("Jusqu’au", exact=True).fill("+5")
    page.get_by_label("Motif").fill("Congés")
    page.get_by_role("button", name="Désigner le remplaçant").click()
    expect(main).to_contain_text("Karim Benali pour Hélène Carpentier")
    shot(page, "substitutes")
    axe(page)

    leave(page)
    sign_in(page, live_server, "analyst")
    page.goto(f"{live_server.url}/orders/{order.number}/")
    page.locator("#decision textarea").fill("Client suivi depuis longtemps.")
    page.get_by_role("button", name="Lever").click()
    expect(page.locator("h1")).to_contain_text("Confirmée")
    expect(main).to_contain_text("Karim Benali pour")
    assert OverrideRequest.objects.get().on_behalf_of == scene.users["credit"]
    press(page, "z")
    expect(page.locator("h1")).to_contain_text("Bloquée")
    shot(page, "overrides-undone")
    axe(page)


def test_a_mass_refusal_is_partly_beyond_the_authority(
    page: Page, live_server: LiveServer, scene: Scene
) -> None:
    for number, total in enumerate(("15000", "16000", "60000"), start=1):
        submitted(scene.account, total, by=scene.users["adv"], number=f"CDE-{number}")
    main = page.locator("#main")
    sign_in(page, live_server, "analyst")
    page.goto(f"{live_server.url}/orders/holds/")
    page.locator("thead input[type=checkbox]").check()
    page.get_by_role("button", name="Refuser").click()
    expect(main).to_contain_text("au-dessus de votre délégation")
    shot(page, "mass-asking")
    axe(page)
    page.locator("textarea").fill("Sans réponse du client.")
    page.get_by_role("button", name="Refuser 2 commandes").click()
    expect(main).to_contain_text("2 commandes sont refusées.")
    expect(main).to_contain_text("CDE-3")
    shot(page, "mass-decided")
    axe(page)
    assert sorted(Order.objects.values_list("state", flat=True)) == ["REFUSED", "REFUSED", "SUBMITTED"]
