"""Claim files with the credit insurer: ``insurance-claims/``."""

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
from invoicing.claims import queries
from invoicing.claims.enums import ClaimOutcome, ClaimStatus
from invoicing.models import InsuranceClaim
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.routing import ROW_ID

from .serializers import Shape


class InsuranceClaimAnswer(Shape):
    """One claim file; amounts in its currency, ``open_amount`` what is open of its documents today.

    ``beyond_cap`` is what the year's cap of the policy takes off the insurer's share; ``expected`` is what it leaves.
    """

    id = serializers.IntegerField()
    number = serializers.CharField()
    account = serializers.CharField()
    insurer = serializers.CharField()
    reference = serializers.CharField()
    status = serializers.ChoiceField(ClaimStatus.choices)
    outcome = serializers.ChoiceField(ClaimOutcome.choices, allow_blank=True)
    is_insolvency = serializers.BooleanField()
    told_on = serializers.DateField()
    deadline = serializers.DateField()
    declared_on = serializers.DateField(allow_null=True)
    waits_until = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    amount = amount_field()
    covered = amount_field()
    expected = amount_field()
    beyond_cap = amount_field()
    indemnity = amount_field()
    open_amount = amount_field()


class InsuranceClaimStepAnswer(Shape):
    """What happened to a claim file; ``amount`` of an indemnity only."""

    status = serializers.ChoiceField(ClaimStatus.choices)
    on = serializers.DateField()
    amount = amount_field(allow_null=True)
    words = serializers.CharField()


class InsuranceClaimItemAnswer(Shape):
    """A document of a claim file, with what the insurer covered of the client when it was issued."""

    item = serializers.IntegerField()
    document = serializers.CharField()
    due_date = serializers.DateField()
    amount = amount_field()
    limit = amount_field()
    insured_pct = serializers.CharField()


class InsuranceClaimDetail(InsuranceClaimAnswer):
    """The same with its documents and steps."""

    items = InsuranceClaimItemAnswer(many=True)
    steps = InsuranceClaimStepAnswer(many=True)


class InsuranceClaimFilters(filters.FilterSet):
    """``?account= &status=``."""

    account = filters.CharFilter(field_name="account__code")
    status = filters.ChoiceFilter(choices=ClaimStatus.choices)

    class Meta:
        model = InsuranceClaim
        fields: Sequence[str] = ()


class InsuranceClaimViewSet(CompanyViewSet):
    """Claim files with the credit insurer, those that ended included."""

    queryset = InsuranceClaim.objects.none()
    serializer_class = InsuranceClaimAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = InsuranceClaimFilters
    search_fields = ("number", "reference", "account__name", "account__code")
    ordering_fields = {"told_on": "told_on", "expected": "expected"}
    ordering = "-told_on"
    reads = "invoicing.view"

    def get_queryset(self) -> QuerySet[InsuranceClaim]:
        """Of the clients this user may see."""
        return queries.claims(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Claim files, the last one told first."""
        return self.page(self.get_queryset(), lambda rows: [_answer(row) for row in rows])

    @extend_schema(responses=InsuranceClaimDetail)
    def retrieve(self, request: Request, pk: str) -> Response:
        """One claim file with its documents and steps."""
        found = queries.find_claim(self.user, int(pk))
        items = [
            {
                "item": row.item_id,
                "document": row.item.document,
                "due_date": row.due_date,
                "amount": money(row.amount),
                "limit": money(row.limit),
                "insured_pct": format(row.insured_pct, "f"),
            }
            for row in found.seen_items
        ]
        steps = [
            {"status": step.status, "on": step.on, "amount": money(step.amount), "words": step.words}
            for step in found.steps.all()
        ]
        return Response(_answer(found) | {"items": items, "steps": steps})


def _answer(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "account": row.account.code,
        "insurer": row.policy.insurer,
        "reference": row.reference,
        "status": row.status,
        "outcome": row.outcome,
        "is_insolvency": row.is_insolvency,
        "told_on": row.told_on,
        "deadline": row.deadline,
        "declared_on": row.declared_on,
        "waits_until": row.waits_until,
        "currency": row.currency,
        "amount": money(row.amount),
        "covered": money(row.covered),
        "expected": money(row.expected),
        "beyond_cap": money(row.beyond_cap),
        "indemnity": money(row.indemnity),
        "open_amount": money(row.open_amount),
    }
