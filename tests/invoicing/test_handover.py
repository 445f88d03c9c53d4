"""Handing over to the platform: asked once, proved first, deposited once; what cannot be says why."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.einvoicing import handover
from invoicing.einvoicing.services import NotOnPlatforms
from invoicing.enums import FileKind
from invoicing.models import EInvoice, EInvoiceEvent, Invoice, SellerDetails
from invoicing.services import files
from o2c.shared import work
from o2c.shared.models import Work
from tests.factories.invoicing import AT, line, make_invoice
from tests.invoicing.facturx.test_documents import issued

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EINVOICING_FOLDER = tmp_path
    return tmp_path


@pytest.fixture
def invoice(account: CustomerAccount, accountant: User) -> Invoice:
    made = issued(account, line("3", "411.5"), by=accountant, customer_reference="PO-7")
    files.keep(made, FileKind.PDF, b"%PDF", at=AT)
    files.keep(made, FileKind.XML, b"<proved/>", at=AT)
    return made


def ask(invoice: Invoice, by: User) -> Work:
    return handover.ask(invoice_id=invoice.pk, by=by, at=AT)


def test_it_is_handed_over_once(invoice: Invoice, accountant: User, folder: Path) -> None:
    first, second = ask(invoice, accountant), ask(invoice, accountant)
    assert first.pk == second.pk
    work.run(first.pk)
    sent = list((folder / "out").rglob("*.xml"))
    assert [path.read_bytes() for path in sent] == [b"<proved/>"]
    assert EInvoice.objects.get(invoice=invoice).status == "DEPOSITED"
    with pytest.raises(handover.HandedOver):
        ask(invoice, accountant)
    assert EInvoiceEvent.objects.filter(invoice=invoice).count() == 1


def test_what_platforms_do_not_take_says_so(
    invoice: Invoice, account: CustomerAccount, accountant: User, rep: User
) -> None:
    with pytest.raises(NotOnPlatforms):
        ask(make_invoice(account, "100", by=accountant), accountant)
    plain = issued(account, line("1", "10"), by=accountant, customer_reference="PO-8")
    files.keep(plain, FileKind.PDF, b"%PDF", at=AT)
    with pytest.raises(handover.PlainOnly):
        ask(plain, accountant)
    assert not EInvoice.objects.exists()


def test_a_rule_that_is_broken_is_named_where_it_was_asked(
    account: CustomerAccount, accountant: User, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = issued(account, line("1", "10"), by=accountant, customer_reference="PO-9")
    broken = {"findings": [{"code": "BR-16", "source": "x", "message": "needs a line", "place": "/"}]}
    monkeypatch.setattr(files, "make", lambda **_facts: broken)
    work.run(ask(invoice, accountant).pk)
    page = browse(accountant).get(reverse("invoicing:detail", args=[invoice.number])).content.decode()
    assert "does not leave: BR-16, needs a line" in page
    assert not list(folder.rglob("*.xml"))


def browse(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_from_the_page_and_many_at_once(
    invoice: Invoice, account: CustomerAccount, accountant: User, rep: User
) -> None:
    url, imported = reverse("invoicing:hand_over"), make_invoice(account, "100", by=accountant)
    page = browse(accountant).get(reverse("invoicing:detail", args=[invoice.number])).content.decode()
    assert "Hand over to the platform" in page
    answer = browse(accountant).post(url, {"ids": [invoice.pk, imported.pk]}, follow=True)
    shown = answer.content.decode()
    assert "1 invoice goes to the platform." in shown
    assert f"{imported.number}: Only what was issued here" in shown
    again = browse(accountant).get(reverse("invoicing:detail", args=[invoice.number])).content.decode()
    assert "On its way to the platform" in again
    assert browse(rep).post(url, {"ids": [invoice.pk]}).status_code == 403
    assert "Choose between 1 and 500" in browse(accountant).post(url, follow=True).content.decode()


def test_a_company_that_wants_it_hands_over_what_it_issues(
    account: CustomerAccount, accountant: User, folder: Path
) -> None:
    details = SellerDetails.objects.create(company=account.company)
    before = issued(account, line("1", "10"), by=accountant, customer_reference="PO-1")
    details.hands_over_documents = True
    details.save()
    invoice = issued(account, line("2", "10"), by=accountant, customer_reference="PO-2")
    plain = issued(account, line("3", "10"), by=accountant, customer_reference="PO-3")
    make_invoice(account, "100", by=accountant)  # issued elsewhere
    rows = Work.objects.filter(kind=handover.WORK).order_by("pk")
    assert [row.payload["invoice_id"] for row in rows] == [invoice.pk, plain.pk]
    files.keep(invoice, FileKind.PDF, b"%PDF", at=AT)
    files.keep(invoice, FileKind.XML, b"<proved/>", at=AT)
    files.keep(plain, FileKind.PDF, b"%PDF", at=AT)
    for row in rows:
        work.run(row.pk)
    assert [row.state for row in rows.all()] == [Work.State.DONE, Work.State.DONE]
    assert [row.invoice_id for row in EInvoice.objects.all()] == [invoice.pk]
    assert EInvoiceEvent.objects.get().recorded_by is None
    assert len(list((folder / "out").rglob("*.xml"))) == 1
    assert not EInvoice.objects.filter(invoice=before).exists()


def test_a_credit_note_is_handed_over_too(
    invoice: Invoice, account: CustomerAccount, accountant: User, folder: Path
) -> None:
    SellerDetails.objects.create(company=account.company, hands_over_documents=True)
    preview = services.credit_invoice(
        invoice_id=invoice.pk, reason="wrong price", amount=Decimal("12.00"), by=accountant, at=AT
    )
    note = Invoice.objects.get(kind="CREDIT_NOTE")
    assert preview
    files.keep(note, FileKind.PDF, b"%PDF", at=AT)
    files.keep(note, FileKind.XML, b"<credit/>", at=AT)
    work.run(Work.objects.get(kind=handover.WORK, payload__invoice_id=note.pk).pk)
    assert EInvoice.objects.get().invoice == note
    assert [path.read_bytes() for path in (folder / "out").rglob("*.xml")] == [b"<credit/>"]
    page = browse(accountant).get(reverse("invoicing:detail", args=[note.number])).content.decode()
    assert 'id="platform"' in page
