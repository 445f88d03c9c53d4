"""Payment plans by HTTP (contract §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.enums import PaymentMethod
from credit.api.serializers import ReasonBody
from credit.queries import money
from dunning.enums import PlanStatus
from dunning.models import PaymentPlan
from dunning.plan_policy import MOST_INSTALMENTS, Part
from dunning.queries.payment_plans import plan_list
from dunning.services import payment_plans as services
from invoicing.api.serializers import row_id
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.routing import ROW_ID
from o2c.shared.problems import NotFound

Shape = serializers.Serializer[Any]
MOST_ITEMS = 200


class PlanPartBody(Shape):
    """One payment of a plan; its day as ``date`` or, as in an invoice, ``due_date``."""

    date = serializers.DateField(required=False)
    due_date = serializers.DateField(required=False)
    amount = amount_field()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for a day, once."""
        if ("date" in attrs) == ("due_date" in attrs):
            raise serializers.ValidationError({"date": [_("An instalment has one day.")]})
        return attrs


class PlanBody(Shape):
    """What a client pays by which calendar. Without an amount, all that is open and not contested of the items."""

    account = serializers.CharField(max_length=40)
    items = serializers.ListField(child=row_id(), min_length=1, max_length=MOST_ITEMS)
    instalments = serializers.ListField(child=PlanPartBody(), min_length=1, max_length=MOST_INSTALMENTS)
    amount = amount_field(required=False, allow_null=True)
    method = serializers.ChoiceField(PaymentMethod.choices, default=PaymentMethod.DIRECT_DEBIT)
    waives_interest = serializers.BooleanField(default=False)
    insurer_agreed = serializers.BooleanField(default=False)
    guarantees = serializers.CharField(max_length=2000, allow_blank=True, default="")
    signatory = serializers.CharField(max_length=120, allow_blank=True, default="")
    capacity = serializers.CharField(max_length=120, allow_blank=True, default="")
    comment = serializers.CharField(max_length=4000, allow_blank=True, default="")


class SignBody(Shape):
    """Who signed for the client, in what capacity and when: as written down and today when left out."""

    signatory = serializers.CharField(max_length=120, allow_blank=True, default="")
    capacity = serializers.CharField(max_length=120, allow_blank=True, default="")
    signed_on = serializers.DateField(required=False, allow_null=True, default=None)


class PlanPartAnswer(Shape):
    """One payment of a plan and what became of it."""

    date = serializers.DateField()
    amount = amount_field()
    paid_on = serializers.DateField(allow_null=True)
    missed_on = serializers.DateField(allow_null=True)


