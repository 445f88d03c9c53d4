"""A bank statement brought in with a real browser: account named, file looked at, booked, a return settled."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from invoicing.models import PaymentReturn
from o2c.demo.cfonb import Entry, statement
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_payment

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_statement_is_looked_at_booked_and_its_return_settled(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    company = CompanyFactory(code="DEMO", name="Demo")
    account = CustomerAccountFactory(company=company, code="C0001", name="Leroy Menuiserie")
    accountant = make_user("receivables_accountant", company, "accountant")
    now, today = timezone.now(), timezone.localdate()
    make_payment(
        account, "720.00", by=accountant, at=now, received=today - timedelta(days=6), method="direct_debit",
        payer_name="LEROY MENUISERIE",
    )  # fmt: skip
    entries = [
        Entry(
            today,
            Decimal("4800.00"),
            "VIR SEPA DUPONT INDUSTRIES",
            details=[("LCC", "FA2026-00123 FA2026-00127")],
        ),
        Entry(
            today, Decimal("1199.50"), "VIR SEPA MARTIN SARL", details=[("LIB", "REGLT FACTURE MOINS 0,50")]
        ),
        Entry(today, Decimal("-18.00"), "COMMISSION IMPAYE", "62"),
        Entry(
            today,
            Decimal("-720.00"),
            "IMPAYE PRLV SEPA LEROY MENUISER",
            "B3",
            details=[("LIB", "MOTIF AM04")],
        ),
    ]
    file = tmp_path / "releve-novembre.txt"
    file.write_bytes(
        statement(
            bank="30004", branch="00820", account="00010234567", opening_on=today - timedelta(days=1),
            opening=Decimal("12345.67"), closing_on=today, entries=entries,
        )
    )  # fmt: skip
    broken = tmp_path / "releve-tronque.txt"
    broken.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:4]))

    sign_in(page, live_server, "accountant")
    page.goto(f"{live_server.url}/invoicing/bank/")
    axe(page)
    shot(page, "bank-empty")
    page.get_by_role("link", name="Comptes bancaires").first.click()
    page.get_by_label("Nom").fill("BNP Bordeaux")
    page.get_by_text("Sans IBAN").click()
    for label, value in (
        ("Code banque", "30004"),
        ("Code guichet", "00820"),
        ("Numéro de compte", "00010234567"),
    ):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Ajouter le compte").click()
    expect(page.get_by_role("rowheader", name="BNP Bordeaux")).to_be_visible()
    axe(page)
    shot(page, "bank-accounts")

    page.goto(f"{live_server.url}/invoicing/bank/import/")
    axe(page)
    shot(page, "bank-import")
    page.locator("#id_file").set_input_files(broken)
    page.get_by_role("button", name="Examiner le fichier").click()
    expect(page.get_by_text("il est tronqué")).to_be_visible()
    axe(page)
    shot(page, "bank-refused")
    page.goto(f"{live_server.url}/invoicing/bank/import/")
    page.locator("#id_file").set_input_files(file)
    page.get_by_role("button", name="Examiner le fichier").click()
    expect(page.get_by_text("boucle avec ses soldes")).to_be_visible()
    axe(page)
    shot(page, "bank-preview")
    page.get_by_role("button", name="Enregistrer ce fichier").click()
    expect(page.get_by_text("Le fichier est comptabilisé.")).to_be_visible()
    shot(page, "bank-done")
    page.get_by_role("link", name="BNP Bordeaux").first.click()
    axe(page)
    shot(page, "bank-statement")
    page.get_by_role("link", name="Traiter").click()
    axe(page)
    shot(page, "bank-return")
    page.get_by_role("button", name="Enregistrer le rejet").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("BNP Bordeaux")
    assert PaymentReturn.objects.count() == 1
    page.goto(f"{live_server.url}/invoicing/bank/")
    axe(page)
    shot(page, "bank-list")
