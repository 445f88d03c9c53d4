"""Cash in a real browser: the matching desk by keyboard, items picked by hand, a paper checked, interest claimed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company, CustomerAccount, User
from invoicing.models import Matching, PenaltyNote, ReceivableItem, SellerDetails
from o2c.shared.pdf_engine import draw
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item, make_payment

from .helpers import axe, press, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def company() -> Company:
    made = CompanyFactory(
        code="DEMO", name="Comptoir Valmont", siren="732829320", legal_form="SAS", vat_number="FR44732829320",
        address_line1="12 rue de l’Industrie", postcode="69003", city="Lyon",
    )  # fmt: skip
    SellerDetails.objects.create(company=made, register_town="Lyon", share_capital=150000)
    return made


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec")


@pytest.fixture
def accountant(company: Company) -> User:
    return make_user("receivables_accountant", company, "accountant")


def late(account: CustomerAccount, amount: str, number: str, days: int, by: User) -> ReceivableItem:
    today = timezone.localdate()
    return make_item(
        account, amount, number=number, issued=today - timedelta(days=days + 30),
        due=today - timedelta(days=days), by=by, at=timezone.now(),
    )  # fmt: skip


def test_a_morning_at_the_matching_desk(
    page: Page, live_server: LiveServer, account: CustomerAccount, accountant: User
) -> None:
    now = timezone.now()
    late(account, "2640.00", "FA2026-002264", 17, accountant)
    late(account, "1860.00", "FA2026-002301", 8, accountant)
    late(account, "415.20", "FA2026-002388", 2, accountant)
    make_payment(account, "4500.00", reference="FA2264 2301", method="cheque", by=accountant, at=now)
    make_payment(
        None, "415.00", company=account.company, payer_name="MENUISERIES KERVADEC", by=accountant, at=now
    )
    sign_in(page, live_server, "accountant")
    page.goto(f"{live_server.url}/invoicing/matching/")
    expect(page.get_by_role("heading", name="Menuiseries Kervadec")).to_be_visible()
    axe(page)
    shot(page, "desk")
    page.locator("body").press(" ")
    expect(page.get_by_text("lettrés").first).to_be_visible()
    assert Matching.objects.count() == 1

    # What nobody had identified is picked by hand: its client, the item, the difference.
    page.goto(f"{live_server.url}/invoicing/matching/")
    page.locator("h1").click()
    press(page, "p")
    page.get_by_role("link", name="Menuiseries Kervadec").click()
    expect(page.get_by_role("checkbox", name="FA2026-002388")).to_be_visible()
    axe(page)
    page.get_by_role("checkbox", name="FA2026-002388").check()
    expect(page.locator("#pick-sum")).to_contain_text("0,20")
    shot(page, "pick")
    press(page, "Control+Enter")
    expect(page.get_by_text("Tout est lettré")).to_be_visible()
    assert Matching.objects.count() == 2

    payment = account.payments.get(method="cheque")
    page.goto(f"{live_server.url}/invoicing/payments/{payment.pk}/")
    expect(page.get_by_text("Pas encore encaissé").first).to_be_visible()
    axe(page)
    shot(page, "payment-clearing")


def test_clearing_days_and_terms_of_all_clients_are_set(
    page: Page, live_server: LiveServer, company: Company, account: CustomerAccount
) -> None:
    make_user("finance_director", company, "finance")
    sign_in(page, live_server, "finance")
    page.goto(f"{live_server.url}/invoicing/matching/clearing/")
    axe(page)
    shot(page, "clearing-days")
    page.get_by_label("Chèque").fill("12")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Les délais d’encaissement sont fixés")).to_be_visible()
    page.goto(f"{live_server.url}/invoicing/interest/terms/")
    axe(page)
    shot(page, "terms-of-all")
    page.goto(f"{live_server.url}/invoicing/clients/C0042/discount/")
    axe(page)
    shot(page, "client-discount")


def test_a_paper_is_checked(page: Page, live_server: LiveServer, company: Company, tmp_path: Path) -> None:
    make_user("adv_officer", company, "adv")
    file = tmp_path / "cgv.pdf"
    file.write_bytes(
        draw(
            "<!doctype html><html lang='fr'><head><meta charset='utf-8'><title>CGV</title></head><body>"
            "<h1>Conditions générales de vente</h1><p>Comptoir Valmont, SAS au capital de 10 000 €, 12 rue de"
            " l’Industrie, 69003 Lyon, RCS Lyon 732 829 320.</p><p>Prix : tarif en vigueur. Règlement sous 90"
            " jours. Pénalités de retard exigibles sans rappel.</p></body></html>"
        )
    )
    sign_in(page, live_server, "adv")
    page.goto(f"{live_server.url}/invoicing/papers/check/")
    axe(page)
    shot(page, "paper-empty")
    page.get_by_label("De quoi il s’agit").select_option("terms")
    page.locator("#id_file").set_input_files(file)
    page.get_by_role("button", name="Contrôler").click()
    expect(page.get_by_text("mentions exigées par la loi manquent")).to_be_visible()
    expect(page.get_by_text("Un délai au-delà de 60 jours")).to_be_visible()
    axe(page)
    shot(page, "paper-checked")


def test_interest_is_claimed_and_taken_back(
    page: Page, live_server: LiveServer, account: CustomerAccount, accountant: User
) -> None:
    late(account, "10000.00", "FA2026-000101", 30, accountant)
    late(account, "2500.00", "FA2026-000102", 12, accountant)
    make_user("credit_manager", account.company, "credit")
    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/invoicing/interest/clients/C0042/")
    expect(page.get_by_text("FA2026-000101")).to_be_visible()
    axe(page)
    shot(page, "interest-claim")
    page.get_by_role("button", name="Émettre la note").click()
    expect(page.get_by_role("link", name="FA2026-000102")).to_be_visible()
    axe(page)
    shot(page, "interest-note")
    note = PenaltyNote.objects.get()
    assert note.fee == 80
    page.goto(f"{live_server.url}/invoicing/interest/")
    axe(page)
    shot(page, "interest-notes")
