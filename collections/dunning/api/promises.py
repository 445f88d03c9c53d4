"""Promises to pay by HTTP (contract §3)."""

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
from accounts.enums import PaymentMethod
from credit.api.serializers import ReasonBody
from credit.queries import money
from dunning.enums import PromiseChannel, PromiseStatus
from dunning.models import PromiseToPay
from dunning.queries.promises import promise_list
from dunning.services import promises as services
from invoicing.api.serializers import row_id
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.routing import ROW_ID
from o2c.shared.problems import NotFound

Shape = serializers.Serializer[Any]
MOST_ITEMS = 200


class PromiseBody(Shape):
    """What a client promised: for which items, how much, by when. Without an amount, all that is open of them."""

    account = serializers.CharField(max_length=40)
    items = serializers.ListField(child=row_id(), min_length=1, max_length=MOST_ITEMS)
    amount = amount_field(required=False, allow_null=True)
    promised_date = serializers.DateField()
    method = serializers.ChoiceField(PaymentMethod.choices, default=PaymentMethod.TRANSFER)
    channel = serializers.ChoiceField(PromiseChannel.choices, default=PromiseChannel.CALL)
    made_by = serializers.CharField(max_length=120, allow_blank=True, default="")
    comment = serializers.CharField(max_length=4000, allow_blank=True, default="")


class PromiseAnswer(Shape):
    """A promise as the API shows it; money keeps it until ``last_day``."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    items = serializers.ListField(child=serializers.IntegerField())
    amount = amount_field()
    currency = serializers.CharField()
    promised_date = serializers.DateField()
    last_day = serializers.DateField()
    method = serializers.ChoiceField(PaymentMethod.choices)
    channel = serializers.ChoiceField(PromiseChannel.choices)
    made_by = serializers.CharField()
    comment = serializers.CharField()
    status = serializers.ChoiceField(PromiseStatus.choices)
    received_amount = amount_field()
    taken_by = serializers.CharField(allow_null=True)
    taken_at = serializers.DateTimeField()
    ended_on = serializers.DateField(allow_null=True)
    reason = serializers.CharField()


def promise_answer(promise: Any) -> dict[str, Any]:
    """A promise as the API shows it; it comes from ``promise_list``."""
    return {
        "id": promise.pk,
        "account": promise.account.code,
        "items": [row.item_id for row in promise.seen_items],
        "amount": money(promise.amount),
        "currency": promise.currency,
        "promised_date": promise.promised_date,
        "last_day": promise.last_day,
        "method": promise.method,
        "channel": promise.channel,
        "made_by": promise.made_by,
        "comment": promise.comment,
        "status": promise.status,
        "received_amount": money(promise.received),
        "taken_by": promise.taken_by.username if promise.taken_by else None,
        "taken_at": promise.taken_at,
        "ended_on": promise.ended_on,
        "reason": promise.reason,
    }


class PromiseFilters(filters.FilterSet):
    """``?account= &status= &item= &promised_date= …``."""

    account = filters.CharFilter(field_name="account__code")
    status = filters.ChoiceFilter(choices=PromiseStatus.choices)
    item = filters.NumberFilter(field_name="promise_items__item", min_value=1, max_value=2**63 - 1)
    promised_date = DayFilter()

    class Meta:
        model = PromiseToPay
        fields: Sequence[str] = ()


class PromiseViewSet(CompanyViewSet):
    """What clients promised to pay, and what became of it; judged by itself from the money that comes."""

    queryset = PromiseToPay.objects.none()
    serializer_class = PromiseAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = PromiseFilters
    search_fields = ("account__search_key", "made_by")
    ordering_fields = {"promised_date": "promised_date", "taken_at": "taken_at", "amount": "amount"}
    ordering = "-taken_at"
    reads = "invoicing.view"
    acts = {"create": "dunning.promise", "cancel": "dunning.promise"}

    def get_queryset(self) -> QuerySet[PromiseToPay]:
        """Promises of the clients this user may see."""
        return promise_list(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Promises, the latest first."""
        return self.page(self.get_queryset(), lambda rows: [promise_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One promise."""
        return Response(promise_answer(self._promise(pk)))

    @extend_schema(request=PromiseBody)
    def create(self, request: Request) -> Response:
        """Note what a client promised."""
        body = self.read(PromiseBody)
        account = self.account(body.pop("account"))
        made = services.make_promise(
            account_id=account.pk, item_ids=body.pop("items"), by=self.user, at=self.at, **body
        )
        return Response(promise_answer(self._promise(str(made.pk))), status=status.HTTP_201_CREATED)

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Take it back: its items are reminded of again."""
        promise = self._promise(pk)
        services.cancel_promise(promise_id=promise.pk, by=self.user, at=self.at, **self.read(ReasonBody))
        return Response(promise_answer(self._promise(pk)))

    def _promise(self, pk: str) -> PromiseToPay:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found
