"""What is sold to a factor: ``factor-assignments/``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.queries import money
from invoicing.factoring import queries
from invoicing.models import Assignment
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.routing import ROW_ID
from o2c.shared.problems import NotFound

from .serializers import Shape

_STATES = ("sent", "sold", "taken_back")


class AssignmentAnswer(Shape):
    """One item sold; ``effective_from`` is null until the factor has received its list."""

    id = serializers.IntegerField()
    batch = serializers.CharField()
    factor = serializers.CharField()
    account = serializers.CharField()
    item = serializers.IntegerField()
    document = serializers.CharField()
    due_date = serializers.DateField()
    currency = serializers.CharField()
    amount = amount_field()
    open_amount = amount_field()
    with_recourse = serializers.BooleanField()
    is_notified = serializers.BooleanField()
    status = serializers.ChoiceField(_STATES)
    sent_on = serializers.DateField()
    effective_from = serializers.DateField(allow_null=True)
    ended_on = serializers.DateField(allow_null=True)
    end_reason = serializers.CharField()


class AssignmentFilters(filters.FilterSet):
    """``?account= &batch=``."""

    account = filters.CharFilter(field_name="account__code")
    batch = filters.CharFilter(field_name="batch__number")

    class Meta:
        model = Assignment
        fields: Sequence[str] = ()


class AssignmentViewSet(CompanyViewSet):
    """Documents sold to a factor, those on their way and those taken back included."""

    queryset = Assignment.objects.none()
    serializer_class = AssignmentAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = AssignmentFilters
    search_fields = ("item__document", "account__name", "account__code")
    ordering_fields = {"due_date": "item__due_date", "effective_from": "effective_from"}
    ordering = "-effective_from"
    reads = "invoicing.view"

    def get_queryset(self) -> QuerySet[Assignment]:
        """Of the items this user may see."""
        return queries.assignments(self.user, self.company)

    def list(self, request: Request) -> Response:
        """What is sold."""
        return self.page(self.get_queryset(), lambda rows: [_answer(row) for row in rows])

    @extend_schema(responses=AssignmentAnswer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """One item sold."""
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return Response(_answer(found))


def _answer(row: Assignment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "batch": row.batch.number,
        "factor": row.batch.agreement.factor,
        "account": row.account.code,
        "item": row.item_id,
        "document": row.item.document,
        "due_date": row.item.due_date,
        "currency": row.item.currency,
        "amount": money(row.amount),
        "open_amount": money(row.item.open_amount),
        "with_recourse": row.with_recourse,
        "is_notified": row.is_notified,
        "status": row.state,
        "sent_on": row.batch.sent_on,
        "effective_from": row.effective_from,
        "ended_on": row.ended_on,
        "end_reason": row.end_reason,
    }
