"""An issued invoice with its PDF, a client with contacts, people who send."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.enums import ContactRole
from accounts.models import Contact, CustomerAccount, User
from invoicing.enums import FileKind
from invoicing.models import Invoice
from invoicing.services import files
from tests.factories.invoicing import line
from tests.invoicing.facturx.test_documents import issued

PDF = b"%PDF-1.7 the invoice"


def contact(
    account: CustomerAccount, email: str, role: str = ContactRole.INVOICE_RECEIPT, name: str = "Rose Martin"
) -> Contact:
    return Contact.objects.create(account=account, name=name, role=role, email=email)


def with_file(invoice: Invoice) -> Invoice:
    files.keep(invoice, FileKind.PDF, PDF, at=timezone.now())
    return invoice


@pytest.fixture
def invoice(account: CustomerAccount, accountant: User) -> Invoice:
    return with_file(issued(account, line("3", "411.5"), by=accountant, customer_reference="PO-7"))


@pytest.fixture
def receiver(account: CustomerAccount) -> Contact:
    return contact(account, "Billing@Client.test")
