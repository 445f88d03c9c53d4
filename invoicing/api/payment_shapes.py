"""The shape of payments, their returns and matches, in and out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from accounts.enums import PaymentMethod
from accounts.identifiers import check_iban
from credit.queries import money
from invoicing.clearing_policy import objection, reclaimable_until, refundable_until
from invoicing.enums import ItemKind, Objection, PaymentStatus
from invoicing.models import Payment, PaymentReturn
from invoicing.policy import payment_status
from o2c.shared.api.bodies import CurrencyField, KeyField, amount_field
from o2c.shared.money import ZERO

from .serializers import MOST_LINES, Shape, row_id


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
    objection = serializers.ChoiceField(
        Objection.choices,
        allow_null=True,
        help_text="What may be held against the bank that took a direct debit back so late.",
    )


class PaymentAnswer(Shape):
    """A payment as the API shows it; amounts are positive."""

    id = serializers.IntegerField()
    external_id = serializers.CharField()
    status = serializers.ChoiceField(PaymentStatus.choices)
    company = serializers.CharField()
    account = serializers.CharField(allow_null=True)
    order = serializers.CharField(allow_null=True)
    date = serializers.DateField()
    clears_on = serializers.DateField(
        allow_null=True,
        help_text="First day the money is good; null: on its own day. Until then exposure counts it.",
    )
    refundable_until = serializers.DateField(
        allow_null=True,
        help_text="Last day the payer may have a SEPA CORE debit refunded without a reason; null of any other.",
    )
    reclaimable_until = serializers.DateField(
        allow_null=True, help_text="Last day it may have one back that no mandate covers."
    )
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
        "clears_on": payment.clears_on,
        "refundable_until": refundable_until(payment.received_on, payment.method),
        "reclaimable_until": reclaimable_until(payment.received_on, payment.method),
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
        "objection": objection(row.payment.received_on, row.payment.method, returned_on=row.returned_on),
    }
