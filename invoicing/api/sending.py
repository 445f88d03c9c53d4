"""``invoices/{number}/send/``: a document to the client's contacts by mail, and what became of it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.enums import ContactRole
from invoicing.models import DocumentMail, Invoice
from invoicing.sending import services
from invoicing.sending.policy import LeftOut, MailState, worst
from invoicing.sending.queries import addressees_of
from o2c.shared.models import OutboxEvent, OutboxMessage

from .einvoices import EInvoicesViewSet

Shape = serializers.Serializer[Any]


class SendBody(Shape):
    """``again`` sends also to addresses that have it; ``trusted`` names addresses that came back and work again.

    ``proofs`` adds the client's order, our confirmation and the delivery notes.
    """

    again = serializers.BooleanField(default=False)
    proofs = serializers.BooleanField(default=False)
    trusted = serializers.ListField(child=serializers.EmailField(), default=list, max_length=50)


class SentEvent(Shape):
    """One thing that happened to a message."""

    what = serializers.ChoiceField(OutboxEvent.What.choices)
    at = serializers.DateTimeField()
    code = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)


class SentMessage(Shape):
    """One message that takes the document to an address; ``current`` while no later one took its place."""

    id = serializers.IntegerField()
    to = serializers.CharField()
    role = serializers.ChoiceField(ContactRole.choices)
    state = serializers.ChoiceField(OutboxMessage.State.choices)
    bounce = serializers.CharField(allow_blank=True)
    current = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    events = SentEvent(many=True)


class LeftOutAnswer(Shape):
    """An address to which nothing was written, and why."""

    to = serializers.CharField()
    why = serializers.ChoiceField(LeftOut.choices)


class SendingAnswer(Shape):
    """Where a document stands on its way to the client: the worst of its addresses, null before the first message.

    ``fallback`` is the role that stands in where nobody is named for invoice receipt.
    """

    invoice = serializers.CharField()
    state = serializers.ChoiceField(MailState.choices, allow_null=True)
    recipients = serializers.ListField(child=serializers.CharField())
    fallback = serializers.ChoiceField(ContactRole.choices, allow_null=True)
    messages = SentMessage(many=True)
    left_out = LeftOutAnswer(many=True)


class SendingViewSet(EInvoicesViewSet):
    """Documents with their way to the client."""

    acts = {**EInvoicesViewSet.acts, "send_now": services.RIGHT}

    @extend_schema(responses=SendingAnswer)
    @action(detail=True, methods=["get"])
    def send(self, request: Request, number: str) -> Response:
        """To whom it goes, and what became of every message."""
        return Response(_answer(self._invoice(number), ()))

    @extend_schema(request=SendBody, responses={200: SendingAnswer})
    @send.mapping.post
    def send_now(self, request: Request, number: str) -> Response:
        """Send it. Addresses that have it, or take no mail, are left out and named."""
        invoice, body = self._invoice(number), self.read(SendBody)
        made = services.send_document(invoice_id=invoice.pk, by=self.user, at=self.at, **body)
        return Response(_answer(invoice, made.left_out), status=status.HTTP_200_OK)


def _answer(invoice: Invoice, left_out: Any) -> dict[str, Any]:
    mails = DocumentMail.objects.filter(invoice=invoice).select_related("message")
    rows = list(mails.prefetch_related("message__events"))
    found = addressees_of(invoice.account)
    return {
        "invoice": invoice.number,
        "state": worst({row.message.state for row in rows if row.superseded_at is None}),
        "recipients": [each.address for each in found.chosen],
        "fallback": found.fallback,
        "messages": [_message(row) for row in rows],
        "left_out": [{"to": each.address, "why": why.value} for each, why in left_out],
    }


def _message(row: DocumentMail) -> dict[str, Any]:
    message = row.message
    return {
        "id": message.pk,
        "to": row.address,
        "role": row.role,
        "state": message.state,
        "bounce": message.bounce,
        "current": row.superseded_at is None,
        "created_at": message.created_at,
        "sent_at": message.sent_at,
        "events": [
            {"what": event.what, "at": event.at, "code": event.code, "text": event.text}
            for event in message.events.all()
        ],
    }
