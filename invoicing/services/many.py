"""Documents and payments that come by the thousand: the rules of one, a few statements for all of them.

``record_invoice`` and ``record_payment`` are the acts of one; what they check, lock, store, journal and tell is the
same here, and one key entered twice counts once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from accounts.services import Effect
from credit.locks import lock_credit_of
from invoicing import policy
from invoicing.clearing import days_of
from invoicing.clearing_policy import clears_on
from invoicing.enums import DocumentKind, Origin
from invoicing.models import Invoice, InvoiceLine, Payment, ReceivableItem
from invoicing.policy import Instalment
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.copying import copy_in
from o2c.shared.locking import ATTEMPTS, retrying
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, Refusal
from o2c.shared.vat import vat_totals
from orders.queries import accounts_of_held_orders

from .asking import ask_to_match
from .deposit_requests import tell_arrived
from .documents import document_items, document_lines, document_total, due_date_of
from .payments import payment_item
from .rows import DocumentRow, PaymentRow, same_document, same_payment
from .shared import (
    KeyTaken,
    open_days,
    refusing_taken_key,
    require,
    require_cents,
    tell_credit_changed,
)

# Rows stored by one round of statements: what lies in memory as models at a time.
_AT_ONCE: Final = 2000
_KEYS_AT_ONCE: Final = 5_000
_ACCOUNTS_AT_ONCE: Final = 1000

Verdict = Effect | Refusal


@dataclass
class _Batch:
    """Models of one round, stored together."""

    invoices: list[Invoice] = field(default_factory=list)
    lines: list[InvoiceLine] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    items: list[ReceivableItem] = field(default_factory=list)
    events: list[AuditEvent] = field(default_factory=list)


Progress = Callable[[int], None]
Row = TypeVar("Row", DocumentRow, PaymentRow)


def document_verdicts(
    company: Company, rows: Sequence[DocumentRow], *, at: datetime
) -> list[tuple[Verdict, tuple[Instalment, ...]]]:
    """Say what entering each document would do, and with which parts; nothing is written.

    :return: CREATED, UNCHANGED, or the refusal that ``record_invoice`` or the second use of a number would raise
    """
    first_of: dict[str, str] = {}
    today = paris_date(at)
    days = open_days(company, today=today)
    found: list[tuple[Verdict, tuple[Instalment, ...]]] = []
    for row, stored in _with_stored(Invoice, company, "number", rows):
        earlier = first_of.get(row.number)
        if stored is not None or earlier is not None:
            same = same_document(stored, row) if stored else earlier == row.creation_hash
            found.append((Effect.UNCHANGED if same else KeyTaken(), ()))
            continue
        try:
            parts = _parts(company, row, today=today, days=days)
        except Refusal as refusal:
            found.append((refusal, ()))
            continue
        first_of[row.number] = row.creation_hash
        found.append((Effect.CREATED, parts))
    return found


def _parts(
    company: Company, row: DocumentRow, *, today: date, days: policy.OpenDays
) -> tuple[Instalment, ...]:
    """Check one new document and return its parts."""
    if row.account.company_id != company.pk:
        raise policy.OtherDebtor
    policy.check_document_date(row.issue_date, today=today, open_days=days)
    totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in row.lines)
    total = document_total(row.total_incl_vat, totals, has_lines=bool(row.lines), imported=True)
    due = row.due_date or due_date_of(row.issue_date, row.term or row.account.term)
    return policy.instalments_of(total, due, row.instalments or None)


def enter_documents(
    *,
    company: Company,
    rows: Sequence[DocumentRow],
    by: User,
    at: datetime,
    progress: Progress | None = None,
) -> list[Verdict]:
    """Take over documents issued elsewhere, each for itself, with a few statements for all.

    The credit of every account is locked first, in the one order. Callers that want all or nothing look at the
    answers and undo their own transaction.

    :return: per row what became of it
    """
    return _started_over(lambda: _enter_documents(company, rows, by, at, progress))


@retrying
def _enter_documents(
    company: Company, rows: Sequence[DocumentRow], by: User, at: datetime, progress: Progress | None
) -> list[Verdict]:
    with transaction.atomic(), refusing_taken_key("invoice_number_once_per_company"):
        require(by, "invoicing.import", company)
        lock_credit_of(sorted({row.account.pk for row in rows}))
        judged = document_verdicts(company, rows, at=at)
        new = [
            (row, parts)
            for row, (verdict, parts) in zip(rows, judged, strict=True)
            if verdict is Effect.CREATED
        ]
        for done, piece in _pieces(new):
            batch = _Batch()
            for row, parts in piece:
                _add_document(batch, company, row, parts, by=by, at=at)
            _store(batch)
            _tell(progress, done)
        freeing = [row.account.pk for row, parts in new if sum(part.amount for part in parts) < 0]
        _tell_credit(taken=[row.account.pk for row, _parts in new], freed=freeing)
    return [verdict for verdict, _parts in judged]


def _add_document(
    batch: _Batch,
    company: Company,
    row: DocumentRow,
    parts: Sequence[Instalment],
    *,
    by: User,
    at: datetime,
) -> None:
    totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in row.lines)
    total = sum((part.amount for part in parts), Decimal("0.00"))
    invoice = Invoice(
        company_id=company.pk,
        account_id=row.account.pk,
        kind=DocumentKind.CREDIT_NOTE if total < 0 else DocumentKind.INVOICE,
        number=row.number,
        origin=Origin.IMPORTED,
        issue_date=row.issue_date,
        due_date=max(part.due_date for part in parts),
        term=row.term or row.account.term,
        currency=row.currency or row.account.currency,
        total_excl_vat=totals.excl if row.lines else None,
        total_vat=totals.vat if row.lines else None,
        total_incl_vat=total,
        customer_reference=row.customer_reference,
        created_by=by,
        recorded_at=at,
        creation_hash=row.creation_hash,
    )
    batch.invoices.append(invoice)
    for line in document_lines(row.lines):
        line.invoice = invoice
        batch.lines.append(line)
    batch.items += document_items(invoice, parts)


def payment_verdicts(company: Company, rows: Sequence[PaymentRow], *, at: datetime) -> list[Verdict]:
    """Say what entering each payment would do; nothing is written."""
    first_of: dict[str, str] = {}
    days = open_days(company, today=paris_date(at))
    found: list[Verdict] = []
    for row, stored in _with_stored(Payment, company, "external_id", rows):
        earlier = first_of.get(row.external_id)
        if stored is not None or earlier is not None:
            same = same_payment(stored, row) if stored else earlier == row.creation_hash
            found.append(Effect.UNCHANGED if same else KeyTaken())
            continue
        try:
            _check_payment(company, row, days)
        except Refusal as refusal:
            found.append(refusal)
            continue
        first_of[row.external_id] = row.creation_hash
        found.append(Effect.CREATED)
    return found


def _check_payment(company: Company, row: PaymentRow, days: policy.OpenDays) -> None:
    require_cents(row.amount, "amount")
    if row.amount <= 0:
        raise Invalid(errors={"amount": [_("An amount received is above 0.")]})
    days.check(row.received_on)
    if row.account is not None and row.account.company_id != company.pk:
        raise policy.OtherDebtor


def enter_payments(
    *,
    company: Company,
    rows: Sequence[PaymentRow],
    by: User,
    at: datetime,
    progress: Progress | None = None,
    right: str = "payments.record",
) -> list[Verdict]:
    """Record payments that nothing is matched with yet, each for itself, with a few statements for all.

    :param right: what it takes; that of the act they are part of
    :return: per row what became of it
    """
    return _started_over(lambda: _enter_payments(company, rows, by, at, progress, right))


@retrying
def _enter_payments(
    company: Company,
    rows: Sequence[PaymentRow],
    by: User,
    at: datetime,
    progress: Progress | None,
    right: str,
) -> list[Verdict]:
    with transaction.atomic(), refusing_taken_key("payment_once_per_company"):
        require(by, right, company)
        verdicts = payment_verdicts(company, rows, at=at)
        new = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict is Effect.CREATED]
        clearing = days_of([company.pk])[company.pk]
        for done, piece in _pieces(new):
            batch = _Batch(payments=[_payment(company, row, clearing, by=by, at=at) for row in piece])
            _store(batch)
            for payment in batch.payments:
                tell_arrived(payment)
            ask_to_match(company, [payment.pk for payment in batch.payments])
            _tell(progress, done)
        touched = [row.account.pk for row in new if row.account is not None]
        _tell_credit(taken=touched, freed=touched)
    return verdicts


def _payment(
    company: Company, row: PaymentRow, clearing: Mapping[str, int], *, by: User, at: datetime
) -> Payment:
    return Payment(
        company_id=company.pk,
        account_id=row.account.pk if row.account else None,
        external_id=row.external_id,
        received_on=row.received_on,
        clears_on=clears_on(row.received_on, row.method, clearing),
        amount=row.amount,
        currency=row.currency,
        method=row.method,
        reference=row.reference,
        payer_name=row.payer_name,
        payer_iban=row.payer_iban,
        created_by=by,
        recorded_at=at,
        creation_hash=row.creation_hash,
    )


def _with_stored(
    model: type[Any], company: Company, key: str, rows: Sequence[Row]
) -> Iterator[tuple[Row, Any]]:
    """Each row with what is stored under its key, or None; what is stored is held for some rows at a time."""
    for start in range(0, len(rows), _KEYS_AT_ONCE):
        piece = rows[start : start + _KEYS_AT_ONCE]
        stored = _known(model, company, key, {getattr(row, key) for row in piece})
        for row in piece:
            yield row, stored.get(getattr(row, key))


def _known(model: type[Any], company: Company, key: str, keys: Collection[str]) -> dict[str, Any]:
    """The stored rows of a company with these keys."""
    rows = model.objects.filter(company=company, **{f"{key}__in": keys})
    return {getattr(row, key): row for row in rows.iterator(chunk_size=_AT_ONCE)}


def _store(batch: _Batch) -> None:
    """Store a round: documents, lines, items, journal. Items and lines name documents stored just before."""
    copy_in(batch.invoices)
    copy_in(batch.payments)
    for line in batch.lines:
        line.invoice_id = line.invoice.pk
    for item in batch.items:
        assert item.invoice is not None
        item.invoice_id = item.invoice.pk
    batch.items += [payment_item(payment) for payment in batch.payments if payment.account_id is not None]
    copy_in(batch.lines)
    copy_in(batch.items)
    copy_in(_events(batch))


def _events(batch: _Batch) -> list[AuditEvent]:
    return [
        _event(
            "invoice.imported",
            invoice,
            {
                "total_incl_vat": invoice.total_incl_vat,
                "currency": invoice.currency,
                "issue_date": invoice.issue_date,
                "due_date": invoice.due_date,
                "order": None,
            },
        )
        for invoice in batch.invoices
    ] + [
        _event(
            "payment.recorded",
            payment,
            {
                "amount": payment.amount,
                "currency": payment.currency,
                "date": payment.received_on,
                "method": payment.method,
            },
        )
        for payment in batch.payments
    ]


def _event(action: str, subject: Invoice | Payment, after: Mapping[str, Any]) -> AuditEvent:
    return audit.event(action, subject, by=subject.created_by, at=subject.recorded_at, after=after)


def _pieces(rows: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Rows in rounds, each with the number done once it is stored."""
    for start in range(0, len(rows), _AT_ONCE):
        piece = rows[start : start + _AT_ONCE]
        yield start + len(piece), piece


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress(done)


def _tell_credit(*, taken: Iterable[int], freed: Iterable[int]) -> None:
    """Have waiting orders examined where credit was freed, and figures for lists made fresh everywhere else."""
    waiting = accounts_of_held_orders(set(freed))
    tell_credit_changed(waiting)
    others = sorted(set(taken) - waiting)
    for start in range(0, len(others), _ACCOUNTS_AT_ONCE):
        piece = others[start : start + _ACCOUNTS_AT_ONCE]
        work.emit("credit.taken_by_many", uuid.uuid4().hex, {"account_ids": piece})


def _started_over(act: Callable[[], list[Verdict]]) -> list[Verdict]:
    """Do it again when somebody stored one of the keys between our look and our write: it is found then."""
    for left in range(ATTEMPTS - 1, -1, -1):
        try:
            return act()
        except KeyTaken:
            if not left:
                raise
    raise AssertionError("unreachable")
