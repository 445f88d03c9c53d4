"""The shape of documents, payments, matches and items, in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.enums import PaymentMethod
from accounts.identifiers import check_iban
from credit.queries import money
from invoicing.enums import DocumentKind, InvoiceStatus, ItemKind, Origin, PaymentStatus
from invoicing.models import Allocation, Invoice, InvoiceLine, Payment, PaymentReturn, ReceivableItem
from invoicing.policy import Instalment, LineInput, invoice_status, payment_status
from o2c.shared.api.bodies import (
    CurrencyField,
    KeyField,
    amount_field,
    plain_number,
    price_field,
    quantity_field,
    rate_field,
)
from o2c.shared.money import ZERO

Shape = serializers.Serializer[Any]
MOST_LINES = 2000
MOST_PARTS = 200


def row_id(**options: Any) -> serializers.IntegerField:
    """The key of a row."""
    return serializers.IntegerField(min_value=1, max_value=2**63 - 1, **options)


class DocumentLine(Shape):
    """One line of a document; the price excludes VAT. ``line`` names the line of the order it invoices."""

    line = serializers.IntegerField(min_value=1, max_value=9_999_999, required=False, allow_null=True)
    sku = serializers.CharField(max_length=60, allow_blank=True, default="")
    description = serializers.CharField(max_length=300)
    quantity = quantity_field()
    unit_price = price_field()
    vat_rate = rate_field(default=Decimal("20.00"))


class InstalmentShape(Shape):
    """One part of a document with its own due date."""

    due_date = serializers.DateField()
    amount = amount_field()


class FromOrderBody(Shape):
    """Invoice an order: today, by its term, in one part, unless said otherwise."""

    issue_date = serializers.DateField(required=False, allow_null=True)
    due_date = serializers.DateField(required=False, allow_null=True)
    instalments = serializers.ListField(
        child=InstalmentShape(), required=False, allow_null=True, max_length=MOST_PARTS
    )


class InvoiceBody(Shape):
    """A document: issued here from its lines, or taken over from elsewhere (``origin: imported``)."""

    number = KeyField(max_length=60, required=False, allow_null=True)
    account = serializers.CharField(max_length=40)
    issue_date = serializers.DateField()
    due_date = serializers.DateField(required=False, allow_null=True)
    term = serializers.CharField(max_length=40, required=False, allow_null=True)
    currency = CurrencyField(required=False, allow_null=True)
    order = serializers.CharField(max_length=60, required=False, allow_null=True)
    customer_reference = serializers.CharField(max_length=120, allow_blank=True, default="")
    total_incl_vat = amount_field(required=False, allow_null=True)
    origin = serializers.ChoiceField(Origin.choices, default=Origin.ISSUED)
    lines = serializers.ListField(
        child=DocumentLine(), required=False, allow_null=True, max_length=MOST_LINES
    )
    instalments = serializers.ListField(
        child=InstalmentShape(), required=False, allow_null=True, max_length=MOST_PARTS
    )

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        """A document from elsewhere brings its own number and total."""
        if body["origin"] == Origin.IMPORTED:
            missing = [] if body.get("number") else ["number"]
            if body.get("total_incl_vat") is None and not body.get("lines"):
                missing.append("total_incl_vat")
            if missing:
                raise serializers.ValidationError(
                    {name: [_("A document issued elsewhere brings it along.")] for name in missing}
                )
        return body


class ItemAnswer(Shape):
    """One thing a client owes, or is owed (negative)."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(ItemKind.choices)
    document = serializers.CharField()
    account = serializers.CharField()
    issue_date = serializers.DateField()
    due_date = serializers.DateField()
    currency = serializers.CharField()
    amount = amount_field()
    open_amount = amount_field()
    disputed_amount = amount_field()
    days_late = serializers.IntegerField()
    flags = serializers.ListField(child=serializers.CharField())


class InvoiceAnswer(Shape):
    """A document as the API shows it."""

    number = serializers.CharField()
    status = serializers.ChoiceField(InvoiceStatus.choices)
    company = serializers.CharField()
    account = serializers.CharField()
    kind = serializers.ChoiceField(DocumentKind.choices)
    origin = serializers.ChoiceField(Origin.choices)
    order = serializers.CharField(allow_null=True)
    corrects = serializers.CharField(allow_null=True, help_text=_("The invoice that a credit note corrects."))
    issue_date = serializers.DateField()
    due_date = serializers.DateField()
    term = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    total_excl_vat = amount_field(allow_null=True)
    total_vat = amount_field(allow_null=True)
    total_incl_vat = amount_field()
    open_amount = amount_field()
    customer_reference = serializers.CharField(allow_blank=True)
    items = ItemAnswer(many=True)
    recorded_at = serializers.DateTimeField()


class InvoiceLineShape(DocumentLine):
    """One line with its net."""

    net = amount_field()


class InvoiceDetail(InvoiceAnswer):
    """A document with its lines."""

    lines = InvoiceLineShape(many=True)


