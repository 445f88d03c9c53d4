"""The book of any day: matches to come, un-matchings since, disputes of the day, cost per page."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from credit.exposure import Cuts, read
from invoicing import queries, services
from invoicing.enums import InvoiceStatus, PaymentStatus
from invoicing.models import Allocation, Invoice, Payment, ReceivableItem
from invoicing.policy import Instalment
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.invoicing import (
    AT,
    TODAY,
    day,
    make_confirmed_order,
    make_credit,
    make_invoice,
    make_item,
    make_payment,
)

pytestmark = pytest.mark.django_db


def accounts_of(company: Company):
    return CustomerAccount.objects.filter(company=company)


def book(company: Company, on: date, **asked) -> dict[str, str]:
    items = queries.items_on(accounts_of(company), on=on, **{"open_only": True, **asked})
    return {item.document: f"{item.open_on:.2f}" for item in items.order_by("pk")}


def match(credit: ReceivableItem, debit: ReceivableItem, amount: str, by: User, days: int = 0) -> Allocation:
    return services.allocate(
        from_item_id=credit.pk,
        to_item_id=debit.pk,
        amount=Decimal(amount),
        by=by,
        at=AT + timedelta(days=days),
    )


def undo(allocation: Allocation, by: User, days: int = 0) -> None:
    services.unallocate(allocation_id=allocation.pk, by=by, at=AT + timedelta(days=days))


def by_hand(company: Company, on: date) -> dict[str, str]:
    """The same book computed the long way: amount less matches effective by then."""
    found = {}
    for item in ReceivableItem.objects.filter(company=company, effective_date__lte=on).order_by("pk"):
        given = item.allocations_received.filter(effective_date__lte=on).aggregate(s=Sum("amount"))["s"] or 0
        taken = item.allocations_given.filter(effective_date__lte=on).aggregate(s=Sum("amount"))["s"] or 0
        if item.amount - given + taken:
            found[item.document] = f"{item.amount - given + taken:.2f}"
    return found


def make_history(account: CustomerAccount, by: User) -> None:
    """Matches, partial ones, one undone, one dated ahead, one undone before it took effect."""
    old = make_item(account, "100", by=by, number="OLD", issued=day(-60))
    part = make_item(account, "80", by=by, number="PART", issued=day(-40))
    new = make_item(account, "60", by=by, number="NEW", issued=day(-10))
    first = make_credit(account, "100", by=by, external_id="P1", received=day(-30))
    second = make_credit(account, "50", by=by, external_id="P2", received=day(-20))
    ahead = make_credit(account, "60", by=by, external_id="P3", received=day(10))
    undone = match(first, old, "100", by, days=-15)
    match(second, part, "30", by, days=-5)
    match(ahead, new, "40", by)
    never = match(ahead, part, "20", by)
    undo(undone, by, days=-3)
    undo(never, by)


def test_every_day_reads_as_the_documents_say(company: Company, account: CustomerAccount, accountant: User):
    make_history(account, accountant)

    for offset in range(-62, 15):
        assert book(company, day(offset)) == by_hand(company, day(offset)), offset


def test_the_book_of_some_days(company: Company, account: CustomerAccount, accountant: User):
    make_history(account, accountant)

    assert book(company, day(-61)) == {}
    assert book(company, day(-31)) == {"OLD": "100.00", "PART": "80.00"}
    assert book(company, day(-30)) == {"PART": "80.00"}
    assert book(company, TODAY) == {
        "OLD": "100.00",
        "PART": "50.00",
        "NEW": "60.00",
        "P1": "-100.00",
        "P2": "-20.00",
    }
    assert book(company, day(10)) == {
        "OLD": "100.00",
        "PART": "50.00",
        "NEW": "20.00",
        "P1": "-100.00",
        "P2": "-20.00",
        "P3": "-20.00",
    }


def test_a_past_day_keeps_its_book_through_later_matches_and_their_undoing(
    company: Company, account: CustomerAccount, accountant: User
):
    debit = make_item(account, by=accountant, number="D", issued=day(-60))
    credit = make_credit(account, by=accountant, external_id="C", received=day(-5))
    past = [book(company, day(offset)) for offset in (-60, -6)]

    made = match(credit, debit, "100", accountant)
    assert [book(company, day(offset)) for offset in (-60, -6)] == past
    settled = book(company, day(-4))
    undo(made, accountant)

    assert [book(company, day(offset)) for offset in (-60, -6)] == past
    assert book(company, day(-4)) == settled == {}
    assert book(company, TODAY) == {"D": "100.00", "C": "-100.00"}


def test_what_is_filtered(company: Company, account: CustomerAccount, accountant: User):
    make_item(account, by=accountant, number="LATE", due=day(-1))
    make_item(account, by=accountant, number="TODAY", due=TODAY)
    make_invoice(account, "-20", by=accountant, number="NOTE", due=day(-9))
    settled = make_item(account, "30", by=accountant, number="DONE", due=day(-50))
    match(make_credit(account, "30", by=accountant, external_id="PAY"), settled, "30", accountant)

    assert book(company, TODAY, overdue_only=True) == {"LATE": "100.00"}
    assert book(company, TODAY, kind="CREDIT_NOTE") == {"NOTE": "-20.00"}
    assert len(book(company, TODAY, open_only=False)) == 5
    assert book(company, day(-1), overdue_only=True) == {"DONE": "30.00"}


def test_days_late_and_disputes_are_those_of_the_day(
    company: Company, account: CustomerAccount, accountant: User
):
    item = make_item(account, by=accountant, due=day(-30))
    row = services.dispute_amount(item_id=item.pk, amount=Decimal(70), on=day(-20), by=accountant, at=AT)
    services.end_dispute(disputed_id=row.pk, on=day(-2), by=accountant, at=AT)
    match(make_credit(account, "50", by=accountant, received=day(-10)), item, "50", accountant)

    def read_on(offset: int) -> tuple[str, int]:
        found = queries.items_on(accounts_of(company), on=day(offset)).get(pk=item.pk)
        return f"{found.disputed_on:.2f}", found.days_late

    assert [read_on(offset) for offset in (-31, -21, -20, -10, -3, -2)] == [
        ("0.00", 0),
        ("0.00", 9),
        ("70.00", 10),
        ("50.00", 20),
        ("50.00", 27),
        ("0.00", 28),
    ]


def test_money_announced_frees_nothing_before_its_day(
    company: Company, account: CustomerAccount, accountant: User
):
    item = make_item(account, by=accountant, due=day(-30))
    services.dispute_amount(item_id=item.pk, amount=Decimal(40), on=TODAY, by=accountant, at=AT)
    match(make_credit(account, by=accountant, received=day(3)), item, "100", accountant)

    def figures(on: date):
        return read([account.pk], currency="EUR", cuts=Cuts.on(on)).of(account.pk)

    assert (figures(TODAY).exposure().net, figures(TODAY).disputed) == (Decimal(100), Decimal(40))
    assert (figures(day(3)).exposure().net, figures(day(3)).disputed) == (Decimal(0), Decimal(0))


def test_a_list_costs_as_much_with_three_rows_as_with_one(
    company: Company, account: CustomerAccount, accountant: User
):
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            rows = queries.items_on(accounts_of(company), on=TODAY, open_only=True).select_related("account")
            assert [(r.account.code, r.open_on, r.disputed_on, r.days_late) for r in rows]
        return len(seen)

    make_item(account, by=accountant)
    one = statements()
    for _ in range(2):
        make_item(CustomerAccountFactory(company=company), by=accountant)

    assert statements() == one == 2


def test_invoices_and_payments_show_what_is_left_on_a_day(account: CustomerAccount, accountant: User):
    invoice = make_invoice(
        account,
        "100",
        by=accountant,
        instalments=[Instalment(day(-20), Decimal(60)), Instalment(day(20), Decimal(40))],
    )
    first, second = invoice.items.order_by("instalment")
    payment = make_payment(account, "90", by=accountant, received=day(-9))
    credit = payment.items.get()
    match(credit, first, "60", accountant)
    services.allocate(
        from_item_id=credit.pk, to_item_id=second.pk, amount=Decimal(30), date=day(5), by=accountant, at=AT
    )

    invoice_reads = [
        (queries.invoice_open_amount(invoice, on=day(d)), queries.invoice_status(invoice, on=day(d)))
        for d in (-10, 0, 5)
    ]
    payment_reads = [
        (queries.unallocated(payment, on=day(d)), queries.payment_status(payment, on=day(d)))
        for d in (-10, 0, 5)
    ]

    assert invoice_reads == [
        (Decimal(100), InvoiceStatus.ISSUED),
        (Decimal(40), InvoiceStatus.PARTIALLY_PAID),
        (Decimal(10), InvoiceStatus.PARTIALLY_PAID),
    ]
    assert payment_reads == [
        (Decimal(90), PaymentStatus.UNALLOCATED),
        (Decimal(30), PaymentStatus.PARTIALLY_ALLOCATED),
        (Decimal(0), PaymentStatus.ALLOCATED),
    ]


def test_annotated_documents_cost_one_statement_and_a_look_for_later_matches(
    account: CustomerAccount, accountant: User, django_assert_num_queries
):
    for _ in range(3):
        make_invoice(account, by=accountant)
        make_payment(account, by=accountant)

    with django_assert_num_queries(3):
        opened = [i.open_on for i in queries.invoices_with_open(Invoice.objects.all(), on=TODAY)]
        left = [p.unallocated_on for p in queries.payments_with_unallocated(Payment.objects.all(), on=TODAY)]
    assert opened == left == [Decimal(100)] * 3


def test_an_unidentified_payment_is_unallocated_as_a_whole(company: Company, accountant: User):
    payment = make_payment(None, "12", by=accountant, company=company)
    assert queries.unallocated(payment, on=TODAY) == Decimal(12)
    assert queries.payment_status(payment, on=TODAY) == PaymentStatus.UNALLOCATED


def test_a_settled_invoice_is_remembered(account: CustomerAccount, accountant: User):
    item = make_item(account, by=accountant)
    credit = make_credit(account, by=accountant)
    assert not queries.has_paid_invoice(account_id=account.pk)
    match(credit, item, "99.99", accountant)
    assert not queries.has_paid_invoice(account_id=account.pk)
    match(credit, item, "0.01", accountant)
    assert queries.has_paid_invoice(account_id=account.pk)


def test_a_deposit_counts_what_came_in_by_then_and_is_still_free(account: CustomerAccount, accountant: User):
    order = make_confirmed_order(account, by=accountant)
    credit = make_credit(account, "70", by=accountant, order=order)
    make_credit(account, "30", by=accountant, order=order, received=day(3))
    match(credit, make_item(account, by=accountant), "20", accountant)

    assert queries.deposit_received(order_id=order.pk, on=TODAY) == Decimal(50)
    assert queries.deposit_received(order_id=order.pk, on=day(3)) == Decimal(80)


def test_documents_make_the_total_of_what_is_open(
    company: Company, account: CustomerAccount, accountant: User
):
    make_history(account, accountant)
    make_item(account, "55", by=accountant, currency="USD")
    make_payment(None, "500", by=accountant, company=company)

    for offset in (-61, -30, -4, 0, 10):
        totals = queries.ledger_total(accounts_of(company), on=day(offset))
        assert sum(map(Decimal, book(company, day(offset)).values())) == sum(totals.values())
    assert queries.ledger_total(accounts_of(company), on=TODAY)["USD"] == Decimal(55)
    assert queries.ledger_total(CustomerAccount.objects.none(), on=TODAY) == {}
