"""Runs and reminders by HTTP (contract §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.queries import money
from dunning.enums import ReminderStatus, RunStatus, StepChannel, Unreached
from dunning.models import DunningRun, Reminder, ReminderLine
from dunning.queries.plan import LeftOut, Planned, excluded_of
from dunning.services import runs as services
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import NotFound

Shape = serializers.Serializer[Any]


class RunBody(Shape):
    """Which day; ``dry_run`` stores nothing."""

    as_of = serializers.DateField(required=False, allow_null=True)
    dry_run = serializers.BooleanField(default=False)


class ReminderItemShape(Shape):
    """A document in a reminder.

    ``repeats``: late and listed again, without a step of its own; ``dropped`` says why it was taken out before sending.
    """

    id = serializers.IntegerField()
    document = serializers.CharField()
    step = serializers.IntegerField()
    cycle = serializers.IntegerField()
    amount = amount_field()
    repeats = serializers.BooleanField()
    dropped = serializers.CharField()


class LetterShape(Shape):
    """A letter of a run."""

    id = serializers.IntegerField(allow_null=True)
    account = serializers.CharField()
    step = serializers.IntegerField()
    channel = serializers.ChoiceField(StepChannel.choices)
    currency = serializers.CharField()
    total = amount_field()
    items = ReminderItemShape(many=True)


class ExcludedShape(Shape):
    """An item left out, and why."""

    account = serializers.CharField()
    document = serializers.CharField()
    reason = serializers.CharField()


class RunAnswer(Shape):
    """A run; of a dry one ``id`` is null."""

    id = serializers.IntegerField(allow_null=True)
    as_of = serializers.DateField()
    status = serializers.ChoiceField(RunStatus.choices)
    letters = LetterShape(many=True)
    excluded = ExcludedShape(many=True)


class RunLine(Shape):
    """A run in the list."""

    id = serializers.IntegerField()
    as_of = serializers.DateField()
    status = serializers.ChoiceField(RunStatus.choices)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)


class ReminderAnswer(Shape):
    """One step made towards a client: letter, message or call."""

    id = serializers.IntegerField()
    run = serializers.IntegerField()
    account = serializers.CharField()
    step = serializers.IntegerField()
    channel = serializers.ChoiceField(StepChannel.choices)
    as_of = serializers.DateField()
    status = serializers.ChoiceField(ReminderStatus.choices)
    currency = serializers.CharField()
    total = amount_field()
    sent_at = serializers.DateTimeField(allow_null=True)
    sent_to = serializers.CharField()
    problem = serializers.ChoiceField(Unreached.choices, allow_blank=True)
    items = ReminderItemShape(many=True)


def _planned(row: Planned) -> dict[str, Any]:
    return {
        "id": None,
        "account": row.account,
        "step": row.step,
        "channel": row.channel,
        "currency": row.currency,
        "total": money(row.total),
        "items": [
            {
                "id": each.item,
                "document": each.document,
                "step": each.step,
                "cycle": each.cycle,
                "amount": money(each.amount),
                "repeats": each.repeats,
                "dropped": "",
            }
            for each in row.items
        ],
    }


def _left_out(row: LeftOut) -> dict[str, Any]:
    return {"account": row.account, "document": row.document, "reason": row.reason}


def reminder_answer(reminder: Any) -> dict[str, Any]:
    """A reminder as the API shows it, with its lines at hand."""
    return {
        "id": reminder.pk,
        "run": reminder.run_id,
        "account": reminder.account.code,
        "step": reminder.number,
        "channel": reminder.channel,
        "as_of": reminder.as_of,
        "status": reminder.status,
        "currency": reminder.currency,
        "total": money(reminder.total),
        "sent_at": reminder.sent_at,
        "sent_to": reminder.sent_to,
        "problem": reminder.problem,
        "items": [_line(line) for line in reminder.lines.all()],
    }


def _line(line: ReminderLine) -> dict[str, Any]:
    return {
        "id": line.item_id,
        "document": line.item.document,
        "step": line.step,
        "cycle": line.cycle,
        "amount": money(line.amount),
        "repeats": line.repeats,
        "dropped": line.dropped,
    }


def with_lines(rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
    """Reminders with their client and their lines, in two more statements."""
    lines = ReminderLine.objects.select_related("item").order_by("due_date", "item")
    return rows.select_related("account").prefetch_related(Prefetch("lines", queryset=lines))


class RunViewSet(CompanyViewSet):
    """Runs: proposed, reviewed, sent."""

    queryset = DunningRun.objects.none()
    serializer_class = RunLine
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    ordering_fields = {"as_of": "as_of", "created_at": "created_at"}
    ordering = "-created_at"
    reads = "dunning.run"
    acts = {"create": "dunning.run", "approve": "dunning.run"}

    def get_queryset(self) -> QuerySet[DunningRun]:
        """Runs of the company."""
        return DunningRun.objects.filter(company=self.company).select_related("created_by", "approved_by")

    def list(self, request: Request) -> Response:
        """Runs, the latest first."""
        return self.page(self.get_queryset(), lambda rows: [self._line(row) for row in rows])

    @extend_schema(responses=RunAnswer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """One run with its letters and what it left out."""
        return Response(self._answer(self._run(pk)))

    @extend_schema(request=RunBody, responses={201: RunAnswer})
    def create(self, request: Request) -> Response:
        """Propose the reminders of a day, or look what they would be."""
        body = self.read(RunBody)
        day = body.get("as_of") or paris_date(self.at)
        if body["dry_run"]:
            letters, left_out = services.simulate(company=self.company, as_of=day, by=self.user, at=self.at)
            return Response(
                {
                    "id": None,
                    "as_of": day,
                    "status": RunStatus.PROPOSED,
                    "letters": [_planned(row) for row in letters],
                    "excluded": [_left_out(row) for row in left_out],
                }
            )
        run = services.plan_run(company=self.company, as_of=day, by=self.user, at=self.at)
        return Response(self._answer(run), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: RunAnswer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let its reminders go; what somebody else must sign waits for them."""
        run = services.approve_run(run_id=self._run(pk).pk, by=self.user, at=self.at)
        return Response(self._answer(run))

    def _run(self, pk: str) -> DunningRun:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found

    def _line(self, run: DunningRun) -> dict[str, Any]:
        return {
            "id": run.pk,
            "as_of": run.as_of,
            "status": run.status,
            "created_at": run.created_at,
            "created_by": run.created_by.username if run.created_by else None,
            "approved_by": run.approved_by.username if run.approved_by else None,
        }

    def _answer(self, run: DunningRun) -> dict[str, Any]:
        reminders = with_lines(Reminder.objects.filter(run=run)).order_by("account__code", "currency")
        return {
            "id": run.pk,
            "as_of": run.as_of,
            "status": run.status,
            "letters": [
                {
                    "id": row.pk,
                    "account": row.account.code,
                    "step": row.number,
                    "channel": row.channel,
                    "currency": row.currency,
                    "total": money(row.total),
                    "items": [_line(line) for line in row.lines.all()],
                }
                for row in reminders
            ],
            "excluded": [
                {"account": account, "document": document, "reason": reason}
                for account, document, reason in excluded_of(run.pk)
            ],
        }


