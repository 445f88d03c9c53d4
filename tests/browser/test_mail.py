"""A document sent by mail with a real browser, come back, seen on the home page; details of company and client."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Contact
from invoicing.enums import FileKind
from invoicing.models import DocumentMail
from invoicing.services import files
from o2c.shared import delivery
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import line
from tests.invoicing.facturx.test_documents import issued
from tests.shared.reports import report

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_sent_come_back_and_put_right(page: Page, live_server: LiveServer) -> None:
    company = CompanyFactory(code="DEMO", name="Demo", siren="732829320")
    account = CustomerAccountFactory(company=company, code="C0001", name="Leroy Menuiserie")
    Contact.objects.create(
        account=account, name="Rose Martin", role="ACCOUNTS_PAYABLE", email="compta@leroy.test"
    )
    adv = make_user("adv_officer", company, "adv")
    invoice = issued(account, line("3", "411.5"), by=adv)
    files.keep(invoice, FileKind.XML, b"<x/>", at=timezone.now())
    files.keep(invoice, FileKind.PDF, b"%PDF-1.7", at=timezone.now())

    sign_in(page, live_server, "adv")
    page.goto(f"{live_server.url}/invoicing/")
    axe(page)
    shot(page, "mail-list")
    page.get_by_role("link", name=invoice.number).click()
    page.get_by_role("link", name="Envoyer par courriel").first.click()
    expect(page.get_by_text("Personne chez le client n’est chargé de la réception")).to_be_visible()
    axe(page)
    shot(page, "mail-send")
    page.get_by_role("button", name="Envoyer par courriel").click()
    expect(page.get_by_text("part à 1 adresse")).to_be_visible()
    message = DocumentMail.objects.get().message
    delivery.take(report(message.pk, to=message.to), at=timezone.now())
    page.reload()
    expect(page.get_by_text("Corrigez l’adresse sur la fiche du client")).to_be_visible()
    expect(page.get_by_text("Envoyée au client par courriel")).to_be_visible()
    axe(page)
    shot(page, "mail-invoice")
    page.goto(live_server.url)
    expect(page.get_by_text("corrigez l’adresse, renvoyez-le")).to_be_visible()
    axe(page)
    shot(page, "mail-home")
    page.goto(f"{live_server.url}/invoicing/send/{invoice.number}/")
    axe(page)
    shot(page, "mail-send-bounced")
    page.goto(f"{live_server.url}/outbox/{message.pk}/")
    axe(page)
    shot(page, "mail-message")


def test_details_of_company_and_client(page: Page, live_server: LiveServer) -> None:
    company = CompanyFactory(code="DEMO", name="Demo", siren="732829320")
    CustomerAccountFactory(company=company, code="C0001", name="Leroy Menuiserie")
    make_user("finance_director", company, "director")
    sign_in(page, live_server, "director")
    page.goto(f"{live_server.url}/invoicing/seller/")
    page.get_by_label("Capital social").fill("150000")
    axe(page)
    shot(page, "details-seller")
    page.get_by_role("button", name="Conserver").click()
    expect(page.get_by_text("Les documents émis à partir de maintenant le disent.")).to_be_visible()
    page.goto(f"{live_server.url}/invoicing/clients/C0001/details/")
    axe(page)
    shot(page, "details-buyer")
