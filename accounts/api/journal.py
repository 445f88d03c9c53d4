"""The journal: who did what, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import CustomerAccount, User
from accounts.scope import readable_events
from o2c.shared.api import Pages
from o2c.shared.models import AuditEvent

from .base import CompanyViewSet


class EventAnswer(serializers.Serializer[Any]):
    """One act as the journal keeps it."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_blank=True, help_text="User name; empty for the portal itself.")
    action = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.IntegerField(allow_null=True)
    object = serializers.CharField()
    account = serializers.CharField(allow_null=True)
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)


def event_answer(event: AuditEvent, account_code: str | None = None) -> dict[str, Any]:
    """One act as the API shows it."""
    return {
        "id": event.pk,
        "at": event.at,
        "actor": event.actor,
        "action": event.action,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "object": event.object_label,
        "account": account_code,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "request_id": event.request_id,
    }


def events_of_account(account: CustomerAccount, user: User) -> QuerySet[AuditEvent]:
    """Everything that happened to a client and is the reader's to see, newest first."""
    events = AuditEvent.objects.filter(account_id=account.pk)
    return readable_events(user, events).order_by("-at", "-pk")


class EventFilters(filters.FilterSet):
    """``?object= &actor= &action= &after= &before=``."""

    object = filters.CharFilter(
        method="about", help_text="Number or code, or type.id such as orders.order.12, or the type alone."
    )
    actor = filters.CharFilter()
    action = filters.CharFilter(method="named", help_text="Such as order.released; a beginning is enough.")
    after = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    before = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lte")

    class Meta:
        model = AuditEvent
        fields = ("actor",)

    def about(self, rows: QuerySet[AuditEvent], name: str, value: str) -> QuerySet[AuditEvent]:
        """Events of one object, by its label, or by type and key."""
        wanted = Q(object_label=value) | Q(object_label__startswith=f"{value} ") | Q(object_type=value)
        kind, _dot, key = value.replace(":", ".").rpartition(".")
        if kind and key.isascii() and key.isdigit() and len(key) < 19:
            wanted |= Q(object_type=kind, object_id=int(key))
        return rows.filter(wanted)

    def named(self, rows: QuerySet[AuditEvent], name: str, value: str) -> QuerySet[AuditEvent]:
        """Events of one verb, or of one noun with all its verbs."""
        return rows.filter(Q(action=value) | Q(action__startswith=f"{value}."))


class AuditViewSet(CompanyViewSet):
    """The journal: all of a company for who may read it, else that of the clients one sees."""

    queryset = AuditEvent.objects.none()
    serializer_class = EventAnswer
    pagination_class = Pages
    filterset_class = EventFilters
    search_fields = ("object_label", "reason", "actor")
    takes = {"list": ("account",)}

    def get_queryset(self) -> QuerySet[AuditEvent]:
        """Events this user may read, newest first."""
        visible = CustomerAccount.objects.visible_to(self.user, self.company)
        allowed = Q(account_id__in=visible.values("pk"))
        if self.user.may("audit.view", self.company):
            allowed |= Q(company_id=self.company.pk) | Q(company_id=None, account_id=None)
        found = readable_events(self.user, AuditEvent.objects.filter(allowed)).order_by("-at", "-pk")
        if code := self.request.query_params.get("account"):
            return found.filter(account_id=self.account(code).pk)
        return found

    @extend_schema(
        parameters=[OpenApiParameter("account", str, description="Code of a client.")],
    )
    def list(self, request: Request) -> Response:
        """What happened, newest first."""
        return self.page(self.get_queryset(), self._shape)

    def _shape(self, events: Sequence[AuditEvent]) -> Sequence[dict[str, Any]]:
        ids = {event.account_id for event in events if event.account_id}
        codes = dict(CustomerAccount.objects.filter(pk__in=ids).values_list("pk", "code"))
        return [event_answer(event, codes.get(event.account_id or 0)) for event in events]
