"""Acts on the statuses of an e-invoice (domain.md 3.5): what a status changes, and what the platforms are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.locks import lock_credit
from invoicing.enums import DocumentKind, ItemKind, Origin
from invoicing.models import Allocation, DisputedAmount, EInvoice, EInvoiceEvent, Invoice, ReceivableItem
from invoicing.services.disputed import book_disputed, book_end, undisputed
from invoicing.services.shared import lock_items, require, tell_credit_changed, tell_undisputed
from o2c.shared import audit
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, NotFound, Refusal, RuleRefused

from . import policy
from .gateway import Heard, MessageUnreadable, gateway, message_of
from .policy import EInvoiceStatus

RIGHT: Final = "invoicing.einvoice"
SEND: Final = "einvoicing.send"
STATUS: Final = "einvoice.status"
_S = EInvoiceStatus


class NotOnPlatforms(RuleRefused):
    code = "not_on_platforms"
    message = _("Only what was issued here, of more than nothing, has a status on the platforms.")


class SaidOtherwise(Conflict):
    code = "key_conflict"
    message = _("This message of the platform is known already, with other content.")


@retrying
def record_status(
    *,
    invoice_id: int,
    status: EInvoiceStatus,
    reason_code: str = "",
    amount: Decimal | None = None,
    comment: str = "",
    external_id: str | None = None,
    happened_at: datetime | None = None,
    by: User | None,
    at: datetime,
) -> EInvoiceEvent:
    """Note a status of an invoice, and do what it means for the book.

    Disputed, refused and rejected contest what is open of it, at most the amount named; approved ends that again;
    partly approved leaves the rest contested. Of a credit note nothing is owed, so that nothing is contested. Whoever
    must act is told.

    :param by: None where a platform said it itself
    :param external_id: the platform's name of its message: the same message again changes nothing
    :raises StatusImpossible: it cannot follow the present one
    :raises SaidOtherwise: the message is known with other content
    """
    with transaction.atomic():
        invoice = invoice_on_platforms(invoice_id, by)
        lock_credit(invoice.account)
        items = lock_items(invoice.items.filter(amount__gt=0).values_list("pk", flat=True))
        known = _known(invoice, external_id)
        if known is not None:
            if (known.status, known.reason_code, known.amount) != (status, reason_code, amount):
                raise SaidOtherwise
            return known
        state = EInvoice.objects.select_for_update(no_key=True).filter(invoice=invoice).first()
        policy.check_status(
            status,
            after=EInvoiceStatus(state.status) if state else None,
            reason_code=reason_code,
            amount=amount,
            total=abs(invoice.total_incl_vat),
            is_credit=invoice.kind == DocumentKind.CREDIT_NOTE,
        )
        event = EInvoiceEvent(
            invoice=invoice,
            status=status,
            reason_code=reason_code,
            amount=amount,
            comment=comment.strip(),
            happened_at=happened_at or at,
            outgoing=status in policy.OURS,
            external_id=external_id,
            recorded_at=at,
            recorded_by=by,
        )
        event.disputed = _contest(event, list(items.values()), by=by, at=at)
        _store(event, invoice, by=by)
    return event


def invoice_on_platforms(invoice_id: int, by: User | None) -> Invoice:
    """Return an invoice or a credit note that may have a status on the platforms.

    :raises NotFound: not this user's to see
    :raises NotOnPlatforms: a document of nothing
    """
    seen = Invoice.objects.all() if by is None else Invoice.objects.visible_to(by)
    found = seen.select_related("company", "account").filter(pk=invoice_id).first()
    if found is None:
        raise NotFound(code="invoice_not_found")
    if by is not None:
        require(by, RIGHT, found.company_id)
    if found.total_incl_vat == 0:
        raise NotOnPlatforms
    return found


def _known(invoice: Invoice, external_id: str | None) -> EInvoiceEvent | None:
    if external_id is None:
        return None
    return EInvoiceEvent.objects.filter(invoice=invoice, external_id=external_id).first()


def _contest(
    event: EInvoiceEvent, items: Sequence[ReceivableItem], *, by: User | None, at: datetime
) -> list[int]:
    """Contest or stop contesting what is open of an invoice; the keys of what is contested now."""
    status, today = event.status, paris_date(at)
    if status in (_S.APPROVED, _S.PARTIALLY_APPROVED):
        _stop_contesting(event.invoice, items, by=by, at=at)
    if status == _S.PARTIALLY_APPROVED:
        left = event.invoice.total_incl_vat - event.amount if event.amount else Decimal(0)
    elif status in (_S.DISPUTED, _S.REFUSED, _S.REJECTED):
        left = event.amount or event.invoice.total_incl_vat
    else:
        return []
    reference = f"{policy.CODES[_S(status)]} {event.reason_code}".strip()
    made = []
    # The oldest part first, as a payment of the rest would leave it.
    for item in sorted(items, key=lambda each: (each.due_date, each.pk)):
        if part := min(left, undisputed(item, today)):
            made.append(book_disputed(item, part, on=today, reference=reference, by=by, at=at).pk)
            left -= part
    if made:
        tell_credit_changed([event.invoice.account_id])
    return made


def _stop_contesting(
    invoice: Invoice, items: Iterable[ReceivableItem], *, by: User | None, at: datetime
) -> None:
    """End what earlier statuses contested; what people noted themselves stays."""
    opened = EInvoiceEvent.objects.filter(invoice=invoice).values_list("disputed", flat=True)
    keys = [key for each in opened for key in each]
    by_key = {item.pk: item for item in items}
    rows = list(DisputedAmount.objects.filter(pk__in=keys, effective_to=None).order_by("pk"))
    for row in rows:
        book_end(row, by_key[row.item_id], on=max(row.effective_from, paris_date(at)), by=by, at=at)
    tell_undisputed(row.pk for row in rows)
    if keys:
        tell_credit_changed([invoice.account_id])


def _store(event: EInvoiceEvent, invoice: Invoice, *, by: User | None) -> None:
    event.save(force_insert=True)
    EInvoice.objects.update_or_create(
        invoice=invoice,
        defaults={"status": event.status, "reason_code": event.reason_code, "since": event.happened_at},
    )
    audit.record(
        STATUS,
        invoice,
        by=by,
        at=event.recorded_at,
        label=invoice.number,
        company_id=invoice.company_id,
        account_id=invoice.account_id,
        after={
            "status": event.status,
            "code": policy.CODES[_S(event.status)],
            "reason_code": event.reason_code,
            "amount": event.amount,
            "currency": invoice.currency,
        },
    )
    work_table.emit(STATUS, f"{event.pk}", {"event_id": event.pk})
    if event.outgoing:
        work_table.add(SEND, f"{event.pk}", {"event_id": event.pk})


def deposit(*, invoice_id: int, content: bytes, by: User | None, at: datetime) -> EInvoiceEvent | None:
    """Hand an issued invoice over to the platform, once; None where it was handed over before.

    :param content: the invoice as the platform takes it (CII XML)
    """
    with transaction.atomic():
        invoice = invoice_on_platforms(invoice_id, by)
        if invoice.origin != Origin.ISSUED:
            raise NotOnPlatforms
        lock_credit(invoice.account)
        if EInvoice.objects.filter(invoice=invoice).exists():
            return None
        gateway().deposit(invoice.company.siren, invoice.number, content)
        event = EInvoiceEvent(
            invoice=invoice, status=_S.DEPOSITED, happened_at=at, recorded_at=at, recorded_by=by
        )
        _store(event, invoice, by=by)
    return event


def report_receipts(*, work: Any, allocation_ids: Sequence[int]) -> dict[str, int]:
    """Work handler: a status *cashed* for each match of a payment with an invoice on the platforms, once each.

    An undone match is reported with the negative amount.
    """
    del work
    at = timezone.now()
    rows = (
        Allocation.objects.filter(pk__in=allocation_ids, credit__kind=ItemKind.PAYMENT)
        .filter(debit__invoice__einvoice__isnull=False, einvoice_event=None)
        .select_related("debit__invoice__company", "debit__invoice__account")
        .prefetch_related("debit__invoice__lines")
        .order_by("pk")
    )
    reported = 0
    for row in rows:
        invoice = row.debit.invoice
        if invoice is None:
            continue
        state = EInvoice.objects.select_for_update(no_key=True).get(invoice=invoice)
        if _S.CASHED not in policy.followers(_S(state.status)):
            continue
        event = EInvoiceEvent(
            invoice=invoice,
            status=_S.CASHED,
            amount=row.amount,
            vat=policy.vat_of_receipt(
                row.amount,
                invoice.total_incl_vat,
                [(line.vat_rate, line.net) for line in invoice.lines.all()],
            ),
            happened_at=row.recorded_at,
            outgoing=True,
            allocation=row,
            recorded_at=at,
            recorded_by=row.recorded_by,
        )
        _store(event, invoice, by=row.recorded_by)
        reported += 1
    return {"reported": reported}


def send(*, work: Any, event_id: int) -> dict[str, str]:
    """Work handler: hand one status over to the platform; a second time hands over the same message."""
    del work
    event = (
        EInvoiceEvent.objects.select_for_update(of=("self",), no_key=True)
        .select_related("invoice__company")
        .get(pk=event_id)
    )
    if event.sent_at is None:
        gateway().send_status(event.invoice.company.siren, message_of(event))
        event.sent_at = timezone.now()
        event.save(update_fields=["sent_at"])
    return {"invoice": event.invoice.number}


def fetch(*, work: Any = None) -> dict[str, int]:
    """Work handler of the clock: hear what the platforms say, message by message.

    One that cannot be read, names nothing of ours or cannot follow is put away with what is wrong; the others go on.
    """
    del work
    found, heard, refused = gateway(), 0, 0

    def put_away(name: str, problem: str = "") -> None:
        # Once what it says is stored: a worker that dies before that finds the message again.
        transaction.on_commit(lambda: found.done(name, problem))

    for name, content in found.received():
        try:
            with transaction.atomic():
                _hear(Heard(content), at=timezone.now())
        except (MessageUnreadable, Refusal) as problem:
            put_away(name, _problem(problem))
            refused += 1
        else:
            put_away(name)
            heard += 1
    return {"heard": heard, "refused": refused}


def _hear(message: Heard, *, at: datetime) -> None:
    invoice = Invoice.objects.filter(company__siren=message.siren, number=message.number).first()
    if invoice is None:
        raise MessageUnreadable(f"no invoice {message.number} of a seller with SIREN {message.siren}")
    record_status(
        invoice_id=invoice.pk,
        status=message.status,
        reason_code=message.reason_code,
        amount=message.amount,
        comment=message.comment,
        external_id=message.external_id,
        happened_at=min(message.happened_at or at, at),
        by=None,
        at=at,
    )


def _problem(error: Exception) -> str:
    if isinstance(error, Refusal) and error.errors:
        return "; ".join(f"{field}: {text}" for field, texts in error.errors.items() for text in texts)
    return str(error)
