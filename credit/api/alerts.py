"""Credit alerts by HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.alerts import services
from credit.alerts.queries import alerts_visible
from credit.alerts.review_policy import KINDS
from credit.alerts.words import remedy, sentence
from credit.enums import AlertKind, AlertOutcome, AlertStatus
from credit.models import CreditAlert
from o2c.shared.api import Pages
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.routing import ROW_ID
from o2c.shared.problems import NotFound

Shape = serializers.Serializer[Any]


class AlertAnswerBody(Shape):
    """What was done about an alert."""

    outcome = serializers.ChoiceField(AlertOutcome.choices)
    comment = serializers.CharField(max_length=2000, allow_blank=True, default="")


class AlertAnswer(Shape):
    """An alert as the API shows it; ``figures`` depend on its kind, amounts are strings with two decimals."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    kind = serializers.ChoiceField(AlertKind.choices)
    figures = serializers.DictField()
    message = serializers.CharField()
    remedy = serializers.CharField()
    due_on = serializers.DateField()
    owner = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(AlertStatus.choices)
    outcome = serializers.CharField()
    comment = serializers.CharField()
    raised_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.CharField(allow_null=True)


def alert_answer(alert: CreditAlert) -> dict[str, Any]:
    """An alert as the API shows it; it comes from ``alerts_visible``."""
    return {
        "id": alert.pk,
        "account": alert.account.code,
        "kind": alert.kind,
        "figures": alert.figures,
        "message": sentence(alert),
        "remedy": remedy(alert),
        "due_on": alert.due_on,
        "owner": alert.owner.username if alert.owner else None,
        "status": alert.status,
        "outcome": alert.outcome,
        "comment": alert.comment,
        "raised_at": alert.raised_at,
        "ended_at": alert.ended_at,
        "ended_by": alert.ended_by.username if alert.ended_by else None,
    }


class AlertFilters(filters.FilterSet):
    """``?account= &kind= &status= &owner= &due_on= … &review=``, the last for what asks to look at a limit again."""

    account = filters.CharFilter(field_name="account__code")
    kind = filters.ChoiceFilter(choices=AlertKind.choices)
    status = filters.ChoiceFilter(choices=AlertStatus.choices)
    owner = filters.CharFilter(field_name="owner__username")
    due_on = DayFilter()
    review = filters.BooleanFilter(method="asks_review")

    class Meta:
        model = CreditAlert
        fields: Sequence[str] = ()

    def asks_review(self, rows: QuerySet[CreditAlert], name: str, value: bool) -> QuerySet[CreditAlert]:
        """Reviews of limits, or all the others."""
        return rows.filter(kind__in=KINDS) if value else rows.exclude(kind__in=KINDS)


class AlertViewSet(CompanyViewSet):
    """What the figures of clients ask somebody to look at, each with its owner, its day and what was done."""

    queryset = CreditAlert.objects.none()
    serializer_class = AlertAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = AlertFilters
    search_fields = ("account__search_key",)
    ordering_fields = {"due_on": "due_on", "raised_at": "raised_at"}
    ordering = "due_on"
    reads = "accounts.view"
    acts = {"answer": "accounts.view", "take": services.RIGHT}

    def get_queryset(self) -> QuerySet[CreditAlert]:
        """Alerts about the clients this user may see."""
        return alerts_visible(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Alerts, the most urgent first."""
        return self.page(self.get_queryset(), lambda rows: [alert_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One alert."""
        return Response(alert_answer(self._alert(pk)))

    @extend_schema(request=AlertAnswerBody)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """Say what was done: by its owner, or by whoever may watch clients."""
        body = self.read(AlertAnswerBody)
        services.answer(
            alert_id=self._alert(pk).pk,
            outcome=AlertOutcome(body["outcome"]),
            comment=body["comment"],
            by=self.user,
            at=self.at,
        )
        return Response(alert_answer(self._alert(pk)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: str) -> Response:
        """Make it one's own."""
        services.take(alert_id=self._alert(pk).pk, by=self.user, at=self.at)
        return Response(alert_answer(self._alert(pk)))

    def _alert(self, pk: str) -> CreditAlert:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found
