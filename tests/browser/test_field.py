"""The rep in the field: on the phone, own unpaid invoices, a promise, a contact, market information, a dispute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.enums import TeamRole
from accounts.models import CustomerAccount, TeamMember, User
from credit.models import ClientNote, CreditAlert
from credit.standing import refresh_after
from disputes.models import Dispute
from dunning.models import Call, PromiseToPay
from o2c.shared import work
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice
from tests.factories.orders import give_limit

from .helpers import DESK, PHONE, axe, on_phone, settled, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FITS = "() => document.documentElement.scrollWidth"


@dataclass
class Scene:
    """A client of a rep, with an invoice of a colleague's sale among its own."""

    account: CustomerAccount
    users: dict[str, User]


@pytest.fixture
def scene() -> Scene:
    company = CompanyFactory(code="DEMO", name="Comptoir Valmont")
    people = {
        "sales": ("sales", "Julien", "Roche"),
        "sales2": ("sales", "Manon", "Tessier"),
        "books": ("receivables_accountant", "Nathalie", "Perrin"),
        "credit": ("credit_manager", "Hélène", "Carpentier"),
    }
    users = {
        name: make_user(role, company, name, first_name=first, last_name=last, language="fr")
        for name, (role, first, last) in people.items()
    }
    account = CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec")
    at = timezone.now()
    today = paris_date(at)
    since = today - timedelta(days=200)
    for role, name, first, last in (
        (TeamRole.SALES_REP, "sales2", date(2020, 1, 1), since),
        (TeamRole.SALES_REP, "sales", since, None),
        (TeamRole.CREDIT, "credit", date(2020, 1, 1), None),
        (TeamRole.COLLECTOR, "books", date(2020, 1, 1), None),
    ):
        TeamMember.objects.create(
            account=account, role=role, user=users[name], valid_from=first, valid_to=last
        )
    give_limit(account, "50000", decided_by=users["credit"])
    account.contacts.create(name="Yann Le Goff", role="ACCOUNTS_PAYABLE", phone="02 40 11 22 33")
    for number, amount, days in (
        ("FA-2377", "1200.00", 80),
        ("FA-2401", "640.00", 50),
        ("FA-0999", "777.00", 250),
    ):
        make_invoice(
            account,
            amount,
            by=users["books"],
            number=number,
            at=at,
            issued=today - timedelta(days=days),
            due=today - timedelta(days=days - 30),
        )
    refresh_after(work=None, account_id=account.pk)
    return Scene(account, users)


def fits(page: Page) -> None:
    """Nothing is wider than the phone, and axe is content."""
    assert page.evaluate(FITS) <= PHONE["width"]
    axe(page)


def field(page: Page, word: str) -> None:
    """One of the four things a rep does from the page of a client."""
    page.locator(".o-field a", has_text=word).click()


