"""Credit notes: asked for on an invoice, issued at once within one's own authority, else by somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.enums import CreditRequestStatus, DocumentKind, Origin
from invoicing.models import CreditNoteRequest, Invoice, ReceivableItem
from invoicing.policy import Instalment
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused
from o2c.shared.vat import VatTotals

from .allocations import MatchPair, book_pairs
from .credit_authority import Authority, AuthorityExceeded, FourEyes, hands_of, required_role, within
from .credit_worth import CreditLine, as_row, document_of, negative, worth_of
from .documents import store_document, tell_of_issue
from .ordered import lock_order, uncount_invoiced
from .shared import (
    KeyTaken,
    lock_items,
    refusing_taken_key,
    require,
    tell_credit_changed,
)

RIGHT: Final = "invoicing.credit"


class NotCreditable(RuleRefused):
    code = "not_creditable"
    message = _("Only an invoice with an amount to pay can be credited.")


class OverCredited(RuleRefused):
    code = "over_credited"
    message = _("More than the invoice, less what is credited or asked for already, cannot be credited.")


class NotWaiting(Conflict):
    code = "not_waiting"
    message = _("This credit note does not wait for a decision.")


@retrying
def credit_invoice(
    *,
    invoice_id: int,
    amount: Decimal | None = None,
    lines: Sequence[CreditLine] | None = None,
    reason: str,
    reason_code: str = "",
    number: str | None = None,
    creation_hash: str = "",
    by: User,
    at: datetime,
) -> CreditNoteRequest:
    """Credit a part of an invoice or all of it; above one's own authority it waits for somebody else.

    :param amount: incl. VAT, positive; split over the invoice's rates. Instead of it ``lines``
    :param reason_code: ``REINVOICE`` with the whole invoice lets its order be invoiced again
    :param number: of another series than the portal's own, which is used when it is left out
    :raises NotCreditable: a credit note, or nothing to pay
    :raises OverCredited: more than is left of the invoice
    :raises KeyTaken: the number exists already
    """
    with (
        transaction.atomic(),
        refusing_taken_key("invoice_number_once_per_company"),
        refusing_taken_key("credit_request_number_once"),
    ):
        invoice = _visible(invoice_id, by)
        require(by, RIGHT, invoice.company_id)
        if not reason.strip():
            raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
        lock_credit(invoice.account)
        if invoice.kind == DocumentKind.CREDIT_NOTE or invoice.total_incl_vat <= 0:
            raise NotCreditable
        if number and _number_taken(invoice, number):
            raise KeyTaken
        worth = worth_of(invoice, amount, lines)
        if worth.incl > invoice.total_incl_vat - _credited(invoice):
            raise OverCredited
        request = CreditNoteRequest.objects.create(
            company_id=invoice.company_id,
            account=invoice.account,
            invoice=invoice,
            number=number or "",
            amount=worth.incl,
            currency=invoice.currency,
            lines=audit.plain([as_row(line) for line in lines] if lines else []),
            reason=reason.strip(),
            reason_code=reason_code,
            status=CreditRequestStatus.PENDING,
            requested_by=by,
            requested_at=at,
            creation_hash=creation_hash,
        )
        _record("credit_note.requested", request, by=by, at=at, reason=request.reason)
        if within(by, request, at):
            _issue(request, by=by, at=at)
    return request


@retrying
def approve_credit_note(*, request_id: int, reason: str = "", by: User, at: datetime) -> CreditNoteRequest:
    """Issue a credit note that waits.

    :raises FourEyes: by who asked for it or issued the invoice
    :raises AuthorityExceeded: above this person's level
    :raises NotWaiting: it is issued or refused already
    """
    with transaction.atomic(), refusing_taken_key("invoice_number_once_per_company"):
        request = _decidable(request_id, by, at)
        request.decided_by, request.decided_at, request.decision_reason = by, at, reason.strip()
        _issue(request, by=by, at=at)
        _tell_decided(request)
    return request


@retrying
def refuse_credit_note(*, request_id: int, reason: str, by: User, at: datetime) -> CreditNoteRequest:
    """Refuse a credit note that waits; nothing is booked."""
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        request = _decidable(request_id, by, at)
        request.decided_by, request.decided_at, request.decision_reason = by, at, reason.strip()
        request.status = CreditRequestStatus.REFUSED
        request.save(update_fields=["decided_by", "decided_at", "decision_reason", "status"])
        _record("credit_note.refused", request, by=by, at=at, reason=request.decision_reason)
        _tell_decided(request)
    return request


@dataclass(frozen=True)
class CreditPreview:
    """What a credit note would be and do, before anybody asks for it; amounts positive, in the invoice's currency.

    :ivar settles: open parts of the invoice with what it takes of each, the oldest first
    :ivar rest: what would stay a credit of the client
    :ivar required_role: who must approve it; None where the reader issues it alone
    :ivar level: their level in the delegation matrix, 0 where the reader issues it alone
    """

    totals: VatTotals
    settles: Sequence[tuple[ReceivableItem, Decimal]]
    rest: Decimal
    required_role: str | None
    level: int


def creditable(invoice: Invoice) -> Decimal:
    """What may still be credited of an invoice: its total less what is credited or asked for already."""
    if invoice.kind == DocumentKind.CREDIT_NOTE or invoice.total_incl_vat <= 0:
        return ZERO
    return invoice.total_incl_vat - _credited(invoice)


def preview_credit(
    *,
    invoice_id: int,
    amount: Decimal | None = None,
    lines: Sequence[CreditLine] | None = None,
    by: User,
    at: datetime,
) -> CreditPreview:
    """Tell what a credit note of an invoice would come to, what it would settle and who would have to approve it.

    Nothing is stored; refuses what ``credit_invoice`` would refuse.
    """
    invoice = _visible(invoice_id, by)
    require(by, RIGHT, invoice.company_id)
    left = creditable(invoice)
    if not left:
        raise NotCreditable
    totals = worth_of(invoice, amount, lines)
    if totals.incl > left:
        raise OverCredited
    settles = list(_parts(totals.incl, invoice.items.filter(amount__gt=0)))
    authority = Authority(invoice.company, at, {invoice.currency})
    rule = None
    if not authority.covers(by, invoice, totals.incl):
        rule = authority.required(totals.incl, invoice.currency)
    return CreditPreview(
        totals,
        settles,
        totals.incl - sum((part for _item, part in settles), ZERO),
        rule.role if rule else None,
        rule.level if rule else 0,
    )


def _visible(invoice_id: int, by: User) -> Invoice:
    found = (
        Invoice.objects.visible_to(by)
        .filter(pk=invoice_id)
        .select_related("company", "account__entity", "order")
        .first()
    )
    if found is None:
        raise NotFound(code="invoice_not_found")
    return found


def _number_taken(invoice: Invoice, number: str) -> bool:
    named = {"company_id": invoice.company_id, "number": number}
    return (
        Invoice.objects.filter(**named).exists()
        or CreditNoteRequest.objects.filter(**named).exclude(status=CreditRequestStatus.REFUSED).exists()
    )


def _credited(invoice: Invoice) -> Decimal:
    """What is credited of an invoice already, or waits to be, read under the client's lock."""
    rows = CreditNoteRequest.objects.filter(invoice=invoice).exclude(status=CreditRequestStatus.REFUSED)
    found: Decimal = rows.aggregate(total=Sum("amount"))["total"] or ZERO
    return found


