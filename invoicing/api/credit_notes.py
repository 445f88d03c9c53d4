"""Credit notes on an invoice: asked for, issued within one's own authority, else approved by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import CustomerAccount
from credit.api.serializers import ReasonBody
from credit.queries import money
from invoicing import services
from invoicing.enums import CreditRequestStatus
from invoicing.models import CreditNoteRequest, Invoice, ReceivableItem
from invoicing.services.credit_authority import required_role
from invoicing.services.credit_notes import RIGHT, NotWaiting
from o2c.shared.api.bodies import KeyField, amount_field, body_hash, price_field, quantity_field, rate_field
from o2c.shared.api.replays import creation_answer, enter_once
from o2c.shared.problems import NotAllowed, NotFound

from .documents import DocumentViewSet
from .serializers import MOST_LINES, row_id

Shape = serializers.Serializer[Any]


class CreditLineBody(Shape):
    """A line to credit; with ``line`` of the invoice, what is left out is taken from there."""

    line = serializers.IntegerField(min_value=1, max_value=9_999_999, required=False)
    sku = serializers.CharField(max_length=60, allow_blank=True, required=False)
    description = serializers.CharField(max_length=300, required=False)
    quantity = quantity_field()
    unit_price = price_field(required=False)
    vat_rate = rate_field(required=False)


class CreditBody(Shape):
    """An amount incl. VAT, or lines; why; a number of another series than the portal's own."""

    amount = amount_field(required=False, allow_null=True)
    lines = serializers.ListField(
        child=CreditLineBody(), required=False, allow_null=True, max_length=MOST_LINES
    )
    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")
    reason_code = serializers.RegexField(
        r"^[A-Z][A-Z0-9_]*$", max_length=30, required=False, allow_blank=True
    )
    number = KeyField(max_length=60, required=False, allow_null=True)


class CreditDecision(ReasonBody):
    """Which one, where several wait: by its key."""

    id = row_id(required=False, allow_null=True)


class CreditAnswer(Shape):
    """A credit note, or the wish for one; ``number`` is null until it is issued."""

    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)
    invoice = serializers.CharField()
    account = serializers.CharField()
    amount = amount_field()
    currency = serializers.CharField()
    allocated = amount_field()
    status = serializers.ChoiceField(CreditRequestStatus.choices)
    reason = serializers.CharField()
    reason_code = serializers.CharField(allow_blank=True)
    required_role = serializers.CharField(allow_null=True)
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField(allow_blank=True)


def requests_with_parts(requests: QuerySet[CreditNoteRequest]) -> QuerySet[CreditNoteRequest]:
    """Wishes with all that an answer shows, in a constant number of queries."""
    return requests.select_related(
        "company", "invoice", "account", "credit_note", "requested_by", "decided_by"
    ).prefetch_related(Prefetch("credit_note__items", ReceivableItem.objects.order_by("pk")))


