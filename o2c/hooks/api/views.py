"""Subscriptions and their log over the API (contract §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from o2c.hooks import services
from o2c.hooks.enums import DeliveryState, HookEvent
from o2c.hooks.models import Webhook, WebhookDelivery
from o2c.hooks.queries import visible
from o2c.shared.api import Pages
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.replays import creation_answer
from o2c.shared.api.routing import ROW_ID
from o2c.shared.problems import NotFound

Shape = serializers.Serializer[Any]


class WebhookBody(Shape):
    """An address and the events it is told of."""

    url = serializers.CharField(max_length=500)
    events = serializers.ListField(child=serializers.CharField(max_length=30), max_length=50)


class WebhookChange(Shape):
    """What changes; what is left out stays."""

    url = serializers.CharField(max_length=500, required=False)
    events = serializers.ListField(child=serializers.CharField(max_length=30), max_length=50, required=False)
    active = serializers.BooleanField(required=False)


class WebhookAnswer(Shape):
    """A subscription; ``secret`` stands only in the answer that made it, or made a new one."""

    id = serializers.IntegerField()
    company = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(HookEvent.choices))
    active = serializers.BooleanField()
    secret = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class DeliveryAnswer(Shape):
    """One delivery: what was sent and what came back."""

    id = serializers.IntegerField()
    key = serializers.UUIDField()
    event = serializers.ChoiceField(HookEvent.choices)
    state = serializers.ChoiceField(DeliveryState.choices)
    attempts = serializers.IntegerField()
    status_code = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    next_try_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    body = serializers.CharField()


class WebhookFilters(filters.FilterSet):
    """``?active= &url= &created_at= …``."""

    active = filters.BooleanFilter(field_name="is_active")
    url = filters.CharFilter()
    created_at = DayFilter(field_name="created_at__date")

    class Meta:
        model = Webhook
        fields: Sequence[str] = ()


class WebhookViewSet(CompanyViewSet):
    """Subscriptions of other systems to what happens here."""

    queryset = Webhook.objects.none()
    serializer_class = WebhookAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = WebhookFilters
    search_fields = ("url",)
    ordering_fields: ClassVar[dict[str, str]] = {"created_at": "created_at", "url": "url"}
    ordering = "-created_at"
    lists = ("list", "deliveries")
    told_once = ("secret",)
    reads = "webhooks.manage"
    acts = dict.fromkeys(("create", "partial_update", "destroy", "renew_secret", "replay"), "webhooks.manage")

    def get_queryset(self) -> QuerySet[Webhook]:
        """Subscriptions in force of the company."""
        return visible(self.user, self.company).select_related("company")

    def list(self, request: Request) -> Response:
        """Subscriptions, the newest first."""
        return self.page(self.get_queryset(), lambda rows: [_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One subscription."""
        return Response(_answer(self._webhook(pk)))

    @extend_schema(request=WebhookBody)
    def create(self, request: Request) -> Response:
        """Subscribe an address. The answer shows the secret that signs, this once."""
        body = self.read(WebhookBody)
        made = services.subscribe(
            company=self.company, url=body["url"], events=body["events"], by=self.user, at=self.at
        )
        return creation_answer(_answer(made.webhook, made.secret), is_new=made.is_new)

    @extend_schema(request=WebhookChange)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the address or the events, pause or resume."""
        body = self.read(WebhookChange)
        row = services.change_webhook(
            webhook_id=self._webhook(pk).pk,
            url=body.get("url"),
            events=body.get("events"),
            is_active=body.get("active"),
            by=self.user,
            at=self.at,
            company=self.company,
        )
        return Response(_answer(row))

    def destroy(self, request: Request, pk: str) -> Response:
        """End it: what waits is not sent."""
        services.end_webhook(webhook_id=self._webhook(pk).pk, by=self.user, at=self.at, company=self.company)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={200: WebhookAnswer})
    @action(detail=True, methods=["post"], url_path="secret")
    def renew_secret(self, request: Request, pk: str) -> Response:
        """Make a new secret and show it, this once."""
        made = services.renew_secret(
            webhook_id=self._webhook(pk).pk, by=self.user, at=self.at, company=self.company
        )
        return Response(_answer(made.webhook, made.secret))

    @extend_schema(responses=DeliveryAnswer(many=True))
    @action(detail=True, methods=["get"])
    def deliveries(self, request: Request, pk: str) -> Response:
        """What was sent to it or waits, the newest first."""
        rows = self._webhook(pk).deliveries.order_by("-created_at", "-pk")
        found = self.paginate_queryset(rows)
        return self.get_paginated_response([_delivery(row) for row in found or []])

    @extend_schema(request=None, responses={200: DeliveryAnswer})
    @action(detail=True, methods=["post"], url_path=r"deliveries/(?P<delivery>[0-9]{1,18})/replay")
    def replay(self, request: Request, pk: str, delivery: str) -> Response:
        """Send one again: the same body under the same id."""
        found = self._webhook(pk).deliveries.filter(pk=delivery).first()
        if found is None:
            raise NotFound
        row = services.replay(delivery_id=found.pk, by=self.user, at=self.at, company=self.company)
        return Response(_delivery(row))

    def _webhook(self, pk: str) -> Webhook:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found


def _answer(row: Webhook, secret: str = "") -> dict[str, Any]:
    return {
        "id": row.pk,
        "company": row.company.code,
        "url": row.url,
        "events": row.events,
        "active": row.is_active,
        "secret": secret or None,
        "created_at": row.created_at,
    }


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.pk,
        "key": row.key,
        "event": row.event,
        "state": row.state,
        "attempts": row.attempts,
        "status_code": row.status_code,
        "error": row.error,
        "created_at": row.created_at,
        "next_try_at": row.next_try_at,
        "delivered_at": row.delivered_at,
        "body": row.body,
    }
