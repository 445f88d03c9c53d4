"""Late debts in a real browser: the client's circuit, the hand-over with its file, and who is told of the month."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import CustomerAccount, User
from o2c.reports.models import MonthlyStatement
from o2c.shared import work
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item
from tests.factories.orders import give_limit

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def director() -> User:
    cache.clear()
    company = CompanyFactory(code="DEMO", name="Comptoir Valmont")
    make_user("dispute_owner", company, username="logistics", first_name="Léa", last_name="Moreau")
    return make_user("finance_director", company, username="director")


@pytest.fixture
def account(director: User) -> CustomerAccount:
    company = CompanyFactory(code="DEMO")
    books = make_user("receivables_accountant", company, username="clerk")
    made = CustomerAccountFactory(company=company, code="C0021", name="Transports Le Goff")
    give_limit(made, "10000")
    for days, amount in ((90, "1840.00"), (60, "620.50")):
        due = TODAY - timedelta(days=days)
        make_item(made, amount, by=books, issued=due - timedelta(days=30), due=due, at=NOW)
    return made


def test_from_the_circuit_to_the_court(page: Page, live_server: LiveServer, account: CustomerAccount) -> None:
    sign_in(page, live_server, "director")
    page.goto(f"{live_server.url}/clients/{account.code}/circuit/")
    page.get_by_label("Qui valide les factures").fill("Mme Roy, achats")
    page.get_by_label("Jours de règlement").fill("10, 25")
    page.get_by_label("Date limite de réception").fill("20")
    axe(page)
    shot(page, "circuit")
    page.get_by_role("button", name="Conserver").click()
    expect(page.get_by_text("Mme Roy, achats")).to_be_visible()
    shot(page, "circuit-client")

    page.get_by_role("link", name="Remettre").click()
    page.get_by_label("Voie").select_option("injunction")
    page.get_by_label("Destinataire").fill("Tribunal de commerce de Rennes")
    page.get_by_label("Motif").fill("Sans réponse à la mise en demeure")
    axe(page)
    shot(page, "hand-over-form")
    page.get_by_role("button", name="Remettre").click()
    work.drain()
    page.reload()
    expect(page.get_by_role("link", name="Le dossier")).to_be_visible()
    page.get_by_role("link", name="Noter la demande").click()
    page.get_by_label("Leur référence").fill("IP 26/118")
    page.get_by_label("Le", exact=True).fill(f"{TODAY:%d/%m/%Y}")
    shot(page, "hand-over-claim")
    page.get_by_role("button", name="Noter la demande").click()
    expect(page.get_by_text("IP 26/118")).to_be_visible()
    axe(page)
    shot(page, "hand-over")
    page.goto(f"{live_server.url}/collections/hand-overs/")
    axe(page)
    shot(page, "hand-overs")


def test_an_owner_is_named_and_told(page: Page, live_server: LiveServer, account: CustomerAccount) -> None:
    sign_in(page, live_server, "director")
    page.goto(f"{live_server.url}/reports/process-owners/")
    page.get_by_label("Logistique").select_option(label="Léa Moreau")
    page.get_by_label("Motif").fill("Désignée au comité")
    axe(page)
    shot(page, "process-owners")
    page.get_by_role("button", name="Enregistrer les responsables").click()
    page.goto(f"{live_server.url}/reports/statements/send/")
    axe(page)
    shot(page, "send-statement")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_text("Léa Moreau").first).to_be_visible()
    assert MonthlyStatement.objects.get().owner.username == "logistics"
    axe(page)
    shot(page, "statements")
