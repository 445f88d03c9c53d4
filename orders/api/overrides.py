"""Override requests: asked for on an order, answered in the approver's inbox (contract §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.models import Company, User
from credit.api.serializers import DecisionShape, ReasonBody, SignatureShape, signatures_answer
from credit.queries import money
from credit.services.checks import decision_as_contract
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field, body_hash
from o2c.shared.api.routing import ROW_ID
from o2c.shared.files import from_json
from orders import queries, services
from orders.enums import OverrideStatus
from orders.models import Order, OverrideRequest
from orders.services.refusals import AlreadyRequested, OverrideUnknown

Shape = serializers.Serializer[Any]


class DocumentBody(Shape):
    """A file: its name, and its content in base64."""

    name = serializers.CharField(max_length=150)
    content = serializers.CharField(max_length=14_000_000)


class OverrideBody(Shape):
    """What is asked: up to how much, until when, why, what is offered for it, files."""

    amount = amount_field(required=False, allow_null=True, min_value=0)
    valid_until = serializers.DateField(required=False, allow_null=True)
    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")
    alternative = serializers.DictField(required=False, allow_null=True)
    documents = serializers.ListField(child=DocumentBody(), required=False, allow_null=True, max_length=5)


class DocumentShape(Shape):
    """A file as it is listed."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()


class OverrideAnswer(Shape):
    """An override request as the API shows it."""

    id = serializers.IntegerField()
    order = serializers.CharField()
    account = serializers.CharField()
    account_name = serializers.CharField()
    status = serializers.ChoiceField(OverrideStatus.choices)
    amount = amount_field(help_text="What is asked for; the order's own amount when none was named.")
    currency = serializers.CharField()
    over_limit_by = amount_field()
    valid_until = serializers.DateField(allow_null=True)
    reason = serializers.CharField()
    alternative = serializers.DictField(allow_null=True)
    documents = DocumentShape(many=True)
    codes = serializers.ListField(child=serializers.CharField())
    required_role = serializers.CharField(allow_null=True)
    target_at = serializers.DateTimeField()
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField(allow_blank=True)
    countersigned_by = serializers.CharField(allow_null=True)
    signatures = SignatureShape(many=True)
    appeal_of = serializers.IntegerField(allow_null=True)
    facts = DecisionShape()


def override_answer(request: OverrideRequest) -> dict[str, Any]:
    """A request as the API shows it; it comes from ``queries.overrides_visible``."""
    order = request.order
    check = request.facts.figures["check"]
    return {
        "id": request.pk,
        "order": order.number,
        "account": order.account.code,
        "account_name": order.account.name,
        "status": request.status,
        "amount": money(request.facts.amount if request.amount is None else request.amount),
        "currency": order.currency,
        "over_limit_by": money(request.facts.over_limit_by),
        "valid_until": request.valid_until,
        "reason": request.reason,
        "alternative": request.alternative or None,
        "documents": [
            {"id": file.pk, "name": file.name, "content_type": file.content_type, "size": file.size}
            for file in request.documents.all()
        ],
        "codes": [found["code"] for found in check["findings"] if found["severity"] == "hold"],
        "required_role": request.facts.figures["required_role"],
        "target_at": request.case.target_at,
        "requested_by": request.requested_by.username,
        "requested_at": request.requested_at,
        "decided_by": request.decided_by.username if request.decided_by else None,
        "decided_at": request.ended_at if request.decided_by else None,
        "decision_reason": request.decision_reason,
        "countersigned_by": request.countersigned_by.username if request.countersigned_by else None,
        "signatures": signatures_answer(request.given),  # type: ignore[attr-defined]
        "appeal_of": request.appeal_of_id,
        "facts": decision_as_contract(request.facts),
    }


def ask(order: Order, body: dict[str, Any], *, by: User, company: Company, at: Any) -> tuple[Any, bool]:
    """Ask for an override, or find the request that the same person's same body made before.

    :returns: the answer, and whether it was made just now
    """
    hashed = body_hash(body)
    documents = [from_json(document) for document in body.pop("documents", None) or ()]
    try:
        made = services.request_override(
            order_id=order.pk, documents=documents, creation_hash=hashed, by=by, at=at, **body
        )
    except AlreadyRequested:
        waiting = queries.overrides_visible(by, company).filter(
            order=order, status=OverrideStatus.OPEN, requested_by=by, creation_hash=hashed
        )
        found = waiting.first()
        if found is None:
            raise
        return override_answer(found), False
    return override_answer(queries.overrides_visible(by, company).get(pk=made.pk)), True


class OverrideFilters(filters.FilterSet):
    """``?status= &account= &order= &requested_by=``."""

    status = filters.ChoiceFilter(choices=OverrideStatus.choices)
    account = filters.CharFilter(field_name="order__account__code")
    order = filters.CharFilter(field_name="order__number")
    requested_by = filters.CharFilter(field_name="requested_by__username")

    class Meta:
        model = OverrideRequest
        fields: Sequence[str] = ()


class OverrideViewSet(CompanyViewSet):
    """Override requests: approved or refused by somebody else with authority, taken back by who asked."""

    queryset = OverrideRequest.objects.none()
    serializer_class = OverrideAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = OverrideFilters
    search_fields = ("order__number", "order__account__search_key", "reason")
    ordering_fields = {
        "requested_at": "requested_at",
        "target_at": "case__target_at",
        "over_limit_by": "facts__over_limit_by",
        "account": "order__account__code",
    }
    ordering = "target_at"
    reads = "orders.view"
    acts = {
        "approve": "orders.release",
        "refuse": "orders.release",
        "withdraw": "orders.request_override",
        "appeal": "orders.request_override",
    }

    def get_queryset(self) -> QuerySet[OverrideRequest]:
        """Requests about orders this user may see."""
        return queries.overrides_visible(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Requests, the most urgent first."""
        return self.page(self.get_queryset(), lambda rows: [override_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One request."""
        return Response(self._answer(pk))

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Grant it: the order is released on fresh figures."""
        found = self._seen(pk)
        services.approve_override(request_id=found, by=self.user, at=self.at, **self.read(ReasonBody))
        return Response(self._answer(pk))

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Refuse it: the order stays on hold."""
        found = self._seen(pk)
        services.refuse_override(request_id=found, by=self.user, at=self.at, **self.read(ReasonBody))
        return Response(self._answer(pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take it back."""
        services.withdraw_override(request_id=self._seen(pk), by=self.user, at=self.at)
        return Response(self._answer(pk))

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def appeal(self, request: Request, pk: str) -> Response:
        """Take a refused request to the next level, once; the answer is the new request."""
        made = services.appeal_override(
            request_id=self._seen(pk), by=self.user, at=self.at, **self.read(ReasonBody)
        )
        return Response(self._answer(str(made.pk)), status=status.HTTP_201_CREATED)

    def _seen(self, pk: str) -> int:
        if not self.get_queryset().filter(pk=pk).exists():
            raise OverrideUnknown
        return int(pk)

    def _answer(self, pk: str) -> dict[str, Any]:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise OverrideUnknown
        return override_answer(found)
