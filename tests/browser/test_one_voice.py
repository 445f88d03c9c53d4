"""Texts and post, sites of one client, a client passed on, an outside partner: in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company, Contact, CustomerAccount, TeamMember
from dunning.models import DunningRun
from dunning.services.runs import plan_run
from dunning.services.scenarios import ensure_scenario
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.invoicing import make_item

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def company() -> Company:
    cache.clear()
    return CompanyFactory(code="DEMO", name="Comptoir Valmont")


@pytest.fixture
def sites(company: Company) -> list[CustomerAccount]:
    """Three sites of one legal entity, all late; the last one can be reached by nobody."""
    books = make_user(
        "receivables_accountant", company, username="accountant", first_name="Nathalie", last_name="Perrin"
    )
    make_user("credit_manager", company, username="credit", first_name="Hélène", last_name="Carpentier")
    entity = LegalEntityFactory(name="Menuiserie Alpine SAS")
    found = []
    for number, (city, amount, phone) in enumerate(
        (
            ("Annecy", "8200.00", "06 12 34 56 78"),
            ("Lyon", "3100.00", "04 72 00 00 00"),
            ("Chambéry", "950.00", ""),
        ),
        start=1,
    ):
        account = CustomerAccountFactory(
            company=company,
            code=f"C002{number}",
            name=f"Menuiserie Alpine – {city}",
            city=city,
            entity=entity,
        )
        Contact.objects.create(account=account, name=f"Mme Rey {city}", role="FINANCE_HEAD", phone=phone)
        TeamMember.objects.create(account=account, user=books, role="collector", valid_from=account.opened_on)
        make_item(
            account, amount, by=books, at=NOW, number=f"FA-210{number}",
            issued=TODAY - timedelta(days=60), due=TODAY - timedelta(days=10 + number),
        )  # fmt: skip
        found.append(account)
    return found


def texted(company: Company) -> DunningRun:
    """A run that proposes text messages."""
    ensure_scenario(company).steps.filter(number=2).update(
        channel="sms", attaches_invoices=False, subject_fr="", subject_en="",
        body_fr="$company : $total restent dus (compte $code). Merci de régler ou de dire la date du virement : $link",
        body_en="$company: $total are open.",
    )  # fmt: skip
    return plan_run(company=company, as_of=TODAY, by=None, at=NOW)


def test_a_run_says_whom_a_text_would_not_reach(
    page: Page, live_server: LiveServer, company: Company, sites: list[CustomerAccount]
) -> None:
    run = texted(company)
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/collections/runs/{run.pk}/")
    expect(page.get_by_text("2 relances n’atteindraient personne")).to_be_visible()
    expect(page.get_by_text("Ce n’est pas un numéro mobile").first).to_be_visible()
    axe(page)
    shot(page, "run-unreached")
    scenario = ensure_scenario(company)
    page.goto(f"{live_server.url}/collections/scenarios/{scenario.pk}/letters/2/?client=C0021")
    expect(page.get_by_text("segments")).to_be_visible()
    axe(page)
    shot(page, "text-preview")


def test_one_sheet_for_all_sites_then_the_client_is_passed_on(
    page: Page, live_server: LiveServer, company: Company, sites: list[CustomerAccount]
) -> None:
    sign_in(page, live_server, "accountant")
    page.goto(f"{live_server.url}/collections/work/")
    expect(page.get_by_text("3 sites")).to_be_visible()
    axe(page)
    shot(page, "sheet-sites")
    page.get_by_text("Pas joint").first.click()
    page.get_by_role("button", name="Noter l’appel").click()
    expect(page.get_by_text("noté").first).to_be_visible()
    page.goto(f"{live_server.url}/collections/work/load/")
    expect(
        page.get_by_role("cell", name="Nathalie Perrin").or_(
            page.get_by_role("rowheader", name="Nathalie Perrin")
        )
    ).to_be_visible()
    axe(page)
    shot(page, "workload")
    page.goto(f"{live_server.url}/collections/clients/C0021/pass-on/")
    shot(page, "pass-on-none")
    page.get_by_label("Motif").fill("Deux appels sans réponse.")
    page.get_by_role("button", name="Passer le client").click()
    expect(page.get_by_text("Deux appels sans réponse.")).to_be_visible()
    axe(page)
    shot(page, "pass-on")


def test_the_day_of_an_outside_partner(
    page: Page, live_server: LiveServer, company: Company, sites: list[CustomerAccount]
) -> None:
    partner = make_user("partner", company, username="partner", first_name="Élise", last_name="Garnier")
    TeamMember.objects.create(account=sites[0], user=partner, role="partner", valid_from=TODAY)
    sign_in(page, live_server, "partner")
    expect(page.get_by_role("link", name="Appeler les clients")).to_be_visible()
    axe(page)
    shot(page, "partner-home")
    page.goto(f"{live_server.url}/collections/work/")
    expect(page.get_by_role("heading", name="Menuiserie Alpine – Annecy")).to_be_visible()
    expect(page.get_by_text("Menuiserie Alpine – Lyon")).to_have_count(0)
    axe(page)
    shot(page, "partner-sheet")
    page.goto(f"{live_server.url}/invoicing/items/")
    expect(page.get_by_text("FA-2102")).to_have_count(0)
    shot(page, "partner-items")
