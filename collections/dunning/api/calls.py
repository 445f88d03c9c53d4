"""Calls by HTTP: what a client said, and what came of it (contract §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from disputes.enums import DisputeType
from dunning.enums import CallOutcome, DelayReason
from dunning.models import Call
from dunning.services import calls as services
from invoicing.api.serializers import row_id
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.routing import ROW_ID
from o2c.shared.problems import NotFound

from .promises import MOST_ITEMS

Shape = serializers.Serializer[Any]


class CallBody(Shape):
    """A call: with a promise its items, amount and day; with a dispute its items and type."""

    account = serializers.CharField(max_length=40)
    outcome = serializers.ChoiceField(CallOutcome.choices)
    items = serializers.ListField(child=row_id(), max_length=MOST_ITEMS, default=list)
    amount = amount_field(required=False, allow_null=True)
    promised_date = serializers.DateField(required=False, allow_null=True)
    dispute_type = serializers.ChoiceField(DisputeType.choices, required=False, allow_blank=True, default="")
    reason = serializers.ChoiceField(DelayReason.choices, required=False, allow_blank=True, default="")
    spoke_to = serializers.CharField(max_length=120, allow_blank=True, default="")
    note = serializers.CharField(max_length=4000, allow_blank=True, default="")
    next_date = serializers.DateField(required=False, allow_null=True)
    satisfaction = serializers.IntegerField(min_value=1, max_value=5, required=False, allow_null=True)
    topic = serializers.CharField(max_length=80, allow_blank=True, default="")


class CallAnswer(Shape):
    """A call as the API shows it; ``promise`` and ``dispute`` are what came of it."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    outcome = serializers.ChoiceField(CallOutcome.choices)
    reason = serializers.CharField()
    spoke_to = serializers.CharField()
    note = serializers.CharField()
    next_date = serializers.DateField(allow_null=True)
    satisfaction = serializers.IntegerField(allow_null=True)
    topic = serializers.CharField()
    promise = serializers.IntegerField(allow_null=True)
    dispute = serializers.IntegerField(allow_null=True)
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()


def call_answer(call: Call) -> dict[str, Any]:
    """A call as the API shows it."""
    return {
        "id": call.pk,
        "account": call.account.code,
        "outcome": call.outcome,
        "reason": call.reason,
        "spoke_to": call.spoke_to,
        "note": call.note,
        "next_date": call.next_date,
        "satisfaction": call.satisfaction,
        "topic": call.topic,
        "promise": call.promise_id,
        "dispute": call.dispute_id,
        "made_by": call.made_by.username,
        "made_at": call.made_at,
    }


class CallFilters(filters.FilterSet):
    """``?account= &outcome= &made_by=``."""

    account = filters.CharFilter(field_name="account__code")
    outcome = filters.ChoiceFilter(choices=CallOutcome.choices)
    made_by = filters.CharFilter(field_name="made_by__username")

    class Meta:
        model = Call
        fields: Sequence[str] = ()


class CallViewSet(CompanyViewSet):
    """Calls with clients; never changed."""

    queryset = Call.objects.none()
    serializer_class = CallAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = CallFilters
    search_fields = ("account__search_key", "spoke_to")
    ordering_fields = {"made_at": "made_at"}
    ordering = "-made_at"
    reads = "invoicing.view"
    acts = {"create": "dunning.promise"}

    def get_queryset(self) -> QuerySet[Call]:
        """Calls with the clients this user may see."""
        return Call.objects.visible_to(self.user, self.company).select_related("account", "made_by")

    def list(self, request: Request) -> Response:
        """Calls, the latest first."""
        return self.page(self.get_queryset(), lambda rows: [call_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One call."""
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return Response(call_answer(found))

    @extend_schema(request=CallBody)
    def create(self, request: Request) -> Response:
        """Note a call and do what came of it."""
        body = self.read(CallBody)
        account = self.account(body.pop("account"))
        call = services.record_call(
            account_id=account.pk, item_ids=body.pop("items"), by=self.user, at=self.at, **body
        )
        return Response(call_answer(self.get_queryset().get(pk=call.pk)), status=status.HTTP_201_CREATED)
