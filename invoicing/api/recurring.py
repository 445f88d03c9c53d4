"""Recurring invoices: ``recurring-invoices/``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.queries import money
from invoicing.models import RecurringInvoice
from invoicing.policy import LineInput
from invoicing.recurring import queries, services
from invoicing.recurring.policy import Rhythm, Timing
from invoicing.services.shared import require
from o2c.shared.api import Pages
from o2c.shared.api.bodies import (
    KeyField,
    amount_field,
    plain_number,
    price_field,
    quantity_field,
    rate_field,
)
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date

from .serializers import MOST_LINES, DocumentLine, Shape

_STATES = ("running", "stuck", "paused", "finished", "ended")


class RecurringDays(Shape):
    """Which client, how often and when; ``term`` is the client's where it is left out."""

    account = KeyField(max_length=60)
    rhythm = serializers.ChoiceField(Rhythm.choices)
    timing = serializers.ChoiceField(Timing.choices, default=Timing.ADVANCE)
    first_day = serializers.DateField()
    last_day = serializers.DateField(required=False, allow_null=True, default=None)
    term = serializers.CharField(max_length=40, allow_blank=True, default="")


class RecurringBody(RecurringDays):
    """A schedule to set up."""

    customer_reference = serializers.CharField(max_length=120, allow_blank=True, default="")
    lines = serializers.ListField(child=DocumentLine(), min_length=1, max_length=MOST_LINES)


class RecurringReason(Shape):
    """Why."""

    reason = serializers.CharField(max_length=300)


class RecurringResume(Shape):
    """Whether what fell due in the pause is billed, or left out for good."""

    catch_up = serializers.BooleanField(default=False)


class ComingAnswer(Shape):
    """A date to come, and the same in plain words."""

    first = serializers.DateField()
    last = serializers.DateField()
    bill_on = serializers.DateField()
    due_date = serializers.DateField()
    text = serializers.CharField()


class RecurringPreviewAnswer(Shape):
    """The next dates."""

    results = ComingAnswer(many=True)


class RecurringAnswer(Shape):
    """A schedule; ``problem`` says why its next period could not be billed."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    status = serializers.ChoiceField(_STATES)
    rhythm = serializers.ChoiceField(Rhythm.choices)
    timing = serializers.ChoiceField(Timing.choices)
    first_day = serializers.DateField()
    last_day = serializers.DateField(allow_null=True)
    next_on = serializers.DateField(allow_null=True)
    term = serializers.CharField()
    customer_reference = serializers.CharField()
    currency = serializers.CharField()
    total_excl_vat = amount_field()
    problem = serializers.DictField()


class RecurringLineAnswer(Shape):
    """A line of each invoice."""

    line = serializers.IntegerField()
    sku = serializers.CharField()
    description = serializers.CharField()
    quantity = quantity_field()
    unit_price = price_field()
    vat_rate = rate_field()


class RecurringPeriodAnswer(Shape):
    """A period that is settled; without an invoice it was left out, or the invoice is a colleague's."""

    first = serializers.DateField()
    last = serializers.DateField()
    billed = serializers.BooleanField()
    invoice = serializers.CharField(allow_null=True)


class RecurringOneAnswer(RecurringAnswer):
    """A schedule with its lines, what comes and what it made."""

    lines = RecurringLineAnswer(many=True)
    coming = ComingAnswer(many=True)
    periods = RecurringPeriodAnswer(many=True)