class PlanAnswer(Shape):
    """A payment plan as the API shows it; ``late_since`` while an instalment is missing."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    items = serializers.ListField(child=serializers.IntegerField())
    amount = amount_field()
    currency = serializers.CharField()
    instalments = serializers.ListField(child=PlanPartAnswer())
    method = serializers.ChoiceField(PaymentMethod.choices)
    waives_interest = serializers.BooleanField()
    insurer_agreed = serializers.BooleanField()
    guarantees = serializers.CharField()
    comment = serializers.CharField()
    status = serializers.ChoiceField(PlanStatus.choices)
    signatory = serializers.CharField()
    capacity = serializers.CharField()
    signed_on = serializers.DateField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)
    received_amount = amount_field()
    late_since = serializers.DateField(allow_null=True)
    noticed_on = serializers.DateField(allow_null=True)
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()
    ended_on = serializers.DateField(allow_null=True)
    reason = serializers.CharField()


def plan_answer(plan: Any) -> dict[str, Any]:
    """A plan as the API shows it; it comes from ``plan_list``."""
    return {
        "id": plan.pk,
        "account": plan.account.code,
        "items": [row.item_id for row in plan.seen_items],
        "amount": money(plan.amount),
        "currency": plan.currency,
        "instalments": [
            {
                "date": part.due_date,
                "amount": money(part.amount),
                "paid_on": part.paid_on,
                "missed_on": part.missed_on,
            }
            for part in plan.parts
        ],
        "method": plan.method,
        "waives_interest": plan.waives_interest,
        "insurer_agreed": plan.insurer_agreed,
        "guarantees": plan.guarantees,
        "comment": plan.comment,
        "status": plan.status,
        "signatory": plan.signatory,
        "capacity": plan.capacity,
        "signed_on": plan.signed_on,
        "approved_by": plan.approved_by.username if plan.approved_by else None,
        "received_amount": money(plan.received),
        "late_since": plan.late_since,
        "noticed_on": plan.noticed_on,
        "made_by": plan.made_by.username,
        "made_at": plan.made_at,
        "ended_on": plan.ended_on,
        "reason": plan.reason,
    }


class PlanFilters(filters.FilterSet):
    """``?account= &status= &item= &last_date= …``."""

    account = filters.CharFilter(field_name="account__code")
    status = filters.ChoiceFilter(choices=PlanStatus.choices)
    item = filters.NumberFilter(field_name="plan_items__item", min_value=1, max_value=2**63 - 1)
    first_date = DayFilter()
    last_date = DayFilter()

    class Meta:
        model = PaymentPlan
        fields: Sequence[str] = ()


class PlanViewSet(CompanyViewSet):
    """Debts that clients pay by a written calendar; judged by itself from the money that comes."""

    queryset = PaymentPlan.objects.none()
    serializer_class = PlanAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = PlanFilters
    search_fields = ("account__search_key", "signatory")
    ordering_fields = {
        "first_date": "first_date",
        "last_date": "last_date",
        "made_at": "made_at",
        "amount": "amount",
    }
    ordering = "-made_at"
    reads = "invoicing.view"
    acts = {
        "create": services.RIGHT,
        "sign": services.RIGHT,
        "approve": services.APPROVES,
        "cancel": services.RIGHT,
        "break_": services.APPROVES,
        "notice": services.SIGNS_NOTICES,
    }

    def get_queryset(self) -> QuerySet[PaymentPlan]:
        """Plans of the clients this user may see."""
        return plan_list(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Plans, the latest first."""
        return self.page(self.get_queryset(), lambda rows: [plan_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One plan."""
        return Response(plan_answer(self._plan(pk)))

    @extend_schema(request=PlanBody)
    def create(self, request: Request) -> Response:
        """Write a plan down as a draft."""
        body = self.read(PlanBody)
        account = self.account(body.pop("account"))
        parts = [Part(row.get("date") or row["due_date"], row["amount"]) for row in body.pop("instalments")]
        made = services.make_plan(
            account_id=account.pk,
            item_ids=body.pop("items"),
            instalments=parts,
            by=self.user,
            at=self.at,
            **body,
        )
        return Response(plan_answer(self._plan(str(made.pk))), status=status.HTTP_201_CREATED)

    @extend_schema(request=SignBody)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: str) -> Response:
        """Note that the client has signed: it runs, or waits for approval."""
        return self._done(pk, services.sign_plan, **self.read(SignBody))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let a signed plan begin."""
        return self._done(pk, services.approve_plan)

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Drop a plan that has not begun."""
        return self._done(pk, services.cancel_plan, **self.read(ReasonBody))

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"], url_path="break")
    def break_(self, request: Request, pk: str) -> Response:
        """End a running plan: its items are reminded of again from their step."""
        return self._done(pk, services.break_plan, **self.read(ReasonBody))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def notice(self, request: Request, pk: str) -> Response:
        """Note that the formal notice of a missing instalment leaves: eight days later the balance is due."""
        return self._done(pk, services.give_notice)

    def _done(self, pk: str, act: Any, **given: Any) -> Response:
        act(plan_id=self._plan(pk).pk, by=self.user, at=self.at, **given)
        return Response(plan_answer(self._plan(pk)))

    def _plan(self, pk: str) -> PaymentPlan:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found
