"""Money in a real browser: a payment comes back from the bank; an invoice is credited with somebody else's consent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company
from invoicing import services
from invoicing.enums import Origin
from invoicing.models import Invoice, Payment
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import line, make_item, make_payment

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO", name="Comptoir Valmont")


@pytest.fixture
def paid(company: Company) -> Payment:
    """A payment on two invoices of one client."""
    books = make_user("receivables_accountant", company, username="accountant")
    account = CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire")
    items = [make_item(account, amount, by=books, at=NOW) for amount in ("1250.00", "410.40")]
    payment = make_payment(
        account, "1660.40", by=books, at=NOW, received=TODAY - timedelta(days=4), external_id="PRLV-2026-118"
    )
    pairs = [(item.pk, item.amount) for item in items]
    services.allocate_payment(payment_id=payment.pk, items=pairs, by=books, at=NOW)
    return payment


def test_a_payment_comes_back_and_the_return_was_a_mistake(
    page: Page, live_server: LiveServer, paid: Payment
) -> None:
    sign_in(page, live_server, "accountant")
    page.goto(f"{live_server.url}/invoicing/payments/{paid.pk}/")
    page.get_by_role("link", name="Enregistrer un rejet").click()
    expect(page.get_by_role("row")).to_have_count(3)
    axe(page)
    shot(page, "return-form")
    page.get_by_role("button", name="Enregistrer le rejet").click()
    expect(page.locator(".o-err").first).to_be_visible()
    page.get_by_label("Motif").fill("Provision insuffisante")
    page.get_by_label("Frais bancaires").fill("12,50")
    page.get_by_role("button", name="Enregistrer le rejet").click()

    expect(page.get_by_text("La banque a rejeté ce paiement")).to_be_visible()
    axe(page)
    shot(page, "returned-payment")
    paid.refresh_from_db()
    assert [item.open_amount for item in paid.items.order_by("pk")] == [0, 0, Decimal("12.50")]

    page.get_by_role("link", name="Annuler le rejet").click()
    axe(page)
    shot(page, "return-undo")
    page.get_by_role("button", name="Annuler le rejet").click()
    expect(page.get_by_role("link", name="Enregistrer un rejet")).to_be_visible()
    assert not paid.items.exclude(open_amount=0).exists()

    page.get_by_role("button", name="Délettrer").first.click()
    page.get_by_role("button", name="Relettrer").first.click()
    shot(page, "matched-again")
    assert not paid.items.exclude(open_amount=0).exists()


@pytest.fixture
def invoice(company: Company) -> Invoice:
    """An invoice of two lines, issued by ADV."""
    for role, name in (("receivables_accountant", "accountant"), ("credit_manager", "credit")):
        make_user(role, company, username=name)
    account = CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire")
    return services.record_invoice(
        company=company,
        account=account,
        issue_date=TODAY,
        lines=(line("9", "100", description="Dalle 60 × 60"), line("2", "80", description="Joint gris")),
        origin=Origin.ISSUED,
        by=make_user("adv_officer", company, username="adv"),
        at=NOW,
    )


def test_an_invoice_is_credited_with_the_consent_of_somebody_else(
    page: Page, live_server: LiveServer, invoice: Invoice
) -> None:
    sign_in(page, live_server, "accountant")
    page.goto(f"{live_server.url}/invoicing/{invoice.number}/")
    page.get_by_role("link", name="Avoir", exact=True).click()
    page.get_by_label("Quantité créditée de Dalle 60 × 60").fill("6")
    expect(page.locator("#credit-preview")).to_contain_text("720,00")
    axe(page)
    shot(page, "credit-form")
    page.get_by_label("Motif").fill("Six dalles cassées à la livraison")
    page.get_by_role("button", name="Demander l’avoir").click()
    expect(page.locator("#credit-notes")).to_contain_text("720,00")
    axe(page)
    shot(page, "credit-waiting")
    page.context.clear_cookies()

    sign_in(page, live_server, "credit")
    page.goto(f"{live_server.url}/decisions/")
    axe(page)
    shot(page, "credit-decision")
    page.get_by_label("Motif").fill("Photos vues")
    page.get_by_role("button", name="Émettre l’avoir").click()
    page.goto(f"{live_server.url}/invoicing/{invoice.number}/")
    expect(page.locator("#credit-notes")).to_contain_text("Photos vues")
    assert invoice.items.get().open_amount == invoice.total_incl_vat - 720
