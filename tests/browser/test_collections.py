"""Collections in a real browser: a collector's morning by the keyboard; a client that declares a disagreement."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company, Contact, CustomerAccount
from disputes.models import Dispute
from dunning.models import Call, PromiseToPay, ReminderLine
from dunning.services import links, runs
from dunning.services.scenarios import ensure_scenario
from invoicing.models import SellerDetails
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item

from .helpers import axe, on_phone, press, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def company() -> Company:
    cache.clear()
    return CompanyFactory(code="DEMO", name="Comptoir Valmont")


def client(company: Company, code: str, name: str, *late: tuple[str, int]) -> CustomerAccount:
    """A client with somebody to call and documents so many days late."""
    books = make_user("receivables_accountant", company)
    account = CustomerAccountFactory(company=company, code=code, name=name, city="Nantes")
    Contact.objects.create(
        account=account,
        name="Mme Rey",
        role="ACCOUNTS_PAYABLE",
        email="compta@client.test",
        phone="02 40 00 00 00",
    )
    for place, (amount, days) in enumerate(late, 1):
        make_item(
            account, amount, by=books, at=NOW, number=f"FA-{code[-2:]}{place}",
            issued=TODAY - timedelta(days=days + 30), due=TODAY - timedelta(days=days),
        )  # fmt: skip
    return account


def test_a_collectors_morning_by_the_keyboard(page: Page, live_server: LiveServer, company: Company) -> None:
    make_user("receivables_accountant", company, username="collector")
    first = client(company, "C0011", "Menuiserie Alpine", ("8200.00", 34), ("1310.40", 12))
    second = client(company, "C0012", "Bâti-Loire", ("4100.00", 21))
    third = client(company, "C0013", "Ateliers Brossard", ("900.00", 6))

    sign_in(page, live_server, "collector")
    page.goto(f"{live_server.url}/collections/work/")
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text(first.name)
    expect(page.get_by_text("3 clients à appeler")).to_be_visible()
    axe(page)
    shot(page, "morning-list")

    press(page, "1")
    expect(page.get_by_role("radio", name="Promesse")).to_be_checked()
    page.get_by_label("Promis pour").fill("+5") if page.get_by_label("Promis pour").count() else None
    press(page, "Control+Enter")
    expect(sheet).to_contain_text(second.name)
    promise = PromiseToPay.objects.get()
    assert (promise.account, promise.amount) == (first, Decimal("9510.40"))

    press(page, "2")
    page.get_by_label("Ce qui est contesté").select_option("QUANTITY")
    page.get_by_label("Note factuelle").fill("Il manque deux palettes.")
    axe(page)
    shot(page, "morning-dispute")
    press(page, "Control+Enter")
    expect(sheet).to_contain_text(third.name)
    assert Dispute.objects.get().account == second

    press(page, "5")
    page.get_by_label("Note factuelle").fill("Mme Rey a quitté l’entreprise.")
    press(page, "Control+Enter")
    expect(page.get_by_text("3 appels notés aujourd’hui")).to_be_visible()
    axe(page)
    shot(page, "morning-done")
    assert list(Call.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "promise",
        "dispute",
        "wrong_contact",
    ]

    # What is promised or contested is reminded of by nobody this morning.
    ensure_scenario(company)
    run = runs.plan_run(company=company, as_of=TODAY, by=make_user("credit_manager", company), at=NOW)
    assert {line.item.account for line in ReminderLine.objects.filter(reminder__run=run)} <= {third}


def test_a_client_declares_a_disagreement_that_stops_the_reminder(
    page: Page, live_server: LiveServer, company: Company, tmp_path: Path
) -> None:
    SellerDetails.objects.create(
        company=company, email="clients@valmont.test", phone="01 40 00 00 00", iban="FR7630006000011234567890189",
        bic="AGRIFRPP",
    )  # fmt: skip
    adv = make_user("adv_officer", company, username="adv")
    account = client(company, "C0012", "Bâti-Loire", ("4100.00", 21), ("1310.40", 12), ("760.00", -9))
    made = links.make_link(account_id=account.pk, by=adv, at=NOW)
    path = re.sub(r"https?://[^/]+", live_server.url, made.address)
    proof = tmp_path / "bon.pdf"
    proof.write_bytes(b"%PDF-1.4 delivery note")

    on_phone(page)
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre compte chez Comptoir Valmont")
    axe(page)
    shot(page, "client-link")
    on_phone(page)
    page.get_by_role("link", name="Contester FA-121").click()
    expect(page.get_by_label("Document", exact=True)).to_have_value(
        str(account.items.get(document="FA-121").pk)
    )
    page.get_by_role("button", name="Déclarer ce désaccord").click()
    expect(page.get_by_text("Dites en quelques mots ce qui ne va pas.").first).to_be_visible()
    axe(page)
    shot(page, "client-link-incomplete")
    on_phone(page)
    page.get_by_label("Ce qui ne va pas").select_option("QUANTITY")
    page.get_by_label("Montant contesté").fill("1 100,00")
    page.get_by_label("En quelques mots").fill("Deux palettes manquent.")
    page.get_by_label("Pièces").set_input_files(proof)
    page.get_by_role("button", name="Déclarer ce désaccord").click()
    case = Dispute.objects.get()
    expect(page.get_by_text(f"enregistré sous le numéro {case.number}")).to_be_visible()
    axe(page)
    shot(page, "client-link-declared")
    assert (case.amount, case.origin, case.evidence.count()) == (Decimal(1100), "portal", 1)

    page.get_by_label("Jour de votre règlement").fill("+7")
    page.get_by_label("Votre nom").fill("Mme Rey")
    page.get_by_label("Votre nom").press("Enter")
    expect(page.get_by_text("annoncés pour le")).to_be_visible()
    shot(page, "client-link-announced")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account with Comptoir Valmont")
    axe(page)
    shot(page, "client-link-english")
    page.goto(f"{path[:-5]}xxxx/")
    expect(page.get_by_text("Ce lien n’ouvre rien")).to_be_visible()
    axe(page)
    shot(page, "client-link-refused")

    ensure_scenario(company)
    promise = PromiseToPay.objects.get()
    promised = set(promise.promise_items.values_list("item__document", flat=True))
    run = runs.plan_run(company=company, as_of=TODAY, by=make_user("credit_manager", company), at=NOW)
    reminded = set(ReminderLine.objects.filter(reminder__run=run).values_list("item__document", "amount"))
    assert promised == {"FA-121", "FA-122"}
    assert not {document for document, _amount in reminded} & promised

    sign_in(page, live_server, "adv")
    page.goto(f"{live_server.url}/clients/{account.code}/")
    page.get_by_role("heading", name="Lien propre au client").scroll_into_view_if_needed()
    axe(page)
    shot(page, "client-with-links")
    page.goto(f"{live_server.url}/collections/links/{made.link.pk}/")
    expect(page.get_by_text("Litige déclaré")).to_be_visible()
    axe(page)
    shot(page, "link-uses")
    page.goto(f"{live_server.url}/collections/links/{account.code}/new/")
    axe(page)
    shot(page, "link-form")
    page.get_by_role("button", name="Créer le lien").click()
    expect(page.get_by_label("Adresse de la page du client")).to_be_visible()
    axe(page)
    shot(page, "link-made")
    page.goto(f"{live_server.url}/collections/links/{made.link.pk}/")
    page.get_by_role("button", name="Révoquer le lien").click()
    expect(page.get_by_text("Le lien n’ouvre plus rien.")).to_be_visible()
