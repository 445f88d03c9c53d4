"""Scenarios by HTTP, to be read: which steps a client goes through, on which day, by which channel."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.enums import ContactRole
from dunning.enums import StepChannel, StepOwner
from dunning.models import DunningScenario
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.routing import ROW_ID
from o2c.shared.problems import NotFound

Shape = serializers.Serializer[Any]


_STEP_FIELDS: Final = (
    "number", "day", "channel", "owner", "contact", "quotes_penalties", "attaches_invoices", "is_formal", "subject_fr",
    "body_fr", "subject_en", "body_en",
)  # fmt: skip


class StepShape(Shape):
    """One step; its day is counted from the due date, negative before it."""

    number = serializers.IntegerField()
    day = serializers.IntegerField()
    channel = serializers.ChoiceField(StepChannel.choices)
    owner = serializers.ChoiceField(StepOwner.choices)
    contact = serializers.ChoiceField(ContactRole.choices)
    min_amount = amount_field()
    quotes_penalties = serializers.BooleanField()
    attaches_invoices = serializers.BooleanField()
    is_formal = serializers.BooleanField()
    subject_fr = serializers.CharField()
    body_fr = serializers.CharField()
    subject_en = serializers.CharField()
    body_en = serializers.CharField()


class ScenarioAnswer(Shape):
    """A scenario in use; of all clients where neither class nor account is named."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    risk_class = serializers.CharField(allow_blank=True)
    account = serializers.CharField(allow_null=True)
    grace_days = serializers.IntegerField()
    min_amount = amount_field()
    min_gap_days = serializers.IntegerField()
    most_contacts = serializers.IntegerField(allow_null=True)
    formal_days = serializers.IntegerField()
    automatic_until = serializers.IntegerField(allow_null=True)
    steps = StepShape(many=True)


class ScenarioViewSet(CompanyViewSet):
    """Scenarios in use; they are changed on their page."""

    queryset = DunningScenario.objects.none()
    serializer_class = ScenarioAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    ordering_fields = {"risk_class": "risk_class", "name": "name"}
    ordering = "risk_class"
    reads = "dunning.run"

    def get_queryset(self) -> QuerySet[DunningScenario]:
        """Scenarios in use of the company."""
        rows = (
            DunningScenario.objects.filter(is_active=True).select_related("account").prefetch_related("steps")
        )
        return rows.filter(company=self.company)

    def list(self, request: Request) -> Response:
        """Scenarios, that of all clients first."""
        return self.page(self.get_queryset(), lambda rows: [_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One scenario."""
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return Response(_answer(found))


def _answer(scenario: DunningScenario) -> dict[str, Any]:
    return {
        "id": scenario.pk,
        "name": scenario.name,
        "risk_class": scenario.risk_class,
        "account": scenario.account.code if scenario.account else None,
        "grace_days": scenario.grace_days,
        "min_amount": f"{scenario.min_amount:.2f}",
        "min_gap_days": scenario.min_gap_days,
        "most_contacts": scenario.most_contacts,
        "formal_days": scenario.formal_days,
        "automatic_until": scenario.automatic_until,
        "steps": [
            {name: getattr(step, name) for name in _STEP_FIELDS} | {"min_amount": f"{step.min_amount:.2f}"}
            for step in scenario.steps.all()
        ],
    }
