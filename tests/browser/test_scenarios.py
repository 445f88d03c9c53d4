"""A scenario in a real browser: read in plain words, the days of a document, a letter, a step changed and refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company, Contact
from dunning.models import DunningScenario
from dunning.services.scenarios import ensure_scenario
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def company() -> Company:
    cache.clear()
    return CompanyFactory(code="DEMO", name="Comptoir Valmont")


def test_a_scenario_is_read_previewed_and_changed(
    page: Page, live_server: LiveServer, company: Company
) -> None:
    make_user("credit_manager", company, username="credit")
    account = CustomerAccountFactory(company=company, code="C0021", name="Menuiserie Alpine", city="Annecy")
    Contact.objects.create(account=account, name="Mme Rey", role="FINANCE_HEAD", email="rey@client.test")
    make_item(
        account, "8200.00", by=make_user("receivables_accountant", company), at=NOW, number="FA-2101",
        issued=TODAY - timedelta(days=60), due=TODAY - timedelta(days=20),
    )  # fmt: skip
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/collections/scenarios/")
    expect(page.get_by_text("Aucun scénario")).to_be_visible()
    axe(page)
    shot(page, "scenarios-none")
    ensure_scenario(company)
    page.reload()
    expect(page.get_by_text("45 jours après l’échéance, un jour ouvré")).to_be_visible()
    axe(page)
    shot(page, "scenarios")

    page.get_by_role("link", name="Standard").click()
    page.get_by_role("combobox", name="Client").fill("C0021")
    page.get_by_role("button", name="Afficher les jours").click()
    expect(page.get_by_role("link", name="FA-2101")).to_be_visible()
    axe(page)
    shot(page, "scenario")
    page.get_by_role("link", name="Voir la lettre").nth(2).click()
    expect(page.get_by_role("heading", name="Deuxième relance")).to_be_visible()
    axe(page)
    shot(page, "scenario-letter")

    page.go_back()
    page.get_by_role("link", name="Modifier le scénario").click()
    axe(page)
    shot(page, "scenario-form")
    day = page.get_by_label("Jour", exact=True).nth(2)
    day.fill("6")
    page.get_by_role("button", name="Enregistrer le scénario").click()
    expect(page.get_by_text("choisissez le jour 8 ou plus tard")).to_be_visible()
    axe(page)
    shot(page, "scenario-form-refused")
    page.get_by_label("Jour", exact=True).nth(2).fill("9")
    page.get_by_role("button", name="Enregistrer le scénario").click()
    expect(page.get_by_text("9 jours après l’échéance, un jour ouvré")).to_be_visible()
    assert DunningScenario.objects.get(is_active=True).steps.get(number=2).day == 9
