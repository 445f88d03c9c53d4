"""The life of an invoice on the e-invoicing platforms: its statuses, heard or said."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit.queries import money
from invoicing.einvoicing import handover, services
from invoicing.einvoicing.policy import BY_CODE, CODES, EInvoiceStatus
from invoicing.models import EInvoice, EInvoiceEvent, Invoice
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.jobs import JobAnswer, job_answer

from .credit_notes import CreditNotesViewSet

Shape = serializers.Serializer[Any]


@extend_schema_field({"type": "string", "description": "A code from 200 to 213, or its name."})
class StatusField(serializers.Field[Any, Any, Any, Any]):
    """A status by its code (207) or its name (DISPUTED)."""

    default_error_messages = {
        "unknown": _("“{value}” is no status of an e-invoice: a code from 200 to 213 or its name.")
    }

    def to_internal_value(self, data: Any) -> EInvoiceStatus:
        """Read a status."""
        text = str(data).strip() if isinstance(data, str | int) and not isinstance(data, bool) else ""
        if text.isascii() and text.isdigit() and len(text) == 3 and int(text) in BY_CODE:
            return BY_CODE[int(text)]
        if text in EInvoiceStatus.values:
            return EInvoiceStatus(text)
        text = str(data)[:40]
        raise serializers.ValidationError(self.error_messages["unknown"].format(value=text), code="unknown")

    def to_representation(self, value: Any) -> int:
        """Show its code."""
        return CODES[EInvoiceStatus(value)]


class StatusBody(Shape):
    """A status; a reason where the norm wants one; the amount it concerns; the platform's name of its message."""

    code = StatusField()
    reason_code = serializers.CharField(max_length=20, allow_blank=True, default="")
    amount = amount_field(required=False, allow_null=True)
    comment = serializers.CharField(max_length=500, allow_blank=True, default="")
    external_id = serializers.CharField(max_length=120, required=False, allow_null=True)


class StatusEvent(Shape):
    """One status of an invoice, received or sent."""

    id = serializers.IntegerField()
    code = serializers.IntegerField()
    status = serializers.ChoiceField(EInvoiceStatus.choices)
    reason_code = serializers.CharField(allow_blank=True)
    amount = amount_field(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    vat = serializers.ListField(child=serializers.DictField())
    happened_at = serializers.DateTimeField()
    outgoing = serializers.BooleanField()
    sent_at = serializers.DateTimeField(allow_null=True)
    external_id = serializers.CharField(allow_null=True)


class StatusAnswer(Shape):
    """Where an invoice stands on the platforms and how it came there; null and nothing before the first status."""

    invoice = serializers.CharField()
    code = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(EInvoiceStatus.choices, allow_null=True)
    reason_code = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField(allow_null=True)
    events = StatusEvent(many=True)


class EInvoicesViewSet(CreditNotesViewSet):
    """Documents with their life on the platforms."""

    acts = {**CreditNotesViewSet.acts, "set_status": services.RIGHT, "hand_over": services.RIGHT}

    @extend_schema(responses=StatusAnswer)
    @action(detail=True, methods=["get"])
    def status(self, request: Request, number: str) -> Response:
        """Where the invoice stands on the platforms, with every status it had, oldest first."""
        return Response(_answer(self._invoice(number)))

    @extend_schema(request=StatusBody, responses={200: StatusAnswer})
    @status.mapping.post
    def set_status(self, request: Request, number: str) -> Response:
        """Note a status. One that disputes contests what is open; one that approves ends that again."""
        invoice, body = self._invoice(number), self.read(StatusBody)
        services.record_status(
            invoice_id=invoice.pk,
            status=body["code"],
            reason_code=body["reason_code"],
            amount=body.get("amount"),
            comment=body["comment"],
            external_id=body.get("external_id") or None,
            by=self.user,
            at=self.at,
        )
        return Response(_answer(invoice), status=status.HTTP_200_OK)

    @extend_schema(request=None, responses={202: JobAnswer})
    @action(detail=True, methods=["post"], url_path="hand-over")
    def hand_over(self, request: Request, number: str) -> Response:
        """Hand the invoice over to the platform in the background; 422 and 409 say why it cannot be."""
        row = handover.ask(invoice_id=self._invoice(number).pk, by=self.user, at=self.at)
        return Response(job_answer(row), status=status.HTTP_202_ACCEPTED)


def _answer(invoice: Invoice) -> dict[str, Any]:
    state = EInvoice.objects.filter(invoice=invoice).first()
    return {
        "invoice": invoice.number,
        "code": CODES[EInvoiceStatus(state.status)] if state else None,
        "status": state.status if state else None,
        "reason_code": state.reason_code if state else "",
        "since": state.since if state else None,
        "events": [_event(row) for row in invoice.einvoice_events.all()],
    }


def _event(row: EInvoiceEvent) -> dict[str, Any]:
    return {
        "id": row.pk,
        "code": CODES[EInvoiceStatus(row.status)],
        "status": row.status,
        "reason_code": row.reason_code,
        "amount": money(row.amount),
        "comment": row.comment,
        "vat": row.vat,
        "happened_at": row.happened_at,
        "outgoing": row.outgoing,
        "sent_at": row.sent_at,
        "external_id": row.external_id,
    }
