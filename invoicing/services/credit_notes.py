"""Credit notes: asked for on an invoice, issued at once within one's own authority, else by somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from credit import queries as credit
from credit.exposure import rates_on
from credit.locks import lock_credit
from invoicing import policy
from invoicing.enums import CreditRequestStatus, DocumentKind, Origin
from invoicing.models import CreditNoteRequest, Invoice, InvoiceLine, ReceivableItem
from invoicing.policy import Instalment
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO, round_cents
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused
from o2c.shared.vat import RateTotal, VatTotals, line_net, vat_totals

from .allocations import MatchPair, book_pairs
from .documents import store_document
from .ordered import lock_order, uncount_invoiced
from .shared import (
    KeyTaken,
    lock_items,
    refusing_taken_key,
    require,
    require_cents,
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


class FourEyes(NotAllowed):
    code = "four_eyes"
    message = _("Somebody else must decide: you asked for this credit note or issued the invoice.")


class AuthorityExceeded(NotAllowed):
    """Above what this person may decide; ``required_role`` names who may."""

    code = "authority_exceeded"
    message = _("This is above your authority.")


@dataclass(frozen=True)
class CreditLine:
    """One line of a credit note; with ``line`` of the invoice, what is left out is taken from there."""

    quantity: Decimal
    line: int | None = None
    sku: str | None = None
    description: str | None = None
    unit_price: Decimal | None = None
    vat_rate: Decimal | None = None


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
        if invoice.kind != DocumentKind.INVOICE or invoice.total_incl_vat <= 0:
            raise NotCreditable
        if number and _number_taken(invoice, number):
            raise KeyTaken
        worth = _worth(invoice, amount, lines)
        if worth.incl > invoice.total_incl_vat - _credited(invoice):
            raise OverCredited
        request = CreditNoteRequest.objects.create(
            company_id=invoice.company_id,
            account=invoice.account,
            invoice=invoice,
            number=number or "",
            amount=worth.incl,
            currency=invoice.currency,
            lines=audit.plain([_as_row(line) for line in lines] if lines else []),
            reason=reason.strip(),
            reason_code=reason_code,
            status=CreditRequestStatus.PENDING,
            requested_by=by,
            requested_at=at,
            creation_hash=creation_hash,
        )
        _record("credit_note.requested", request, by=by, at=at, reason=request.reason)
        if _within(by, request, at):
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
    return request


def _visible(invoice_id: int, by: User) -> Invoice:
    found = (
        Invoice.objects.filter(pk=invoice_id, account__in=CustomerAccount.objects.visible_to(by))
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


def _worth(invoice: Invoice, amount: Decimal | None, lines: Sequence[CreditLine] | None) -> VatTotals:
    """Positive totals of what is to be credited."""
    if (amount is None) == (not lines):
        raise Invalid(errors={"amount": [_("Write either an amount or lines.")]})
    if lines:
        known = {line.line: line for line in invoice.lines.all()}
        totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in _filled(lines, known))
        if totals.incl <= 0:
            raise Invalid(errors={"lines": [_("The amount credited is above 0.")]})
        return totals
    assert amount is not None
    require_cents(amount, "amount")
    if amount <= 0:
        raise Invalid(errors={"amount": [_("The amount credited is above 0.")]})
    return policy.part_of_totals(round_cents(amount), _totals(invoice))


def _totals(invoice: Invoice) -> VatTotals | None:
    """The breakdown of an invoice; None of one taken over without lines."""
    lines = list(invoice.lines.all())
    if not lines:
        return None
    found = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in lines)
    return found if found.incl == invoice.total_incl_vat else None


def _filled(lines: Sequence[CreditLine], known: Mapping[int, InvoiceLine]) -> list[InvoiceLine]:
    """The lines as positive lines of a document, not yet stored."""
    made, errors = [], {}
    for position, line in enumerate(lines):
        of = known.get(line.line) if line.line is not None else None
        if line.line is not None and of is None:
            errors[f"lines.{position}.line"] = [_("The invoice has no such line.")]
            continue
        price = line.unit_price if line.unit_price is not None else of.unit_price if of else None
        description = line.description or (of.description if of else "")
        if price is None or not description or line.quantity <= 0 or price < 0:
            errors[f"lines.{position}"] = [_("A line needs a description, a quantity above 0 and a price.")]
            continue
        rate = line.vat_rate if line.vat_rate is not None else of.vat_rate if of else Decimal(20)
        made.append(
            InvoiceLine(
                line=position + 1,
                order_line_id=of.order_line_id if of else None,
                sku=line.sku or (of.sku if of else ""),
                description=description,
                quantity=line.quantity,
                unit_price=price,
                vat_rate=rate,
                net=line_net(line.quantity, price),
            )
        )
    if errors:
        raise Invalid(errors=errors)
    return made


def _within(by: User, request: CreditNoteRequest, at: datetime) -> bool:
    bound = own_bound(by, request.invoice)
    if bound is None:
        return True
    worth = _in_company_currency(request, at)
    return worth is not None and worth <= bound


def own_bound(by: User, invoice: Invoice) -> Decimal | None:
    """How much this person credits alone of an invoice, in the company's currency; None without bound.

    Whoever issued the invoice stays at the small amount, whatever their level.
    """
    if invoice.created_by_id == by.pk and invoice.origin == Origin.ISSUED:
        return policy.CREDITED_ALONE
    return policy.credit_bound(
        by.authority_in(invoice.company_id),
        {rule.level: rule.write_off_amount for rule in credit.delegation_of(invoice.company_id)},
    )


def required_role(request: CreditNoteRequest, at: datetime) -> str | None:
    """The lowest role that may issue this credit note alone."""
    worth = _in_company_currency(request, at)
    for rule in credit.delegation_of(request.company_id):
        if rule.level > 1 and (
            rule.write_off_amount is None or (worth is not None and worth <= rule.write_off_amount)
        ):
            return rule.role
    return None


def _in_company_currency(request: CreditNoteRequest, at: datetime) -> Decimal | None:
    """The amount as authority is measured; None where no usable rate is known."""
    target = request.company.currency
    if request.currency == target:
        return request.amount
    rates = rates_on(paris_date(at), {request.currency}, target)
    if request.currency not in rates or target not in rates:
        return None
    return round_cents(request.amount / rates[request.currency] * rates[target])


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
    issuer = invoice.created_by_id if invoice.origin == Origin.ISSUED else None
    if by.pk in {request.requested_by_id, issuer}:
        raise FourEyes(required_role=required_role(request, at))
    if not _within(by, request, at):
        raise AuthorityExceeded(required_role=required_role(request, at))
    return request


def _issue(request: CreditNoteRequest, *, by: User, at: datetime) -> None:
    """Make the document under the client's lock, put it on what is open, and let the order go on."""
    invoice, today = request.invoice, paris_date(at)
    is_whole = request.amount == invoice.total_incl_vat
    reopens = is_whole and request.reason_code == policy.REINVOICE and invoice.order_id is not None
    order = lock_order(invoice.order_id) if reopens and invoice.order_id else None
    totals, lines = _document(request)
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
        _negative(totals) if lines else None,
        supplied_on=None,
    )
    own = lock_items(note.items.values_list("pk", flat=True))
    _put_on_open(next(iter(own.values())), items, by=by, at=at)
    if order is not None:
        uncount_invoiced(order, list(order.lines.all()), list(invoice.lines.all()))
    request.credit_note, request.number, request.status = note, note.number, CreditRequestStatus.ISSUED
    request.save(
        update_fields=["credit_note", "number", "status", "decided_by", "decided_at", "decision_reason"]
    )
    _record("credit_note.issued", request, by=by, at=at, reason=request.decision_reason or request.reason)
    tell_credit_changed([invoice.account_id])