class RecurringViewSet(CompanyViewSet):
    """What is invoiced again and again."""

    queryset = RecurringInvoice.objects.none()
    serializer_class = RecurringAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    search_fields = ("account__name", "account__code", "customer_reference")
    ordering_fields = {"next_on": "next_on", "first_day": "first_day"}
    ordering = "-first_day"
    reads = "invoicing.view"
    acts = dict.fromkeys(("create", "preview", "pause", "resume", "end"), services.RIGHT)

    def get_queryset(self) -> QuerySet[RecurringInvoice]:
        """Schedules of the clients this user may see."""
        return queries.schedules(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Schedules."""
        return self.page(self.get_queryset(), lambda rows: [_answer(row) for row in rows])

    @extend_schema(responses=RecurringOneAnswer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """One schedule with what it made."""
        return Response(self._whole(self._one(pk)))

    @extend_schema(request=RecurringBody, responses={201: RecurringOneAnswer})
    def create(self, request: Request) -> Response:
        """Set one up; what is due already is billed at once, in order."""
        body = self.read(RecurringBody)
        account = self.account(body.pop("account"))
        lines = [
            LineInput(
                description=line["description"],
                quantity=line["quantity"],
                unit_price=line["unit_price"],
                vat_rate=line["vat_rate"],
                sku=line["sku"],
            )
            for line in body.pop("lines")
        ]
        made = services.create_schedule(
            company=self.company, account=account, lines=lines, by=self.user, at=self.at, **body
        )
        return Response(self._whole(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=RecurringDays, responses={200: RecurringPreviewAnswer})
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """The next dates of a schedule that is not stored, with the same in plain words."""
        require(self.user, services.RIGHT, self.company)
        body = self.read(RecurringDays)
        account = self.account(body.pop("account"))
        body["term"] = body["term"] or account.term
        rows = queries.coming(start=0, today=paris_date(self.at), **body)
        return Response({"results": _coming(rows)})

    @extend_schema(request=RecurringReason, responses={200: RecurringOneAnswer})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Bill nothing until it goes on."""
        found, body = self._one(pk), self.read(RecurringReason)
        services.pause(schedule_id=found.pk, by=self.user, at=self.at, **body)
        return Response(self._whole(self._one(pk)))

    @extend_schema(request=RecurringResume, responses={200: RecurringOneAnswer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on after a pause."""
        found, body = self._one(pk), self.read(RecurringResume)
        services.resume(schedule_id=found.pk, by=self.user, at=self.at, **body)
        return Response(self._whole(self._one(pk)))

    @extend_schema(request=RecurringReason, responses={200: RecurringOneAnswer})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Bill nothing more, for good."""
        found, body = self._one(pk), self.read(RecurringReason)
        services.end(schedule_id=found.pk, by=self.user, at=self.at, **body)
        return Response(self._whole(self._one(pk)))

    def _one(self, pk: str) -> RecurringInvoice:
        return queries.find_schedule(self.user, self.company, int(pk))

    def _whole(self, row: RecurringInvoice) -> dict[str, Any]:
        return _answer(row) | {
            "lines": [
                {
                    "line": line.line,
                    "sku": line.sku,
                    "description": line.description,
                    "quantity": plain_number(line.quantity),
                    "unit_price": plain_number(line.unit_price, places=2),
                    "vat_rate": money(line.vat_rate),
                }
                for line in row.lines.all()
            ],
            "coming": _coming(queries.coming_of(row, paris_date(self.at))),
            "periods": [
                {
                    "first": each.first,
                    "last": each.last,
                    "billed": each.invoice_id is not None,
                    "invoice": each.shown.number if each.shown else None,  # type: ignore[attr-defined]
                }
                for each in queries.settled(row, self.user)
            ],
        }


def _coming(rows: Sequence[queries.Coming]) -> list[dict[str, Any]]:
    return [
        {
            "first": row.period.first,
            "last": row.period.last,
            "bill_on": row.period.bill_on,
            "due_date": row.due,
            "text": row.text,
        }
        for row in rows
    ]


def _answer(row: RecurringInvoice) -> dict[str, Any]:
    return {
        "id": row.pk,
        "account": row.account.code,
        "status": row.status,
        "rhythm": row.rhythm,
        "timing": row.timing,
        "first_day": row.first_day,
        "last_day": row.last_day,
        "next_on": row.next_on,
        "term": row.term,
        "customer_reference": row.customer_reference,
        "currency": row.currency,
        "total_excl_vat": money(row.total_excl_vat),
        "problem": _problem(row) if row.problem_code else {},
    }


def _problem(row: RecurringInvoice) -> dict[str, Any]:
    found = [each._asdict() for each in queries.in_the_way(row)]
    return {"code": row.problem_code, "message": queries.why_unbilled(row), "findings": found}