def test_the_rep_acts_from_the_field_and_the_credit_manager_is_told(
    page: Page, live_server: LiveServer, scene: Scene
) -> None:
    client = f"{live_server.url}/clients/{scene.account.code}/"
    main = page.locator("#main")
    sign_in(page, live_server, "sales")
    on_phone(page)

    # Own unpaid invoices, with their day and how late they are; of a colleague's sale a count and a total only.
    page.goto(client)
    items = page.locator("#items")
    expect(items).to_contain_text("FA-2377")
    expect(items.get_by_text("50 jours de retard")).to_be_visible()
    expect(items).to_contain_text("FA-2401")
    expect(main).not_to_contain_text("FA-0999")
    expect(items).to_contain_text("hors de votre portefeuille")
    fits(page)
    shot(page, "field-client")
    on_phone(page)

    # Market information: the client, Note, kind and text, keep. What is typed survives a mistake.
    field(page, "Noter")
    page.get_by_role("button", name="Enregistrer la note").click()
    expect(main).to_contain_text("Précisez le sujet")
    page.locator("#id_topic").select_option("CUSTOMER_LOST")
    page.locator("#id_text").fill("Perd le marché de la mairie ; le gérant est malade.")
    page.get_by_text("Préoccupant", exact=True).click()
    page.get_by_role("button", name="Enregistrer la note").click()
    expect(main).to_contain_text("« malade » (santé)".replace("« ", "«\u00a0").replace(" »", "\u00a0»"))
    expect(page.locator("#id_text")).to_have_value("Perd le marché de la mairie ; le gérant est malade.")
    fits(page)
    shot(page, "field-note-risky")
    on_phone(page)
    page.locator("#id_text").fill("Perd le marché de la mairie.")
    page.get_by_role("button", name="Enregistrer la note").click()
    expect(page.locator("#notes")).to_contain_text("Perd un gros client")
    note = ClientNote.objects.get()
    assert (note.risky_words, note.topic, note.weight) == ([], "CUSTOMER_LOST", "WORRYING")

    # A promise of payment.
    page.goto(client)
    field(page, "Promesse")
    fits(page)
    shot(page, "field-promise")
    on_phone(page)
    expect(main).not_to_contain_text("FA-0999")
    page.locator("label", has_text="FA-2401").click()
    page.locator("#id_promised_date").fill("+5")
    page.get_by_role("button", name="Noter la promesse").click()
    expect(page.locator(".o-toast")).to_be_visible()
    assert PromiseToPay.objects.get().taken_by == scene.users["sales"]

    # A contact.
    page.goto(client)
    field(page, "Appel")
    sheet = page.locator("#sheet-card")
    expect(sheet).to_contain_text("FA-2377")
    expect(main).not_to_contain_text("FA-0999")
    expect(main).to_contain_text("Perd le marché de la mairie.")
    fits(page)
    shot(page, "field-call")
    on_phone(page)
    sheet.locator("label", has_text="Pas joint").click()
    page.get_by_role("button", name="Noter l’appel").click()
    expect(page.locator(".o-toast")).to_be_visible()
    assert Call.objects.get().made_by == scene.users["sales"]

    # A dispute: the document is chosen from what is open of the client.
    page.goto(client)
    field(page, "Litige")
    expect(main).not_to_contain_text("FA-0999")
    fits(page)
    shot(page, "field-dispute")
    on_phone(page)
    page.locator("#main a", has_text="FA-2377").click()
    page.locator("#id_amount").fill("200")
    page.locator("#id_type").select_option(index=1)
    page.locator("#id_comment").fill("Deux panneaux cassés à la livraison.")
    page.get_by_role("button", name="Ouvrir le litige").click()
    expect(main).to_contain_text("Deux panneaux cassés")
    assert Dispute.objects.get().opened_by == scene.users["sales"]

    # The credit manager is told once, by the alert; whoever collects by the note.
    work.drain()
    alert = CreditAlert.objects.get(kind="CLIENT_NOTE")
    assert alert.owner == scene.users["credit"]
    page.context.clear_cookies()
    page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/notifications/")
    expect(main).to_contain_text("Menuiseries Kervadec")
    page.goto(f"{live_server.url}/credit/credit-alerts/{alert.pk}/")
    shot(page, "note-alert")
    page.get_by_role("link", name="Lire la note").click()
    expect(main).to_contain_text("Perd le marché de la mairie.")
    axe(page)
    shot(page, "note")
    page.goto(client)
    settled(page)
    expect(page.locator("#notes")).to_contain_text("Julien Roche")
    shot(page, "note-client")
    page.goto(f"{live_server.url}/credit/notes/")
    expect(main).to_contain_text("Perd le marché de la mairie.")
    axe(page)
    shot(page, "notes-list")
    page.goto(f"{live_server.url}/credit/can-i-sell/?client=C0042&amount=1000")
    expect(page.locator("#answer")).to_contain_text("Perd le marché de la mairie.")
    shot(page, "note-can-i-sell")