def _decidable(request_id: int, by: User, at: datetime) -> CreditNoteRequest:
    seen = CreditNoteRequest.objects.filter(pk=request_id).first()
    if seen is None:
        raise NotFound
    invoice = _visible(seen.invoice_id, by)
    if not by.may(RIGHT, invoice.company_id):
        raise NotAllowed(required_role=required_role(seen, at))
    lock_credit(invoice.account)
    request = CreditNoteRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request_id)
    request.invoice, request.account, request.company = invoice, invoice.account, invoice.company
    if request.status != CreditRequestStatus.PENDING:
        raise NotWaiting
    if by.pk in hands_of(request):
        raise FourEyes(required_role=required_role(request, at))
    if not within(by, request, at):
        raise AuthorityExceeded(required_role=required_role(request, at))
    return request


def _issue(request: CreditNoteRequest, *, by: User, at: datetime) -> None:
    """Make the document under the client's lock, put it on what is open, and let the order go on."""
    invoice, today = request.invoice, paris_date(at)
    is_whole = request.amount == invoice.total_incl_vat
    reopens = is_whole and request.reason_code == policy.REINVOICE
    orders = [lock_order(key) for key in _orders_of(invoice)] if reopens else []
    totals, lines = document_of(request)
    note = Invoice(
        company=invoice.company,
        account=invoice.account,
        kind=DocumentKind.CREDIT_NOTE,
        number=request.number,
        origin=Origin.ISSUED,
        issue_date=today,
        due_date=today,
        currency=invoice.currency,
        total_excl_vat=-totals.excl if lines else None,
        total_vat=-totals.vat if lines else None,
        total_incl_vat=-request.amount,
        customer_reference=invoice.customer_reference,
        order=invoice.order,
        corrects=invoice,
        created_by=by,
        recorded_at=at,
        creation_hash=request.creation_hash,
    )
    keys = list(invoice.items.filter(amount__gt=0).values_list("pk", flat=True))
    items = lock_items(keys)
    store_document(
        note,
        (Instalment(today, -request.amount),),
        lines,
        negative(totals) if lines else None,
        supplied_on=None,
    )
    own = lock_items(note.items.values_list("pk", flat=True))
    _put_on_open(next(iter(own.values())), items, by=by, at=at)
    for order in orders:
        billed = [
            line
            for line in invoice.lines.select_related("order_line")
            if line.order_line is None or line.order_line.order_id == order.pk
        ]
        uncount_invoiced(order, list(order.lines.all()), billed)
    request.credit_note, request.number, request.status = note, note.number, CreditRequestStatus.ISSUED
    request.save(
        update_fields=["credit_note", "number", "status", "decided_by", "decided_at", "decision_reason"]
    )
    tell_of_issue(note)
    _record("credit_note.issued", request, by=by, at=at, reason=request.decision_reason or request.reason)
    tell_credit_changed([invoice.account_id])


