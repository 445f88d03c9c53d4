"""The pages and the API: what leaves is shown first, what became of it stays on the document."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Contact, CustomerAccount, User
from invoicing.models import DocumentMail, Invoice
from invoicing.sending import services
from o2c.home.outbox import messages_visible
from o2c.shared import delivery, work
from o2c.shared.models import OutboxMessage
from tests.factories.accounts import make_user
from tests.factories.invoicing import line, make_invoice
from tests.invoicing.facturx.test_documents import issued
from tests.orders.pages import browse, text_of
from tests.shared.reports import report

from .conftest import contact, with_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(accountant: User) -> Client:
    return browse(accountant)


@pytest.fixture
def api(accountant: User) -> APIClient:
    client = APIClient(headers={"accept-language": "en"})
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=accountant).key}")
    return client


def url(invoice: Invoice, name: str = "send") -> str:
    return reverse(f"invoicing:{name}", args=[invoice.number])


def test_the_page_shows_what_leaves_then_it_leaves(
    browser: Client, invoice: Invoice, receiver: Contact, settings: LazySettings
) -> None:
    settings.EMAIL_URL = "smtp://mail.valmont.test"
    page = text_of(browser.get(url(invoice)))
    for words in ("Billing@Client.test", "Rose Martin", f"Facture {invoice.number}", f"{invoice.number}.pdf"):
        assert words in page
    answer = browser.post(url(invoice), follow=True)
    assert "goes to 1 address." in text_of(answer)
    work.drain()
    assert "Written to billing@client.test" in text_of(browser.get(url(invoice, "detail")))
    again = browser.post(url(invoice))
    assert (again.status_code, "was sent already" in text_of(again)) == (422, True)
    assert browser.post(url(invoice), {"again": "on"}).status_code == 302
    message = DocumentMail.objects.latest("pk").message
    delivery.take(report(message.pk, to=message.to), at=timezone.now())
    page = text_of(browser.get(url(invoice, "detail")))
    for words in ("Came back", "Correct the address", "5.1.1"):
        assert words in page
    page = text_of(browser.get(url(invoice)))
    for words in ("mail to this address came back", "These addresses work again"):
        assert words in page
    assert browser.post(url(invoice), {"trusted": "billing@client.test"}).status_code == 302


def test_who_stands_in_is_named_and_nobody_is_said(
    browser: Client, invoice: Invoice, account: CustomerAccount
) -> None:
    assert "No contact of this client" in text_of(browser.get(url(invoice)))
    assert browser.post(url(invoice)).status_code == 422
    contact(account, "payable@client.test", "ACCOUNTS_PAYABLE")
    assert "it goes to “Accounts payable”" in text_of(browser.get(url(invoice)))


def test_what_was_issued_elsewhere_has_no_file(
    browser: Client, account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    invoice = make_invoice(account, by=accountant)
    assert "issued elsewhere" in text_of(browser.get(url(invoice)))
    assert "By mail to the client" not in text_of(browser.get(url(invoice, "detail")))


def test_many_at_once(
    browser: Client, invoice: Invoice, account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    other, elsewhere = with_file(issued(account, line(), by=accountant)), make_invoice(account, by=accountant)
    chosen = {"ids": [invoice.pk, other.pk, elsewhere.pk, "x"]}
    page = text_of(browser.post(reverse("invoicing:send_many"), chosen))
    for words in ("2 documents on their way", "1 not sent"):
        assert words in page
    assert OutboxMessage.objects.count() == 2
    answer = browser.post(reverse("invoicing:send_many"), chosen)
    assert (answer.status_code, OutboxMessage.objects.count()) == (422, 2)
    many = {"ids": list(range(1, services.MOST_AT_ONCE + 2))}
    assert browser.post(reverse("invoicing:send_many"), many).status_code == 302
    assert browser.post(reverse("invoicing:send_many")).status_code == 302


def test_the_list_shows_and_filters(
    browser: Client, invoice: Invoice, accountant: User, receiver: Contact
) -> None:
    services.send_document(invoice_id=invoice.pk, by=accountant, at=timezone.now())
    listing = reverse("invoicing:list")
    assert "Send by mail" in text_of(browser.get(listing))
    assert invoice.number in text_of(browser.get(listing, {"mail": "waiting"}))
    assert invoice.number not in text_of(browser.get(listing, {"mail": "none"}))
    file = b"".join(browser.get(listing, {"export": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert "Waiting" in file
    reader = browse(make_user("auditor", invoice.company))
    assert "Send by mail" not in text_of(reader.get(listing))


def test_the_card_asks_as_much_for_one_as_for_many(
    browser: Client, invoice: Invoice, account: CustomerAccount, accountant: User, receiver: Contact,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    services.send_document(invoice_id=invoice.pk, by=accountant, at=timezone.now())
    browser.get(url(invoice, "detail"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        browser.get(url(invoice, "detail"))
    for number in range(3):
        contact(account, f"more{number}@client.test")
        services.send_document(invoice_id=invoice.pk, by=accountant, at=timezone.now())
    with django_assert_num_queries(len(one)):
        browser.get(url(invoice, "detail"))


def test_the_home_page_says_what_to_do(
    invoice: Invoice, account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    message = services.send_document(invoice_id=invoice.pk, by=accountant, at=timezone.now()).messages[0]
    delivery.take(report(message.pk, to=message.to), at=timezone.now())
    adv = browse(make_user("adv_officer", account.company))
    assert f"{invoice.number} to billing@client.test: correct the address, send it again" in text_of(
        adv.get(reverse("home"))
    )


def test_by_the_api(api: APIClient, invoice: Invoice, receiver: Contact, account: CustomerAccount) -> None:
    address = f"/api/v1/invoices/{invoice.number}/send/"
    before = api.get(address).json()
    assert (before["state"], before["recipients"], before["messages"]) == (None, ["Billing@Client.test"], [])
    answer = api.post(address, {}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    row = answer.json()["messages"][0]
    assert (row["to"], row["role"], row["current"]) == ("billing@client.test", "INVOICE_RECEIPT", True)
    assert api.post(address, {}, format="json").json()["code"] == "sent_already"
    shown = api.get(f"/api/v1/outbox/?account={account.code}&kind=invoice.mailed").json()["results"][0]
    assert shown["files"] == [f"{invoice.number}.pdf"]
    assert {"kind", "to", "subject", "state", "time", "files"} <= shown.keys()


def test_a_report_by_the_api(invoice: Invoice, accountant: User, receiver: Contact) -> None:
    message = services.send_document(invoice_id=invoice.pk, by=accountant, at=timezone.now()).messages[0]
    content = report(message.pk, to=message.to).decode()

    def post(role: str, text: str) -> Any:
        user = make_user(role, invoice.company)
        client = APIClient(headers={"accept-language": "en"})
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
        return client.post("/api/v1/outbox/reports/", {"message": text}, format="json")

    assert post("adv_officer", content).status_code == 403
    (heard,) = post("integration", content).json()
    assert heard == {
        "message": message.pk, "recipient": "billing@client.test", "action": "failed", "code": "5.1.1",
        "text": "550 5.1.1 user unknown", "state": "bounced", "new": True,
    }  # fmt: skip
    assert post("administrator", "Subject: hello").json()["code"] == "not_a_report"
    assert post("administrator", report(1, name="<x@y>").decode()).json()["code"] == "unknown_message"


def test_a_colleagues_document_is_not_read_in_the_outbox(
    invoice: Invoice, account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    services.send_document(invoice_id=invoice.pk, by=accountant, at=timezone.now())
    mine = make_user("sales", account.company, "their rep")
    other = make_user("sales", account.company, "other rep")
    assert messages_visible(accountant, account.company).count() == 1
    assert messages_visible(mine, account.company).count() == 0
    assert messages_visible(other, account.company).count() == 0