class ReminderFilters(filters.FilterSet):
    """``?account= &status= &step= &channel= &run= &as_of= …``."""

    account = filters.CharFilter(field_name="account__code")
    status = filters.ChoiceFilter(choices=ReminderStatus.choices)
    step = filters.NumberFilter(field_name="number", min_value=0, max_value=9)
    channel = filters.ChoiceFilter(choices=StepChannel.choices)
    run = filters.NumberFilter(min_value=1, max_value=2**63 - 1)
    as_of = DayFilter()

    class Meta:
        model = Reminder
        fields: Sequence[str] = ()


class ReminderViewSet(CompanyViewSet):
    """Every step made towards clients, calls included."""

    queryset = Reminder.objects.none()
    serializer_class = ReminderAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = ReminderFilters
    search_fields = ("account__search_key",)
    ordering_fields = {"as_of": "as_of", "step": "number", "total": "total", "account": "account__code"}
    ordering = "-as_of"
    reads = "invoicing.view"

    def get_queryset(self) -> QuerySet[Reminder]:
        """Reminders of the clients this user may see."""
        return with_lines(Reminder.objects.visible_to(self.user, self.company))

    def list(self, request: Request) -> Response:
        """Reminders, the latest first."""
        return self.page(self.get_queryset(), lambda rows: [reminder_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One reminder."""
        return Response(reminder_answer(self._reminder(pk)))

    @extend_schema(responses={200: OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, pk: str) -> Any:
        """Its letter on paper, once it has left."""
        reminder = self._reminder(pk)
        if not reminder.file:
            raise NotFound
        with reminder.file.open() as content:
            return pdf_response(content.read(), f"reminder-{reminder.pk}.pdf")

    def _reminder(self, pk: str) -> Reminder:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found
