"""Interest notes and waivers: ``interest-notes/``, ``invoices/{number}/interest/waive/`` and ``…/lift/``."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge, CompanyViewSet
from credit.queries import money
from invoicing.interest_policy import FEE_CURRENCY
from invoicing.interest_queries import interest_of
from invoicing.models import Invoice, PenaltyNote, PenaltyWaiver
from invoicing.services import penalties, waivers
from invoicing.services.shared import require
from o2c.shared.api import Pages
from o2c.shared.api.bodies import KeyField, amount_field
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotFound

from .interest import InterestAnswer, interest_answer
from .serializers import MOST_LINES, Shape


class InterestNoteBody(Shape):
    """Which late invoices of one client are claimed, and up to when; today where it is left out."""

    account = KeyField(max_length=40)
    invoices = serializers.ListField(child=KeyField(max_length=60), min_length=1, max_length=MOST_LINES)
    as_of = serializers.DateField(required=False, allow_null=True, default=None)


class InterestReason(Shape):
    """Why."""

    reason = serializers.CharField(max_length=2000)


class WaiveBody(InterestReason):
    """What is not claimed: the interest, the indemnity, or both."""

    interest = serializers.BooleanField(default=True)
    fee = serializers.BooleanField(default=True)


class InterestNoteAnswer(Shape):
    """A note; ``fee`` is in ``fee_currency`` whatever the invoices are in. Negative where it takes another one back."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    account = serializers.CharField()
    issue_date = serializers.DateField()
    due_date = serializers.DateField()
    as_of = serializers.DateField()
    currency = serializers.CharField()
    interest = amount_field()
    fee = amount_field()
    fee_currency = serializers.CharField()
    invoices = serializers.ListField(child=serializers.CharField())
    cancels = serializers.CharField(allow_null=True)
    cancelled_by = serializers.CharField(allow_null=True)


class InterestNoteViewSet(CompanyViewSet):
    """Late-payment interest claimed from clients."""

    queryset = PenaltyNote.objects.none()
    serializer_class = InterestNoteAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    search_fields = ("number", "account__name", "account__code")
    ordering_fields = {"issue_date": "issue_date", "number": "number"}
    ordering = "-issue_date"
    reads = "invoicing.view"
    acts = dict.fromkeys(("create", "cancel"), penalties.RIGHT)

    def get_queryset(self) -> QuerySet[PenaltyNote]:
        """Notes of the clients this user may see."""
        seen = PenaltyNote.objects.visible_to(self.user, self.company)
        return seen.select_related("account", "cancels", "cancelled_by").prefetch_related(
            "claims__invoice", "cancels__claims__invoice"
        )

    def list(self, request: Request) -> Response:
        """Notes."""
        return self.page(self.get_queryset(), lambda rows: [_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One note."""
        return Response(_answer(self._one(pk)))

    @extend_schema(request=InterestNoteBody, responses={201: InterestNoteAnswer})
    def create(self, request: Request) -> Response:
        """Claim what late invoices of a client have run up; days claimed before are left out."""
        require(self.user, penalties.RIGHT, self.company)
        body = self.read(InterestNoteBody)
        account = self.account(body["account"])
        seen = Invoice.objects.visible_to(self.user, self.company).filter(account=account)
        keys = dict(seen.filter(number__in=body["invoices"]).values_list("number", "pk"))
        if set(keys) != set(body["invoices"]):
            raise NotFound(code="invoice_not_found")
        note = penalties.claim_interest(
            account_id=account.pk,
            invoice_ids=keys.values(),
            as_of=body["as_of"] or paris_date(self.at),
            by=self.user,
            at=self.at,
        )
        return Response(_answer(self._one(str(note.pk))), status=status.HTTP_201_CREATED)

    @extend_schema(request=InterestReason, responses={200: InterestNoteAnswer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Take it back by another note; its days may be claimed again."""
        found, body = self._one(pk), self.read(InterestReason)
        penalties.cancel_penalty_note(note_id=found.pk, by=self.user, at=self.at, **body)
        return Response(_answer(self._one(pk)))

    def _one(self, pk: str) -> PenaltyNote:
        found: PenaltyNote | None = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound(code="interest_note_not_found")
        return found


class _OfInvoice(CompanyEdge):
    """An act on the interest of one invoice."""

    serializer_class = InterestAnswer
    acts = {"post": waivers.RIGHT}

    def invoice(self, number: str) -> Invoice:
        """The invoice with this number.

        :raises NotFound: there is none, or it is not this user's to see
        """
        seen = Invoice.objects.visible_to(self.user, self.company).select_related("account")
        found: Invoice | None = seen.filter(number=number).first()
        if found is None:
            raise NotFound(code="invoice_not_found")
        return found

    def answer(self, invoice: Invoice) -> Response:
        """What the invoice has run up by today, with what is waived of it."""
        today = paris_date(self.at)
        found = interest_of([invoice.pk], today).get(invoice.pk)
        if found is None:
            raise NotFound(code="no_interest")
        return Response(interest_answer(found, invoice.account.code))


class WaiveInterestView(_OfInvoice):
    """``invoices/{number}/interest/waive/``."""

    @extend_schema(request=WaiveBody, responses=InterestAnswer)
    def post(self, request: Request, number: str) -> Response:
        """Choose not to claim it, with the reason; the same once more changes nothing."""
        invoice, body = self.invoice(number), self.read(WaiveBody)
        waivers.waive_interest(invoice_id=invoice.pk, by=self.user, at=self.at, **body)
        return self.answer(invoice)


class LiftWaiverView(_OfInvoice):
    """``invoices/{number}/interest/lift/``."""

    @extend_schema(request=InterestReason, responses=InterestAnswer)
    def post(self, request: Request, number: str) -> Response:
        """Lift every waiver in force of it: it may be claimed again.

        :raises NotFound: nothing is waived
        """
        invoice, body = self.invoice(number), self.read(InterestReason)
        rows = list(PenaltyWaiver.objects.filter(invoice=invoice, lifted_at=None).order_by("pk"))
        if not rows:
            raise NotFound(code="no_waiver")
        for row in rows:
            waivers.lift_waiver(waiver_id=row.pk, by=self.user, at=self.at, **body)
        return self.answer(invoice)


def _answer(row: PenaltyNote) -> dict[str, Any]:
    undone = getattr(row, "cancelled_by", None)
    claimed = row.cancels or row
    return {
        "id": row.pk,
        "number": row.number,
        "account": row.account.code,
        "issue_date": row.issue_date,
        "due_date": row.due_date,
        "as_of": row.as_of,
        "currency": row.currency,
        "interest": money(row.interest),
        "fee": money(row.fee),
        "fee_currency": FEE_CURRENCY,
        "invoices": [claim.invoice.number for claim in claimed.claims.all()],
        "cancels": row.cancels.number if row.cancels else None,
        "cancelled_by": undone.number if undone else None,
    }