class CreditNotesViewSet(DocumentViewSet):
    """Documents with the credit notes that correct them."""

    lists = (*DocumentViewSet.lists, "credit_notes")
    acts = {
        **DocumentViewSet.acts,
        "credit": "invoicing.credit",
        "approve_credit": "invoicing.credit",
        "approve_note": "invoicing.credit",
        "refuse_credit": "invoicing.credit",
    }

    @extend_schema(request=CreditBody, responses={200: CreditAnswer, 201: CreditAnswer})
    @action(detail=True, methods=["post"])
    def credit(self, request: Request, number: str) -> Response:
        """Credit a part of an invoice or all of it.

        Within one's own authority the credit note is issued and put on what is open at once; above, it is
        pending until somebody else approves it.
        """
        invoice, body = self._invoice(number), self.read(CreditBody)
        own, hashed = body.get("number"), body_hash({**body, "invoice": invoice.number})
        taken = CreditNoteRequest.objects.filter(company=self.company, number=own).exclude(
            status=CreditRequestStatus.REFUSED
        )
        entered = enter_once(
            find=lambda: taken.first() if own else None,
            create=lambda: services.credit_invoice(
                invoice_id=invoice.pk,
                amount=body.get("amount"),
                lines=[services.CreditLine(**line) for line in body.get("lines") or ()],
                reason=body["reason"],
                reason_code=body.get("reason_code", ""),
                number=own,
                creation_hash=hashed,
                by=self.user,
                at=self.at,
            ),
            body_hash=hashed,
        )
        return creation_answer(self._credit_answer(entered.document), is_new=entered.is_new)

    @extend_schema(responses=CreditAnswer(many=True))
    @credit.mapping.get
    def credit_notes(self, request: Request, number: str) -> Response:
        """The credit notes of an invoice and those that wait or were refused, newest first."""
        rows = requests_with_parts(CreditNoteRequest.objects.filter(invoice=self._invoice(number)))
        found = self.paginate_queryset(rows.order_by("-requested_at", "-pk"))
        return self.get_paginated_response([self._told(row) for row in found or []])

    @extend_schema(request=CreditDecision, responses=CreditAnswer)
    @action(detail=True, methods=["post"], url_path="credit/approve")
    def approve_credit(self, request: Request, number: str) -> Response:
        """Issue the credit note that waits on this invoice."""
        return self._decide(number, services.approve_credit_note)

    @extend_schema(request=CreditDecision, responses=CreditAnswer)
    @action(detail=True, methods=["post"], url_path="approve")
    def approve_note(self, request: Request, number: str) -> Response:
        """Issue a credit note that waits, by its own number or that of its invoice."""
        return self._decide(number, services.approve_credit_note)

    @extend_schema(request=CreditDecision, responses=CreditAnswer)
    @action(detail=True, methods=["post"], url_path="credit/refuse")
    def refuse_credit(self, request: Request, number: str) -> Response:
        """Refuse the credit note that waits on this invoice."""
        return self._decide(number, services.refuse_credit_note)

    def _decide(self, number: str, act: Any) -> Response:
        body = self.read(CreditDecision)
        waiting = self._waiting(number, body.get("id"))
        decided = act(request_id=waiting.pk, reason=body["reason"], by=self.user, at=self.at)
        return Response(self._credit_answer(decided))

    def _waiting(self, number: str, key: int | None) -> CreditNoteRequest:
        """The one wish that is meant.

        :raises NotFound: no such document, or not this user's to see
        :raises NotAllowed: without the right to decide
        :raises NotWaiting: nothing waits on it, or more than one without saying which
        """
        visible = CreditNoteRequest.objects.filter(
            company=self.company, account__in=CustomerAccount.objects.visible_to(self.user, self.company)
        )
        named = visible.filter(number=number)
        if not named.exists():
            named = visible.filter(invoice=self._invoice(number))
        if not self.user.may(RIGHT, self.company):
            raise NotAllowed
        if key is not None:
            found = named.filter(pk=key).first()
            if found is None:
                raise NotFound
            return found
        waiting = list(named.filter(status=CreditRequestStatus.PENDING)[:2])
        if len(waiting) > 1:
            raise NotWaiting(_("Several credit notes wait on this invoice: say which by its id."))
        if not waiting:
            raise NotWaiting
        return waiting[0]

    def _invoice(self, number: str) -> Invoice:
        found = self.get_queryset().filter(number=number).first()
        if found is None:
            raise NotFound(code="invoice_not_found")
        return found

    def _credit_answer(self, found: CreditNoteRequest) -> dict[str, Any]:
        return self._told(requests_with_parts(CreditNoteRequest.objects.filter(pk=found.pk)).get())

    def _told(self, row: CreditNoteRequest) -> dict[str, Any]:
        items = row.credit_note.items.all() if row.credit_note else ()
        pending = row.status == CreditRequestStatus.PENDING
        told: Mapping[str, Any] = {
            "id": row.pk,
            "number": row.number or None,
            "invoice": row.invoice.number,
            "account": row.account.code,
            "amount": money(row.amount),
            "currency": row.currency,
            "allocated": money(sum((item.open_amount - item.amount for item in items), start=row.amount * 0)),
            "status": row.status,
            "reason": row.reason,
            "reason_code": row.reason_code,
            "required_role": required_role(row, self.at) if pending else None,
            "requested_by": row.requested_by.username,
            "requested_at": row.requested_at,
            "decided_by": row.decided_by.username if row.decided_by else None,
            "decided_at": row.decided_at,
            "decision_reason": row.decision_reason,
        }
        return dict(told)