class PaymentBody(Shape):
    """Money received, or announced for a later day."""

    external_id = KeyField(max_length=120)
    account = serializers.CharField(max_length=40, required=False, allow_null=True)
    order = serializers.CharField(max_length=60, required=False, allow_null=True)
    date = serializers.DateField()
    amount = amount_field()
    currency = CurrencyField(required=False, allow_null=True)
    method = serializers.ChoiceField(PaymentMethod.choices, default=PaymentMethod.TRANSFER)
    reference = serializers.CharField(max_length=300, allow_blank=True, default="")
    payer_iban = serializers.CharField(max_length=50, allow_blank=True, default="")
    payer_name = serializers.CharField(max_length=200, allow_blank=True, default="")
    match = serializers.BooleanField(default=False)

    def validate_payer_iban(self, text: str) -> str:
        """Refuse an IBAN whose check digits are wrong."""
        if not text:
            return ""
        checked = check_iban(text)
        if not checked.valid:
            raise serializers.ValidationError(checked.problem)
        return checked.value


class PaymentReturnBody(Shape):
    """The bank took the payment back; the fee, in its currency, is charged to the client."""

    date = serializers.DateField()
    reason = serializers.CharField(max_length=500)
    fee = amount_field(required=False, allow_null=True)


class ReturnAnswer(PaymentReturnBody):
    """A return in force; ``fee_item`` is what the client owes for it."""

    item = serializers.IntegerField(allow_null=True)
    fee_item = serializers.IntegerField(allow_null=True)
    recorded_at = serializers.DateTimeField()


class PaymentAnswer(Shape):
    """A payment as the API shows it; amounts are positive."""

    id = serializers.IntegerField()
    external_id = serializers.CharField()
    status = serializers.ChoiceField(PaymentStatus.choices)
    company = serializers.CharField()
    account = serializers.CharField(allow_null=True)
    order = serializers.CharField(allow_null=True)
    date = serializers.DateField()
    amount = amount_field()
    currency = serializers.CharField()
    unallocated_amount = amount_field()
    method = serializers.ChoiceField(PaymentMethod.choices)
    reference = serializers.CharField(allow_blank=True)
    payer_name = serializers.CharField(allow_blank=True)
    payer_iban = serializers.CharField(allow_blank=True)
    item = serializers.IntegerField(allow_null=True)
    returned = ReturnAnswer(allow_null=True)
    recorded_at = serializers.DateTimeField()


class MatchLine(Shape):
    """An amount for one item."""

    item = row_id()
    amount = amount_field()


class AllocateBody(Shape):
    """The items a payment settles, all or none."""

    items = serializers.ListField(child=MatchLine(), min_length=1, max_length=MOST_LINES)


class MatchAnswer(MatchLine):
    """A match that was made."""

    id = serializers.IntegerField()
    letter = serializers.CharField()


class AllocatedAnswer(Shape):
    """The matches of one payment."""

    allocations = MatchAnswer(many=True)


class ProposalShape(MatchLine):
    """What a payment probably settles, and why."""

    document = serializers.CharField()
    account = serializers.CharField()
    due_date = serializers.DateField()
    open_amount = amount_field()
    reason = serializers.ChoiceField(["named", "same_amount"])


class ProposalAnswer(Shape):
    """Proposed matches; nothing is stored."""

    items = ProposalShape(many=True)
    unallocated_amount = amount_field()


class AllocationBody(Shape):
    """An amount of one item put on another, whichever of them is the credit."""

    from_item = row_id()
    to_item = row_id()
    amount = amount_field()
    date = serializers.DateField(required=False, allow_null=True)


class DueDateBody(Shape):
    """A new due date; ``date`` is the first day it counts, today when left out."""

    due_date = serializers.DateField()
    reason = serializers.CharField()
    date = serializers.DateField(required=False, allow_null=True)


class AllocationAnswer(Shape):
    """A match; a reversal is negative and names what it undoes."""

    id = serializers.IntegerField()
    from_item = serializers.IntegerField()
    to_item = serializers.IntegerField()
    from_document = serializers.CharField()
    to_document = serializers.CharField()
    account = serializers.CharField()
    amount = amount_field()
    currency = serializers.CharField()
    date = serializers.DateField()
    letter = serializers.CharField(allow_blank=True)
    recorded_by = serializers.CharField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    reversal_of = serializers.IntegerField(allow_null=True)
    reversed = serializers.BooleanField()


def line_inputs(lines: Sequence[Mapping[str, Any]] | None) -> list[LineInput] | None:
    """Lines as the acts take them."""
    if lines is None:
        return None
    return [
        LineInput(
            description=line["description"],
            quantity=line["quantity"],
            unit_price=line["unit_price"],
            vat_rate=line["vat_rate"],
            sku=line["sku"],
            order_line=line.get("line"),
        )
        for line in lines
    ]


