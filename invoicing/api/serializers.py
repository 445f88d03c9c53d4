"""The shape of documents, payments, matches and items, in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from credit.queries import money
from invoicing.enums import DocumentKind, InvoiceStatus, ItemKind, Origin
from invoicing.expected.policy import Expected, Why
from invoicing.models import Allocation, Invoice, InvoiceLine, ReceivableItem
from invoicing.policy import Instalment, LineInput, invoice_status
from o2c.shared.api.bodies import (
    CurrencyField,
    KeyField,
    amount_field,
    plain_number,
    price_field,
    quantity_field,
    rate_field,
)

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
    expected_on = serializers.DateField(allow_null=True, required=False)
    expected_because = serializers.ChoiceField(Why.choices, allow_null=True, required=False)
    limitation_date = serializers.DateField(
        allow_null=True, required=False, help_text=_("The last day on which it can be claimed in court.")
    )
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


def item_answer(item: ReceivableItem, *, flags: Sequence[str] = ()) -> dict[str, Any]:
    """An item as the API shows it; it comes from ``queries.items_on`` or ``with_open_amount``.

    :param flags: further flags, such as a stop of reminders
    """
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
        "flags": [*(flag for flag, holds in shown.items() if holds), *flags],
    }


def expected_answer(expected: Expected | None) -> dict[str, Any]:
    """When an item is expected to be paid and why; null of what is settled, not owed, or seen on a past day."""
    return {
        "expected_on": expected.day if expected else None,
        "expected_because": expected.why.value if expected else None,
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