def _document(request: CreditNoteRequest) -> tuple[VatTotals, list[InvoiceLine]]:
    """Positive totals and the negative lines of the document, none where the invoice has none."""
    invoice = request.invoice
    known = {line.line: line for line in invoice.lines.all()}
    asked = [CreditLine(**_from_row(row)) for row in request.lines]
    if asked:
        positive = _filled(asked, known)
        totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in positive)
    elif request.amount == invoice.total_incl_vat and (whole := _totals(invoice)) is not None:
        totals = whole
        positive = [
            InvoiceLine(
                line=line.line,
                order_line_id=line.order_line_id,
                sku=line.sku,
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                vat_rate=line.vat_rate,
                net=line.net,
            )
            for line in known.values()
        ]
    else:
        totals = policy.part_of_totals(request.amount, _totals(invoice))
        positive = [
            InvoiceLine(
                line=position,
                description=request.reason[:300],
                quantity=Decimal(1),
                unit_price=part.base,
                vat_rate=part.rate,
                net=part.base,
            )
            for position, part in enumerate(totals.by_rate, start=1)
        ]
    for line in positive:
        line.quantity, line.net = -line.quantity, -line.net
    return totals, positive


def _negative(totals: VatTotals) -> VatTotals:
    by_rate = tuple(RateTotal(part.rate, -part.base, -part.vat) for part in totals.by_rate)
    return VatTotals(-totals.excl, -totals.vat, -totals.incl, by_rate)


def _put_on_open(own: ReceivableItem, items: Mapping[int, ReceivableItem], *, by: User, at: datetime) -> None:
    """Settle what is open of the invoice, the oldest part first; the rest stays a credit of the client."""
    left, pairs = -own.open_amount, []
    for item in sorted(items.values(), key=lambda each: (each.due_date, each.pk)):
        if part := min(left, item.open_amount):
            pairs.append(MatchPair(own.pk, item.pk, part))
            left -= part
    if pairs:
        book_pairs(pairs, {own.pk: own, **items}, by=by, at=at)


def _as_row(line: CreditLine) -> dict[str, Any]:
    return {name: value for name, value in vars(line).items() if value is not None}


def _from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {"quantity", "unit_price", "vat_rate"}
    return {name: Decimal(str(value)) if name in numbers else value for name, value in row.items()}


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
