"""Booking a ledger: all or nothing, as of a day, once."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts.models import Company, CustomerAccount, LegalEntity, RoleGrant
from credit.models import CreditStanding
from invoicing import services as invoicing
from invoicing.models import Allocation, DisputedAmount, Invoice, Payment, ReceivableItem
from invoicing.policy import ClosedPeriod
from o2c.imports import queries, runs, services
from o2c.imports.mapping import UnreadableMapping, parse_mapping
from o2c.imports.models import ImportRun
from o2c.imports.services import LedgerRefused, NotWaiting
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from o2c.shared.work import progress
from tests.factories.accounts import CompanyFactory, make_user

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SIREN = "732829320"
MAPPING_TEXT = """
[values]
currency = "EUR"
negatives = "credit_note"
[columns]
client = "customer_code"
name = "customer_name"
siren = "siren"
number = "number"
issued = "issue_date"
due = "due_date"
amount = "amount"
disputed = "disputed"
settled = "settled_on"
"""
MAPPING = parse_mapping(MAPPING_TEXT)
HEADER = "client;name;siren;number;issued;due;amount;disputed;settled"
# F1 paid late; F2 disputed and open until May; F3 issued in May, open; F4 a credit note, still open.
LINES = (
    f"C1;Acme;{SIREN};F1;05/01/2026;04/02/2026;100,00;non;20/02/2026",
    f"C2;Béta;{SIREN};F2;10/01/2026;09/02/2026;200,50;oui;15/05/2026",
    "C3;Gamma;;F3;02/05/2026;01/06/2026;300,00;non;",
    "C1;Acme;732829320;F4;03/02/2026;03/02/2026;-40,00;non;",
)
MARCH, JUNE = date(2026, 3, 31), date(2026, 6, 30)
TABLES = (Company, CustomerAccount, LegalEntity, Invoice, Payment, ReceivableItem, Allocation, DisputedAmount)


@pytest.fixture
def file(tmp_path):
    def write(*lines: str, header: str = HEADER):
        path = tmp_path / "ledger.csv"
        path.write_bytes("\r\n".join((header, *lines)).encode("cp1252"))
        return path

    return write


def import_(path, *, company="NEW", as_of=None, **options):
    options = {"mapping": MAPPING, "by": None, "at": AT} | options
    return services.import_ledger(company_code=company, path=path, as_of=as_of, **options)


def counts():
    return {model.__name__: model.objects.count() for model in (*TABLES, AuditEvent, Work)}


def book_of(code, on):
    company = Company.objects.get(code=code)
    items = [
        (i.document, i.account.code, i.amount, i.open_amount, i.effective_date, i.due_date)
        for i in ReceivableItem.objects.filter(company=company).select_related("account").order_by("document")
    ]
    disputes = [
        (d.item.document, d.amount, d.effective_from, d.effective_to)
        for d in DisputedAmount.objects.filter(item__company=company).select_related("item")
    ]
    matches = sorted(
        Allocation.objects.filter(debit__company=company).values_list(
            "debit__document", "credit__document", "amount", "effective_date"
        )
    )
    return items, disputes, matches, queries.book_totals(company, on=on)


def test_the_book_as_it_stood_on_a_day(file):
    result = import_(file(*LINES), as_of=MARCH)
    assert (result.lines_read, result.new_clients, result.new_invoices, result.settlements) == (4, 2, 3, 1)
    assert (result.read, result.booked) == ({"EUR": Decimal("260.50")}, {"EUR": Decimal("260.50")})
    assert result.differences == {"EUR": Decimal("0.00")}
    (book,) = result.book
    assert (book.currency, book.clients, book.invoices, book.invoiced) == ("EUR", 2, 3, Decimal("260.50"))
    assert (book.open_items, book.open, book.disputed) == (2, Decimal("160.50"), Decimal("200.50"))
    assert (book.overdue_total, dict(book.overdue)["d31_60"]) == (Decimal("200.50"), Decimal("200.50"))
    company = Company.objects.get()
    assert (company.code, company.currency) == ("NEW", "EUR")
    assert not RoleGrant.objects.exists()
    first, second = CustomerAccount.objects.order_by("code")
    assert (first.entity, first.entity.siren) == (second.entity, SIREN)
    assert (first.opened_on, second.name) == (date(2026, 1, 5), "Béta")
    paid = Payment.objects.get()
    assert (paid.account, paid.amount, paid.received_on) == (first, Decimal(100), date(2026, 2, 20))
    event = AuditEvent.objects.get(action="ledger.imported")
    assert event.after is not None
    assert (event.after["invoices"], event.after["read"]) == (3, {"EUR": "260.50"})


def test_a_later_day_adds_what_is_new_and_gives_the_book_of_a_fresh_import(file):
    path = file(*LINES)
    import_(path, company="STEPS", as_of=MARCH)
    later = import_(path, company="STEPS", as_of=JUNE)
    assert (later.new_clients, later.new_invoices, later.settlements) == (1, 1, 1)
    import_(path, company="FRESH", as_of=JUNE)
    assert book_of("STEPS", JUNE) == book_of("FRESH", JUNE)
    assert queries.book_totals(Company.objects.get(code="STEPS"), on=MARCH) == (
        queries.book_totals(Company.objects.get(code="FRESH"), on=MARCH)
    )
    (book,) = later.book
    assert (book.open_items, book.open, book.disputed) == (2, Decimal("260.00"), Decimal(0))


@pytest.mark.parametrize("as_of", [None, JUNE, MARCH])
def test_the_same_file_again_books_nothing(file, as_of):
    path = file(*LINES)
    import_(path, as_of=JUNE)
    before = counts()
    again = import_(path, as_of=as_of)
    assert (again.new_clients, again.new_invoices, again.settlements) == (0, 0, 0)
    assert set(again.differences.values()) == {Decimal("0.00")}
    assert counts() == before


def test_a_dry_run_tells_the_same_and_writes_nothing(file):
    path, before = file(*LINES), counts()
    tried = import_(path, as_of=JUNE, dry_run=True)
    assert counts() == before
    done = import_(path, as_of=JUNE)
    assert (tried.book, tried.new_invoices, tried.booked) == (done.book, done.new_invoices, done.booked)
    assert (tried.dry_run, done.dry_run) == (True, False)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (LINES[0].replace("05/01/2026", "35/01/2026"), "does not exist"),
        (LINES[0].replace("05/01/2026", "05/01/26"), "two figures"),
        (LINES[0].replace("100,00", "1oo"), "is not a number"),
        (LINES[0].replace(";non", ""), "cells"),
        (LINES[1], "stands already on line 3"),
    ],
)
def test_one_bad_line_and_nothing_is_booked(file, line, said):
    before = counts()
    with pytest.raises(LedgerRefused, match="nothing was") as refused:
        import_(file(*LINES, line))
    assert [error.line for error in refused.value.lines] == [6]
    assert said in refused.value.lines[0].message
    assert counts() == before


def test_a_closed_month_takes_neither_documents_nor_settlements_of_a_ledger(file):
    path = file(*LINES)
    import_(path, as_of=MARCH)
    company = Company.objects.get()
    clerk = make_user("receivables_accountant", company)
    invoicing.close_period(company=company, month=date(2026, 5, 1), by=clerk, at=AT)
    before = counts()
    with pytest.raises(LedgerRefused) as refused:
        import_(path, as_of=JUNE)
    # F2 was settled and F3 issued in May.
    assert [error.line for error in refused.value.lines] == [3, 4]
    assert "01/06/2026" in refused.value.lines[0].message
    with pytest.raises(ClosedPeriod), transaction.atomic():
        invoicing.book_imported(
            company=company,
            rows=[],
            settlements=[invoicing.ImportedSettlement("F2", date(2026, 5, 15))],
            by=None,
            at=AT,
        )
    assert counts() == before


def test_a_line_after_the_day_is_checked_as_well(file):
    with pytest.raises(LedgerRefused):
        import_(file(*LINES, LINES[0].replace("F1", "F9").replace("100,00", "?")), as_of=date(2026, 1, 1))


def test_a_negative_amount_is_refused_where_the_mapping_says_so(file):
    mapping = parse_mapping(MAPPING_TEXT.replace("credit_note", "refuse"))
    with pytest.raises(LedgerRefused) as refused:
        import_(file(*LINES), mapping=mapping)
    assert [(e.line, "negative" in e.message) for e in refused.value.lines] == [(5, True)]


def test_a_missing_column_is_named_on_line_1(file):
    with pytest.raises(LedgerRefused) as refused:
        import_(file(header="client;name;siren;number;issued;amount;disputed;settled"))
    assert str(refused.value.lines[0]).startswith("line 1: the column “due” (due_date) is missing")
    assert not Company.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("100,00", "100,01", "amount"),
        ("C1;Acme", "C9;Acme", "client"),
        ("05/01/2026", "06/01/2026", "issue date"),
    ],
)
def test_a_known_number_with_other_content_is_refused_with_its_line(file, old, new, what):
    import_(file(*LINES), as_of=MARCH)
    before = counts()
    changed = (LINES[2].replace("F3", "F8"), LINES[1], LINES[0].replace(old, new))
    with pytest.raises(LedgerRefused) as refused:
        import_(file(*changed))
    (error,) = refused.value.lines
    assert (error.line, "F1 is known already" in error.message, what in error.message) == (4, True, True)
    assert counts() == before


def test_good_lines_may_be_taken_and_the_others_reported(file):
    import_(file(*LINES), as_of=MARCH)
    path = file(LINES[0].replace("100,00", "1,00"), LINES[1], LINES[2], LINES[0].replace("F1", ""))
    result = import_(path, keep_good_lines=True)
    assert [error.line for error in result.errors] == [2, 5]
    assert (result.new_invoices, result.settlements) == (1, 1)
    assert result.differences == {"EUR": Decimal("0.00")}
    assert Invoice.objects.get(number="F1").total_incl_vat == Decimal(100)


def test_each_company_has_its_own_numbers(file):
    path = file(*LINES)
    import_(path, company="ONE")
    assert import_(path, company="TWO").new_invoices == 4


def test_a_spreadsheet_gives_the_same_book(file, tmp_path):
    import_(file(*LINES), company="CSV", as_of=JUNE)
    path = tmp_path / "ledger.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        day = workbook.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, HEADER.split(";"))
        for row, line in enumerate(LINES, start=1):
            for column, cell in enumerate(line.split(";")):
                if column in {4, 5, 8} and cell:
                    sheet.write_datetime(row, column, datetime.strptime(cell, "%d/%m/%Y"), day)  # noqa: DTZ007
                elif column == 6:
                    sheet.write_number(row, column, float(cell.replace(",", ".")))
                else:
                    sheet.write_string(row, column, cell)
    import_(path, company="XLSX", as_of=JUNE)
    assert book_of("XLSX", JUNE) == book_of("CSV", JUNE)


def test_two_currencies_have_two_totals_and_control_sums(file):
    mapping = parse_mapping(MAPPING_TEXT + 'currency = "currency"\n')
    path = file(*(f"{line};{c}" for line, c in zip(LINES, ("USD", "EUR", "EUR", "EUR"), strict=True)),
                header=f"{HEADER};currency")  # fmt: skip
    result = import_(path, mapping=mapping, as_of=JUNE)
    assert {b.currency: (b.invoices, b.open) for b in result.book} == {
        "EUR": (3, Decimal("260.00")),
        "USD": (1, Decimal(0)),
    }
    assert result.read == {"USD": Decimal(100), "EUR": Decimal("460.50")}
    assert Company.objects.get().currency == "EUR"


def test_a_day_to_come_is_refused(file):
    with pytest.raises(Invalid) as refused:
        import_(file(*LINES), as_of=date(2026, 11, 24))
    assert set(refused.value.errors) == {"as_of"}


def test_who_may_import_where(file):
    path = file(*LINES)
    mine = CompanyFactory(code="MINE")
    accountant = make_user("receivables_accountant", mine)
    assert import_(path, company="MINE", by=accountant).new_invoices == 4
    for user, company in [
        (accountant, "NEW"),
        (accountant, CompanyFactory(code="OTHER").code),
        (make_user("sales", mine), "MINE"),
        (make_user("credit_manager", mine), "MINE"),
    ]:
        with pytest.raises(NotAllowed):
            import_(path, company=company, by=user)
    admin = make_user("administrator", mine)
    assert import_(path, company="NEW", by=admin).new_invoices == 4
    assert Invoice.objects.filter(company__code="NEW", created_by=admin).count() == 4


def test_many_lines_cost_no_more_statements_than_few(file, django_assert_max_num_queries):
    lines = [LINES[0].replace("F1", f"F{n}").replace("C1;", f"C{n % 50};") for n in range(1, 400)]
    with django_assert_max_num_queries(60):
        result = import_(file(*lines), as_of=MARCH)
    assert (result.new_clients, result.new_invoices, result.settlements) == (50, 399, 399)


def test_the_figures_for_lists_follow(file, work_drain):
    result = import_(file(*LINES), as_of=JUNE)
    assert len(result.follow_up) == 1
    work_drain()
    accounts = {a.code: a.pk for a in CustomerAccount.objects.all()}
    standings = CreditStanding.objects.filter(level=3).values_list("target_id", "net_exposure")
    assert dict(standings) == {
        accounts["C1"]: Decimal("-40.00"), accounts["C2"]: Decimal(0), accounts["C3"]: Decimal("300.00"),
    }  # fmt: skip


# --- uploads -------------------------------------------------------------------------------------------------


@pytest.fixture
def accountant():
    return make_user("receivables_accountant", CompanyFactory(code="MINE"), "accountant")


def upload(by, *lines, company="MINE", as_of=JUNE, **options):
    content = "\r\n".join((HEADER, *lines)).encode()
    file = SimpleUploadedFile("../my ledger.CSV", content)
    options = {"mapping": "", "mapping_file_text": MAPPING_TEXT} | options
    return services.upload(company_code=company, file=file, as_of=as_of, by=by, at=AT, **options)


def test_upload_preview_booking_result(accountant, work_drain):
    run = upload(accountant, *LINES)
    assert (run.status, run.original_name) == ("uploaded", "my ledger.CSV")
    assert "ledger" not in run.file.name
    before = counts()
    runs.look(run=run, by=accountant, at=AT)
    assert counts() == before
    run.refresh_from_db()
    assert run.status == "previewed"
    head = run.counts.pop("head")
    assert [row[4] for row in head] == ["F1", "F2", "F3", "F4"]
    assert run.counts.pop("columns")[:2] == [["client", "customer_code"], ["name", "customer_name"]]
    assert run.counts == {
        "lines": 4, "refused": 0, "clients": 3, "invoices": 4, "settlements": 2, "read": {"EUR": "560.50"},
        "understood": [],
    }  # fmt: skip
    services.start(import_id=run.pk, keep_good_lines=False, by=accountant, at=AT)
    with pytest.raises(NotWaiting):
        services.start(import_id=run.pk, keep_good_lines=False, by=accountant, at=AT)
    work_drain()
    run.refresh_from_db()
    assert (run.status, run.errors, run.refused.name) == ("done", [], "")
    assert (run.counts["invoices"], run.counts["differences"]) == (4, {"EUR": "0.00"})
    assert run.counts["book"][0]["open"] == "260.00"
    assert progress(run.work)["state"] == "done"
    assert Invoice.objects.filter(created_by=accountant).count() == 4


BAD = (LINES[0].replace("100,00", "cent"), LINES[1], "C9;=1+1;;F9;31/02/2026;;-;;", LINES[2])


def test_all_or_nothing_books_nothing_and_gives_the_refused_lines_back(accountant, work_drain):
    run = upload(accountant, *BAD)
    services.start(import_id=run.pk, keep_good_lines=False, by=accountant, at=AT)
    work_drain()
    run.refresh_from_db()
    assert (run.status, {line for line, _message in run.errors}) == ("failed", {2, 4})
    assert not Invoice.objects.exists()
    with run.refused.open() as stored:
        text = stored.read().decode("utf-8-sig")
    header, first, second = csv.reader(io.StringIO(text), delimiter=";")
    assert header == ["Line", "Reason", *HEADER.split(";")]
    assert first == ["2", "amount: “cent” is not a number.", *BAD[0].split(";")]
    assert second[0] == "4"
    assert second[3] == "'=1+1"
    assert {"issued", "due", "amount"} <= {part.split(":")[0] for part in second[1].split("; ")}


def test_the_good_lines_may_be_taken(accountant, work_drain):
    run = upload(accountant, *BAD)
    services.start(import_id=run.pk, keep_good_lines=True, by=accountant, at=AT)
    work_drain()
    run.refresh_from_db()
    assert (run.status, run.counts["invoices"], run.counts["refused"]) == ("done", 2, 2)
    assert set(Invoice.objects.values_list("number", flat=True)) == {"F2", "F3"}
    assert run.refused.name.startswith("imports/")


def test_a_file_that_is_no_table_fails_with_its_line(accountant, work_drain):
    run = services.upload(
        company_code="MINE", file=SimpleUploadedFile("x.csv", b"a;b\n1;\x00"), mapping="ibm-ar", as_of=None,
        by=accountant, at=AT,
    )  # fmt: skip
    runs.look(run=run, by=accountant, at=AT)
    run.refresh_from_db()
    assert (run.status, run.errors[0][0]) == ("uploaded", 2)
    services.start(import_id=run.pk, keep_good_lines=True, by=accountant, at=AT)
    work_drain()
    run.refresh_from_db()
    assert (run.status, run.errors[0][0]) == ("failed", 2)


def test_a_wrong_mapping_is_said_at_the_upload(accountant):
    with pytest.raises(UnreadableMapping):
        upload(accountant, *LINES, mapping_file_text="[columns]")
    with pytest.raises(NotFound):
        upload(accountant, *LINES, mapping="nothing", mapping_file_text="")
    assert not ImportRun.objects.exists()


def test_runs_are_seen_by_those_who_may_import_there(accountant):
    run = upload(accountant, *LINES)
    admin = make_user("administrator", CompanyFactory(code="HQ"))
    stranger = make_user("receivables_accountant", CompanyFactory(code="OTHER"))
    seller = make_user("sales", Company.objects.get(code="MINE"))
    for user, sees in [(accountant, True), (admin, True), (stranger, False), (seller, False)]:
        assert ImportRun.objects.visible_to(user).filter(pk=run.pk).exists() is sees
    with pytest.raises(NotFound):
        services.find_run(stranger, run.pk)
    with pytest.raises(NotFound):
        services.start(import_id=run.pk, keep_good_lines=True, by=seller, at=AT)
