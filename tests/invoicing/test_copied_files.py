"""Files of long lists: what the database writes is byte for byte what Python writes row by row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone, translation

from accounts.models import User
from invoicing import lists
from invoicing.models import ReceivableItem
from invoicing.tables import InvoiceTable, ItemTable, PaymentTable
from o2c.shared.calendar import paris_date
from o2c.shared.copied import copied_csv
from o2c.shared.exports import csv_chunks
from o2c.shared.tables import Column, StatusColumn, Table
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit, make_invoice, make_item, make_payment

pytestmark = pytest.mark.django_db

TRICKY = ("=1+1", '-5 "quoted"; and more', "@home", "Éclat & Fils", "+33 1", "plain")


@pytest.fixture
def clerk() -> User:
    clerk = make_user("receivables_accountant", CompanyFactory(code="DEMO"))
    for number, name in enumerate(TRICKY):
        account = CustomerAccountFactory(company=clerk.home_company, name=name)
        make_invoice(account, f"{100 + number}.5", by=clerk)
        make_item(account, "1234.56", by=clerk, issued=paris_date(timezone.now()) - timedelta(days=90))
        make_credit(account, "7.00", by=clerk, reference=name)
    make_payment(None, "3.00", by=clerk, company=clerk.home_company, reference="nobody")
    return clerk


def tables(clerk: User) -> list[Table]:
    company, today = clerk.home_company, paris_date(timezone.now())
    request = RequestFactory().get("/")
    return [
        InvoiceTable(lists.invoice_list(clerk, company, today), request=request),
        ItemTable(lists.open_items(clerk, company, today), request=request),
        PaymentTable(lists.payment_list(clerk, company), request=request),
    ]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_both_ways_write_the_same_file(clerk, language):
    with translation.override(language):
        for table in tables(clerk):
            pieces = copied_csv(table, language=language)
            assert pieces is not None
            written = b"".join(pieces)
            assert written == b"".join(
                csv_chunks(table.export_header(), table.export_rows(), language=language)
            )
            assert written.count(b"\r\n") > len(TRICKY)


def test_a_past_day_is_written_as_it_was(clerk):
    day = paris_date(timezone.now()) - timedelta(days=30)
    table = ItemTable(lists.open_items(clerk, clerk.home_company, day))
    pieces = copied_csv(table, language="fr")
    assert pieces is not None
    assert b"".join(pieces).count(b"1234,56") == 2 * len(TRICKY)


def test_what_only_python_can_write_goes_row_by_row(clerk):
    class Own(Table):
        document = Column()
        status = StatusColumn(accessor="kind")

        def value_document(self, record: ReceivableItem) -> str:
            return record.document.lower()

    class Codeless(Table):
        status = StatusColumn(accessor="kind")

    items = ReceivableItem.objects.all()
    assert copied_csv(Own(items), language="fr") is None
    assert copied_csv(Codeless(items), language="fr") is None
    assert copied_csv(Codeless(list(items)), language="fr") is None
