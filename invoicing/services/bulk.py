"""Booking what a ledger import read: a few statements for any number of documents, triggers on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from accounts.enums import PaymentMethod
from accounts.models import Company, User
from credit.locks import lock_credit_of
from invoicing.enums import DocumentKind, ItemKind, Origin
from invoicing.models import Allocation, DisputedAmount, Invoice, Payment, ReceivableItem
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.copying import copy_in
from o2c.shared.money import ZERO
from orders.queries import accounts_of_held_orders

from .allocations import set_letters
from .payments import payment_item
from .shared import (
    lock_items,
    open_days,
    refusing_taken_key,
    reopened_on,
    store_open_amounts,
    tell_credit_changed,
    tell_disputed,
    tell_undisputed,
)

_BATCH: Final = 2000
SETTLEMENT_SUFFIX: Final = ":settlement"


@dataclass(frozen=True)
class ImportedRow:
    """One line of a ledger: a document with what became of it by the day the book is taken over.

    :ivar amount: incl. VAT; negative makes it a credit note
    :ivar settled_on: day it was paid in full, None while it is open
    :ivar disputed: contested amount from the day of issue until it is settled; 0 when nothing is
    """

    account_id: int
    number: str
    issue_date: date
    due_date: date
    currency: str
    amount: Decimal
    settled_on: date | None = None
    disputed: Decimal = ZERO
    customer_reference: str = ""
    order_id: int | None = None


@dataclass(frozen=True)
class ImportedSettlement:
    """What a later ledger says of a document booked earlier: all that was open was paid on a day."""

    number: str
    settled_on: date


@dataclass(frozen=True)
class BookedCounts:
    """What was booked; amounts are sums over all currencies, as a control of the file read."""

    invoices: int = 0
    credit_notes: int = 0
    invoiced: Decimal = ZERO
    payments: int = 0
    settled: Decimal = ZERO
    disputes: int = 0
    disputed: Decimal = ZERO


def book_imported(
    *,
    company: Company,
    rows: Sequence[ImportedRow],
    settlements: Sequence[ImportedSettlement] = (),
    by: User | None,
    at: datetime,
) -> BookedCounts:
    """Book a ledger in the caller's transaction: documents, their settlements and disputed amounts.

    The caller has checked the rows, the right to import and that the numbers are new; days however long ago are
    accepted, since a book is taken over with its history, but in no month that was closed. Call it once per
    import: it locks the credit of all accounts first.

    :raises KeyTaken: a number exists already
    :raises ClosedPeriod: a date in a month that was closed
    :raises ValueError: a settlement names a document that is not there
    """
    days = open_days(company, today=None)
    acted_on = {row.issue_date for row in rows} | {each.settled_on for each in settlements}
    for day in acted_on | {row.settled_on for row in rows if row.settled_on}:
        days.check(day)
    known = _known_items(company, settlements)
    account_ids = {row.account_id for row in rows} | {item.account_id for item in known}
    lock_credit_of(sorted(account_ids))
    open_items = list(lock_items([item.pk for item in known]).values())
    with refusing_taken_key("invoice_number_once_per_company"):
        invoices = [_invoice(company, row, by, at) for row in rows]
        copy_in(invoices)
    items = [_item(invoice, row) for invoice, row in zip(invoices, rows, strict=True)]
    settled_on = {s.number: s.settled_on for s in settlements}
    settled = [(item, row.settled_on) for item, row in zip(items, rows, strict=True) if row.settled_on]
    settled += [(item, settled_on[item.document]) for item in open_items]
    paid = [(item, item.open_amount, day) for item, day in settled if item.open_amount]
    for item, _amount, _day in paid:
        item.open_amount = ZERO
    copy_in(items)
    store_open_amounts(open_items)
    payments = _settle(company, paid, by, at)
    disputes = _dispute(items, rows, open_items, settled_on, by, at)
    _record(invoices, payments, by, at)
    tell_credit_changed(accounts_of_held_orders(account_ids))
    return BookedCounts(
        invoices=sum(1 for i in invoices if i.kind == DocumentKind.INVOICE),
        credit_notes=sum(1 for i in invoices if i.kind == DocumentKind.CREDIT_NOTE),
        invoiced=sum((i.total_incl_vat for i in invoices), ZERO),
        payments=len(paid),
        settled=sum((amount for _item, amount, _day in paid), ZERO),
        disputes=len(disputes),
        disputed=sum((d.amount for d in disputes), ZERO),
    )


def _known_items(company: Company, settlements: Sequence[ImportedSettlement]) -> list[ReceivableItem]:
    numbers = {s.number for s in settlements}
    found = list(
        ReceivableItem.objects.filter(company=company, document__in=numbers, invoice__isnull=False).only(
            "pk", "account_id", "document"
        )
    )
    missing = numbers - {item.document for item in found}
    if missing:
        raise ValueError(f"No document {sorted(missing)[0]} to settle.")
    return found


def _invoice(company: Company, row: ImportedRow, by: User | None, at: datetime) -> Invoice:
    return Invoice(
        company_id=company.pk,
        account_id=row.account_id,
        kind=DocumentKind.CREDIT_NOTE if row.amount < 0 else DocumentKind.INVOICE,
        number=row.number,
        origin=Origin.IMPORTED,
        issue_date=row.issue_date,
        due_date=row.due_date,
        currency=row.currency,
        total_incl_vat=row.amount,
        order_id=row.order_id,
        customer_reference=row.customer_reference,
        created_by_id=by.pk if by else None,
        recorded_at=at,
    )


def _item(invoice: Invoice, row: ImportedRow) -> ReceivableItem:
    return ReceivableItem(
        company_id=invoice.company_id,
        account_id=row.account_id,
        kind=ItemKind(invoice.kind),
        document=row.number,
        invoice=invoice,
        issue_date=row.issue_date,
        due_date=row.due_date,
        currency=row.currency,
        amount=row.amount,
        open_amount=row.amount,
        effective_date=row.issue_date,
        recorded_at=invoice.recorded_at,
    )


def _settle(
    company: Company,
    paid: Sequence[tuple[ReceivableItem, Decimal, date]],
    by: User | None,
    at: datetime,
) -> list[Payment]:
    """Store what settled items: payments of invoices, and money paid back for credit notes."""
    payments = [
        Payment(
            company_id=company.pk,
            account_id=item.account_id,
            external_id=_settlement_id(item),
            received_on=day,
            amount=amount,
            currency=item.currency,
            method=PaymentMethod.TRANSFER,
            reference=item.document,
            created_by_id=by.pk if by else None,
            recorded_at=at,
        )
        for item, amount, day in paid
        if amount > 0
    ]
    with refusing_taken_key("payment_once_per_company"):
        copy_in(payments)
    by_id = {payment.external_id: payment_item(payment) for payment in payments}
    others = [by_id.get(_settlement_id(item)) or _refund(item, amount, day, at) for item, amount, day in paid]
    for other in others:
        other.open_amount = ZERO
    copy_in(others)
    since = reopened_on(item.pk for item, _amount, _day in paid)
    matches = [
        _match(item, other, amount, since.get(item.pk), by, at)
        for (item, amount, _day), other in zip(paid, others, strict=True)
    ]
    set_letters(matches)
    copy_in(matches)
    return payments


def _settlement_id(item: ReceivableItem) -> str:
    part = f"/{item.instalment}" if item.instalment > 1 else ""
    return f"{item.document}{part}{SETTLEMENT_SUFFIX}"


def _refund(item: ReceivableItem, amount: Decimal, day: date, at: datetime) -> ReceivableItem:
    return ReceivableItem(
        company_id=item.company_id,
        account_id=item.account_id,
        kind=ItemKind.PAYMENT_RETURN,
        document=_settlement_id(item)[:60],
        issue_date=day,
        due_date=day,
        currency=item.currency,
        amount=-amount,
        effective_date=day,
        recorded_at=at,
    )


def _match(
    item: ReceivableItem,
    other: ReceivableItem,
    amount: Decimal,
    since: date | None,
    by: User | None,
    at: datetime,
) -> Allocation:
    debit, credit = (other, item) if amount < 0 else (item, other)
    effective = max(item.effective_date, other.effective_date, since or other.effective_date)
    return Allocation(
        debit=debit,
        credit=credit,
        amount=abs(amount),
        effective_date=effective,
        dated_ahead=effective > paris_date(at),
        recorded_at=at,
        recorded_by=by,
    )


def _dispute(
    items: Sequence[ReceivableItem],
    rows: Sequence[ImportedRow],
    open_items: Sequence[ReceivableItem],
    settled_on: dict[str, date],
    by: User | None,
    at: datetime,
) -> list[DisputedAmount]:
    """Store what is contested from the day of issue; a dispute ends with the settlement of its document."""
    made = [
        DisputedAmount(
            item=item,
            account_id=item.account_id,
            amount=min(row.disputed, row.amount),
            effective_from=row.issue_date,
            effective_to=max(row.settled_on, row.issue_date) if row.settled_on else None,
            recorded_at=at,
            recorded_by=by,
        )
        for item, row in zip(items, rows, strict=True)
        if row.disputed > 0 and row.amount > 0
    ]
    copy_in(made)
    ended = list(DisputedAmount.objects.filter(item__in=open_items, effective_to=None).select_related("item"))
    for row in ended:
        row.effective_to = max(settled_on[row.item.document], row.effective_from)
    DisputedAmount.objects.bulk_update(ended, ["effective_to"], batch_size=_BATCH)
    tell_disputed(row.pk for row in made if row.effective_to is None)
    tell_undisputed(row.pk for row in ended)
    return made


def _record(invoices: Sequence[Invoice], payments: Sequence[Payment], by: User | None, at: datetime) -> None:
    events = [
        audit.event(
            "invoice.imported",
            invoice,
            by=by,
            at=at,
            after={
                "total_incl_vat": invoice.total_incl_vat,
                "currency": invoice.currency,
                "issue_date": invoice.issue_date,
                "due_date": invoice.due_date,
            },
        )
        for invoice in invoices
    ] + [
        audit.event(
            "payment.recorded",
            payment,
            by=by,
            at=at,
            after={"amount": payment.amount, "currency": payment.currency, "date": payment.received_on},
        )
        for payment in payments
    ]
    copy_in(events)
