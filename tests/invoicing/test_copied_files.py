"""Files of long lists: what the database writes is byte for byte what Python writes row by row."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import IO, Any

import pytest
from django.test import RequestFactory
from django.utils import timezone, translation
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from accounts.models import CustomerAccount, User
from invoicing import lists
from invoicing.models import ReceivableItem
from invoicing.sending.queries import with_mail_state
from invoicing.tables import InvoiceTable, ItemTable, PaymentTable
from o2c.shared.calendar import paris_date
from o2c.shared.copied import copied_csv, copied_xlsx
from o2c.shared.exports import csv_chunks, xlsx_file
from o2c.shared.tables import Column, StatusColumn, Table
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit, make_invoice, make_item, make_payment

pytestmark = pytest.mark.django_db

TRICKY = (
    "=1+1", '-5 "quoted"; and more', "@home", "Éclat & <Fils>", "+33 1", "plain", "_x0041_ is no A", "a\x01b\x1fc",
    "back\\slash",
)  # fmt: skip


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
        InvoiceTable(with_mail_state(lists.invoice_list(clerk, company, today)), request=request),
        ItemTable(lists.open_items(clerk, company, today), request=request),
        PaymentTable(lists.payment_list(clerk, company), request=request),
    ]


def test_rows_that_are_equal_stand_in_the_order_of_their_keys(clerk):
    for table in tables(clerk):
        for asked in (None, "-due_date", "code"):
            if asked:
                table.order_by = asked
            keys = [name.lstrip("-") for name in table.data.data.query.order_by if isinstance(name, str)]
            assert {"pk", "id"} & {*keys}


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


@pytest.mark.parametrize("language", ["fr", "en"])
def test_both_ways_write_the_same_spreadsheet(clerk, language):
    CustomerAccount.objects.filter(name="plain").update(name="two\nlines")
    with translation.override(language):
        for table in tables(clerk):
            header, kinds = table.export_header(), table.export_kinds()
            copied = copied_xlsx(table, language=language, sheet="Liste")
            assert copied is not None
            written = xlsx_file(header, table.export_rows(), language=language, sheet="Liste", kinds=kinds)
            ours, theirs = cells_of(copied), cells_of(written)
            assert ours == theirs
            assert len(ours) > len(TRICKY)
            assert [value for value, _look in ours[0]] == header


def cells_of(file: IO[bytes]) -> list[list[tuple[Any, str]]]:
    """Value and format of every cell; two libraries must read the same values."""
    content = file.read()
    sheet = load_workbook(io.BytesIO(content)).active
    rows = [
        [(cell.value, cell.number_format if cell.value is not None else "") for cell in row] for row in sheet
    ]
    other = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    # What is written for an escape is an underscore again to one of them only.
    texts = [[str(value) for value in row if isinstance(value, str) and value] for row in other]
    assert [[text.replace("_x005F_", "_") for text in row] for row in texts] == [
        [value.replace("_x005F_", "_") for value, _look in row if isinstance(value, str) and value]
        for row in rows
    ]
    return rows


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
