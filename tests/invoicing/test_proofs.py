"""Every constraint of the book holds against raw SQL, and every proof finds what gets round them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Company, CustomerAccount, User
from invoicing import proofs, services
from invoicing.models import Allocation, DisputedAmount, Invoice, NumberSeries, Payment, ReceivableItem
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.invoicing import AT, TODAY, day, line, make_credit, make_invoice, make_item, make_payment

pytestmark = pytest.mark.django_db


def run(sql: str, *params: Any) -> None:
    """Execute at once, deferred constraints included, in a savepoint."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def behind_the_back(sql: str, *params: Any) -> None:
    """Execute with every trigger switched off, as a repair by hand would."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, params)
        cursor.execute("SET session_replication_role = DEFAULT")


@pytest.fixture
def matched(account: CustomerAccount, accountant: User) -> Allocation:
    """60 of an invoice of 100 matched with a payment of 80."""
    return services.allocate(
        from_item_id=make_credit(account, "80", by=accountant).pk,
        to_item_id=make_item(account, "100", by=accountant, number="F-1").pk,
        amount=Decimal(60),
        by=accountant,
        at=AT,
    )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE invoicing_receivableitem SET open_amount = 30 WHERE id = %s",
        "UPDATE invoicing_receivableitem SET open_amount = 100 WHERE id = %s",
        "UPDATE invoicing_receivableitem SET amount = 110 WHERE id = %s",
        """INSERT INTO invoicing_allocation (debit_id, credit_id, amount, effective_date, dated_ahead, recorded_at,
           letter) SELECT debit_id, credit_id, 1, effective_date, false, now(), '' FROM invoicing_allocation
           WHERE debit_id = %s""",
        """INSERT INTO invoicing_receivableitem (company_id, account_id, kind, document, instalment, issue_date,
           due_date, currency, amount, open_amount, effective_date, recorded_at)
           SELECT company_id, account_id, kind, 'X', 1, issue_date, due_date, currency, 100, 99, effective_date,
           now() FROM invoicing_receivableitem WHERE id = %s""",
    ],
    ids=["less open", "more open", "other amount", "match without its amounts", "item born half open"],
)
def test_an_open_amount_is_amount_less_matches(matched: Allocation, sql: str):
    with pytest.raises(IntegrityError, match="its allocations leave"):
        run(sql, matched.debit_id)


@pytest.mark.parametrize("open_amount", ["-1", "100.01"])
def test_an_open_amount_lies_between_nothing_and_the_amount(matched: Allocation, open_amount: str):
    with pytest.raises(IntegrityError, match="open_amount_between_zero_and_amount"):
        run(
            "UPDATE invoicing_receivableitem SET open_amount = %s WHERE id = %s",
            open_amount,
            matched.debit_id,
        )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE invoicing_allocation SET amount = 1 WHERE id = %s",
        "DELETE FROM invoicing_allocation WHERE id = %s",
    ],
)
def test_matches_are_only_ever_added(matched: Allocation, sql: str):
    with pytest.raises(DatabaseError, match="Cannot update or delete rows from invoicing_allocation"):
        run(sql, matched.pk)


@pytest.mark.parametrize("table", ["invoicing_invoice", "invoicing_invoiceline"])
def test_documents_and_their_lines_never_change(account: CustomerAccount, accountant: User, table: str):
    make_invoice(account, by=accountant, lines=[line()])
    for sql in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match=f"Cannot update or delete rows from {table}"):
            run(sql)


def test_a_match_is_undone_once_by_a_negative_row(matched: Allocation):
    def reverse(amount: str) -> None:
        run(
            """INSERT INTO invoicing_allocation (debit_id, credit_id, amount, effective_date, dated_ahead, recorded_at,
               letter, reversal_of_id) VALUES (%s, %s, %s, now(), false, now(), '', %s)""",
            matched.debit_id,
            matched.credit_id,
            amount,
            matched.pk,
        )

    with pytest.raises(IntegrityError, match="allocation_positive_reversal_negative"):
        reverse("60")
    services.unallocate(allocation_id=matched.pk, by=matched.recorded_by, at=AT)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match="reversal_of_id"):
        reverse("-60")


def test_a_match_is_positive_and_between_two_items(matched: Allocation):
    insert = """INSERT INTO invoicing_allocation (debit_id, credit_id, amount, effective_date, dated_ahead,
                recorded_at, letter) VALUES (%s, %s, %s, now(), false, now(), '')"""
    with pytest.raises(IntegrityError, match="allocation_positive_reversal_negative"):
        run(insert, matched.debit_id, matched.credit_id, -5)
    with pytest.raises(IntegrityError, match="allocation_between_two_items"):
        run(insert, matched.debit_id, matched.debit_id, 5)


def test_signs_of_documents_payments_and_disputes(
    account: CustomerAccount, accountant: User, matched: Allocation
):
    invoice, payment = Invoice.objects.get(), Payment.objects.get()
    invoice.pk, invoice.number, invoice.total_incl_vat = None, "NEW", Decimal(-1)
    with pytest.raises(IntegrityError, match="invoice_sign_fits_kind"), transaction.atomic():
        invoice.save(force_insert=True)
    payment.amount = Decimal(0)
    with pytest.raises(IntegrityError, match="payment_amount_positive"), transaction.atomic():
        payment.save()
    disputed = DisputedAmount(item=matched.debit, amount=0, effective_from=TODAY, recorded_at=AT)
    with pytest.raises(IntegrityError, match="disputed_amount_positive"), transaction.atomic():
        disputed.save()
    disputed.amount, disputed.effective_to = Decimal(1), day(-1)
    with pytest.raises(IntegrityError, match="disputed_amount_ends_after_start"), transaction.atomic():
        disputed.save()


def test_a_number_comes_once_per_company_and_a_series_once_per_year(
    account: CustomerAccount, accountant: User
):
    invoice = make_invoice(account, by=accountant)
    invoice.pk = None
    with pytest.raises(IntegrityError, match="invoice_number_once_per_company"), transaction.atomic():
        invoice.save(force_insert=True)
    NumberSeries.objects.create(company=account.company, prefix="FA", fiscal_year=2026)
    with pytest.raises(IntegrityError, match="one_series_per_prefix_and_year"), transaction.atomic():
        NumberSeries.objects.create(company=account.company, prefix="FA", fiscal_year=2026)


def found(company: Company) -> list[tuple[str, str]]:
    return [(d.proof, d.document) for d in proofs.differences(company=company, today=TODAY)]


def test_a_sound_book_proves_clean(
    company: Company, account: CustomerAccount, accountant: User, matched: Allocation
):
    other = make_item(account, by=accountant)
    ahead = services.allocate(
        from_item_id=make_credit(account, by=accountant, received=day(9)).pk,
        to_item_id=other.pk,
        amount=Decimal(70),
        by=accountant,
        at=AT,
    )
    services.unallocate(allocation_id=matched.pk, by=accountant, at=AT + timedelta(days=1))
    services.unallocate(allocation_id=ahead.pk, by=accountant, at=AT)
    services.dispute_amount(item_id=other.pk, amount=Decimal(5), on=TODAY, by=accountant, at=AT)
    services.record_invoice(
        company=company,
        account=account,
        issue_date=TODAY,
        lines=[line()],
        origin="issued",
        by=accountant,
        at=AT,
    )
    make_payment(None, by=accountant, company=company)
    make_invoice(account, "-12", by=accountant, currency="USD")

    assert found(company) == []
    assert list(proofs.differences()) == []


def test_each_proof_names_the_document(
    company: Company, account: CustomerAccount, accountant: User, matched: Allocation
):
    item = ReceivableItem.objects.get(document="F-1")
    payment = Payment.objects.get()
    issued = services.record_invoice(
        company=company,
        account=account,
        issue_date=TODAY,
        lines=[line()],
        origin="issued",
        by=accountant,
        at=AT,
    )
    stranger = CustomerAccountFactory(company=company)
    assert found(company) == []

    def broken(sql: str, *params: Any) -> set[tuple[str, str]]:
        behind_the_back(sql, *params)
        return set(found(company))

    reversal = services.unallocate(allocation_id=matched.pk, by=accountant, at=AT)
    assert ("reversal", "F-1") in broken(
        "UPDATE invoicing_allocation SET amount = -59 WHERE id = %s", reversal.pk
    )
    proofs_found = broken("UPDATE invoicing_receivableitem SET open_amount = 90 WHERE id = %s", item.pk)
    assert ("open amount", "F-1") in proofs_found
    assert ("total of the ledger", "EUR") in proofs_found
    assert ("items of an invoice", "F-1") in broken(
        "UPDATE invoicing_invoice SET total_incl_vat = 77 WHERE number = 'F-1'"
    )
    assert ("total of a kind", "INVOICE EUR") in found(company)
    assert ("lines of an invoice", issued.number) in broken("UPDATE invoicing_invoiceline SET net = 1")
    assert ("item of a payment", payment.external_id) in broken("UPDATE invoicing_payment SET amount = 79")
    assert ("account of an item", "F-1") in broken(
        "UPDATE invoicing_receivableitem SET account_id = %s WHERE id = %s", stranger.pk, item.pk
    )
    assert ("day of a match", f"{payment.external_id} → F-1") in broken(
        "UPDATE invoicing_allocation SET effective_date = %s", day(-90)
    )
    assert ("match dated ahead", "F-1") in broken("UPDATE invoicing_allocation SET dated_ahead = true")
    behind_the_back(
        "INSERT INTO invoicing_disputedamount (item_id, account_id, amount, effective_from, reference, recorded_at)"
        " VALUES (%s, %s, 1000, now(), '', now())",
        item.pk,
        account.pk,
    )
    assert ("disputed amount", "F-1") in found(company)
    assert ("account of a disputed amount", "F-1") in found(company)
    assert ("numbers without gap", "FA2026") in broken("UPDATE invoicing_numberseries SET next_number = 5")
    behind_the_back("DELETE FROM invoicing_allocation")
    behind_the_back("UPDATE invoicing_receivableitem SET open_amount = amount")


def test_the_proof_of_one_company_leaves_the_others_alone(company: Company, matched: Allocation):
    behind_the_back("UPDATE invoicing_receivableitem SET open_amount = 90 WHERE document = 'F-1'")
    sister = CustomerAccountFactory().company

    assert found(sister) == []
    assert ("open amount", "F-1") in found(company)
    behind_the_back("UPDATE invoicing_receivableitem SET open_amount = 40 WHERE document = 'F-1'")