def instalments(parts: Sequence[Mapping[str, Any]] | None) -> list[Instalment] | None:
    """Parts as the acts take them."""
    return None if parts is None else [Instalment(part["due_date"], part["amount"]) for part in parts]


def item_answer(item: ReceivableItem) -> dict[str, Any]:
    """An item as the API shows it; it comes from ``queries.items_on`` or ``with_open_amount``."""
    open_amount: Decimal = item.open_on  # type: ignore[attr-defined]
    disputed: Decimal = item.disputed_on  # type: ignore[attr-defined]
    days_late: int = item.days_late  # type: ignore[attr-defined]
    due_date: date = item.due_on  # type: ignore[attr-defined]
    shown = {
        "settled": open_amount == 0,
        "overdue": days_late > 0,
        "disputed": disputed > 0,
        "unallocated": open_amount < 0,
    }
    return {
        "id": item.pk,
        "kind": item.kind,
        "document": item.document,
        "account": item.account.code,
        "issue_date": item.issue_date,
        "due_date": due_date,
        "currency": item.currency,
        "amount": money(item.amount),
        "open_amount": money(open_amount),
        "disputed_amount": money(disputed),
        "days_late": days_late,
        "flags": [flag for flag, holds in shown.items() if holds],
    }


def invoice_answer(invoice: Invoice) -> dict[str, Any]:
    """A document as the API shows it, from ``invoices_with_open`` with its items of the day."""
    open_amount: Decimal = invoice.open_on  # type: ignore[attr-defined]
    return {
        "number": invoice.number,
        "status": invoice_status(invoice.total_incl_vat, open_amount).value,
        "company": invoice.company.code,
        "account": invoice.account.code,
        "kind": invoice.kind,
        "origin": invoice.origin,
        "order": invoice.order.number if invoice.order else None,
        "corrects": invoice.corrects.number if invoice.corrects else None,
        "issue_date": invoice.issue_date,
        "due_date": invoice.due_date,
        "term": invoice.term,
        "currency": invoice.currency,
        "total_excl_vat": money(invoice.total_excl_vat),
        "total_vat": money(invoice.total_vat),
        "total_incl_vat": money(invoice.total_incl_vat),
        "open_amount": money(open_amount),
        "customer_reference": invoice.customer_reference,
        "items": [item_answer(item) for item in invoice.items.all()],
        "recorded_at": invoice.recorded_at,
    }


def invoice_line_answer(line: InvoiceLine) -> dict[str, Any]:
    """One line of a document."""
    return {
        "line": line.line,
        "sku": line.sku,
        "description": line.description,
        "quantity": plain_number(line.quantity),
        "unit_price": plain_number(line.unit_price, places=2),
        "vat_rate": plain_number(line.vat_rate, places=2),
        "net": money(line.net),
    }


def payment_answer(payment: Payment) -> dict[str, Any]:
    """A payment as the API shows it, from ``payments_with_unallocated`` with its items."""
    returned = next((row for row in payment.returns.all() if row.undone_at is None), None)
    left: Decimal = ZERO if returned else payment.unallocated_on  # type: ignore[attr-defined]
    status = PaymentStatus.RETURNED if returned else payment_status(payment.amount, left)
    return {
        "id": payment.pk,
        "external_id": payment.external_id,
        "status": status.value,
        "company": payment.company.code,
        "account": payment.account.code if payment.account else None,
        "order": payment.order.number if payment.order else None,
        "date": payment.received_on,
        "amount": money(payment.amount),
        "currency": payment.currency,
        "unallocated_amount": money(left),
        "method": payment.method,
        "reference": payment.reference,
        "payer_name": payment.payer_name,
        "payer_iban": payment.payer_iban,
        "item": next((item.pk for item in payment.items.all() if item.kind == ItemKind.PAYMENT), None),
        "returned": return_answer(returned) if returned else None,
        "recorded_at": payment.recorded_at,
    }


def return_answer(row: PaymentReturn) -> dict[str, Any]:
    """A return as the API shows it."""
    return {
        "date": row.returned_on,
        "reason": row.reason,
        "fee": None if row.fee is None else money(row.fee),
        "item": row.item_id,
        "fee_item": row.fee_item_id,
        "recorded_at": row.recorded_at,
    }


def allocation_answer(allocation: Allocation) -> dict[str, Any]:
    """A match as the API shows it, with its two items; ``is_reversed`` is annotated."""
    debit, credit = allocation.debit, allocation.credit
    return {
        "id": allocation.pk,
        "from_item": credit.pk,
        "to_item": debit.pk,
        "from_document": credit.document,
        "to_document": debit.document,
        "account": debit.account.code,
        "amount": money(allocation.amount),
        "currency": debit.currency,
        "date": allocation.effective_date,
        "letter": allocation.letter,
        "recorded_by": allocation.recorded_by.username if allocation.recorded_by else None,
        "recorded_at": allocation.recorded_at,
        "reversal_of": allocation.reversal_of_id,
        "reversed": getattr(allocation, "is_reversed", False),
    }