def _orders_of(invoice: Invoice) -> list[int]:
    """Keys of the orders that an invoice takes lines of, by key; its own where the lines do not say."""
    keys = set(invoice.lines.exclude(order_line=None).values_list("order_line__order", flat=True))
    return sorted(keys | ({invoice.order_id} if invoice.order_id is not None else set()))


def _parts(amount: Decimal, items: Iterable[ReceivableItem]) -> Iterator[tuple[ReceivableItem, Decimal]]:
    """What an amount settles of items, the oldest first."""
    for item in sorted(items, key=lambda each: (each.due_date, each.pk)):
        if part := min(amount, item.open_amount):
            yield item, part
            amount -= part


def _put_on_open(own: ReceivableItem, items: Mapping[int, ReceivableItem], *, by: User, at: datetime) -> None:
    """Settle what is open of the invoice, the oldest part first; the rest stays a credit of the client."""
    parts = _parts(-own.open_amount, items.values())
    pairs = [MatchPair(own.pk, item.pk, part) for item, part in parts]
    if pairs:
        book_pairs(pairs, {own.pk: own, **items}, by=by, at=at)


def _tell_decided(request: CreditNoteRequest) -> None:
    work.emit("credit_note.decided", f"{request.pk}", {"request_id": request.pk})


def _record(action: str, request: CreditNoteRequest, *, by: User, at: datetime, reason: str) -> None:
    audit.record(
        action,
        request.credit_note or request,
        by=by,
        at=at,
        reason=reason,
        company_id=request.company_id,
        account_id=request.account_id,
        label=request.number or request.invoice.number,
        after={
            "invoice": request.invoice.number,
            "amount": request.amount,
            "currency": request.currency,
            "status": request.status,
            "reason_code": request.reason_code,
        },
    )
