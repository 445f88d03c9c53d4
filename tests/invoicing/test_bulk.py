"""A ledger booked in a few statements, with the book it must leave behind."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection, transaction

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.models import Allocation, DisputedAmount, Invoice, Payment, ReceivableItem
from invoicing.services import BookedCounts, ImportedRow, ImportedSettlement, KeyTaken
from o2c.shared.models import AuditEvent
from orders.enums import OrderState
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.invoicing import AT, day, make_confirmed_order, woken

pytestmark = pytest.mark.django_db


def row(account: CustomerAccount, number: str, amount: str = "100", **fields) -> ImportedRow:
    return ImportedRow(
        account_id=account.pk,
        number=number,
        issue_date=fields.pop("issued", day(-5000)),
        due_date=fields.pop("due", day(-4970)),
        currency="EUR",
        amount=Decimal(amount),
        **fields,
    )


def book(company: Company, by: User, rows, settlements=()) -> BookedCounts:
    with transaction.atomic():
        return services.book_imported(company=company, rows=rows, settlements=settlements, by=by, at=AT)


def test_a_known_number_books_nothing(company: Company, account: CustomerAccount, accountant: User):
    book(company, accountant, [row(account, "1")])

    with pytest.raises(KeyTaken):
        book(company, accountant, [row(account, "2"), row(account, "1")])
    with pytest.raises(ValueError, match="No document 9"):
        book(company, accountant, [], [ImportedSettlement("9", day(0))])

    assert Invoice.objects.count() == 1


def test_documents_settlements_and_disputes_as_they_stood(
    company: Company, account: CustomerAccount, accountant: User
):
    other = CustomerAccountFactory(company=company)

    counts = book(
        company,
        accountant,
        [
            row(account, "OPEN", "100.10"),
            row(account, "PAID", "50", settled_on=day(-4960)),
            row(account, "EARLY", "20", settled_on=day(-5001)),
            row(other, "CONTESTED", "70", disputed=Decimal(70)),
            row(other, "WAS", "30", disputed=Decimal(40), settled_on=day(-4000)),
            row(other, "CREDIT", "-15"),
            row(other, "REFUNDED", "-5", settled_on=day(-3000)),
            row(other, "NOTHING", "0", settled_on=day(-3000)),
        ],
    )

    assert counts == BookedCounts(
        invoices=6,
        credit_notes=2,
        invoiced=Decimal("250.10"),
        payments=4,
        settled=Decimal("95"),
        disputes=2,
        disputed=Decimal("100"),
    )
    opened = (
        ReceivableItem.objects.exclude(open_amount=0).order_by("pk").values_list("document", "open_amount")
    )
    assert list(opened) == [("OPEN", Decimal("100.10")), ("CONTESTED", Decimal(70)), ("CREDIT", Decimal(-15))]
    assert sorted(Payment.objects.values_list("external_id", "amount")) == [
        ("EARLY:settlement", Decimal(20)),
        ("PAID:settlement", Decimal(50)),
        ("WAS:settlement", Decimal(30)),
    ]
    days = Allocation.objects.order_by("pk").values_list("debit__document", "effective_date", "letter")
    assert list(days) == [
        ("PAID", day(-4960), "AAA"),
        ("EARLY", day(-5000), "AAB"),
        ("WAS", day(-4000), "AAA"),
        ("REFUNDED:settlement", day(-3000), "AAB"),
    ]
    assert list(
        DisputedAmount.objects.order_by("pk").values_list("amount", "effective_from", "effective_to")
    ) == [
        (Decimal(70), day(-5000), None),
        (Decimal(30), day(-5000), day(-4000)),
    ]
    assert AuditEvent.objects.count() == 8 + 3
    assert woken() == []


def test_a_later_ledger_settles_what_was_open(company: Company, account: CustomerAccount, accountant: User):
    book(company, accountant, [row(account, "1", disputed=Decimal(100)), row(account, "2")])

    counts = book(
        company, accountant, [row(account, "3", settled_on=day(-10))], [ImportedSettlement("1", day(-4000))]
    )

    assert (counts.invoices, counts.payments, counts.settled) == (1, 2, Decimal(200))
    assert list(ReceivableItem.objects.exclude(open_amount=0).values_list("document", flat=True)) == ["2"]
    assert DisputedAmount.objects.get().effective_to == day(-4000)
    assert Payment.objects.get(external_id="1:settlement").received_on == day(-4000)


def test_orders_that_wait_on_the_same_entity_are_examined_again(
    company: Company, account: CustomerAccount, accountant: User
):
    sibling = CustomerAccountFactory(company=company, entity=account.entity)
    make_confirmed_order(sibling, by=accountant, state=OrderState.SUBMITTED)

    book(company, accountant, [row(account, "1"), row(CustomerAccountFactory(company=company), "2")])

    assert woken() == [account.pk]


def test_statements_do_not_grow_with_the_ledger(company: Company, account: CustomerAccount, accountant: User):
    def statements(prefix: str, rows: int) -> int:
        before = len(connection.queries_log)
        book(company, accountant, [row(account, f"{prefix}{i}", settled_on=day(-1)) for i in range(rows)])
        return len(connection.queries_log) - before

    connection.force_debug_cursor = True
    try:
        statements("warm", 1)
        assert statements("one", 1) == statements("many", 50)
    finally:
        connection.force_debug_cursor = False
