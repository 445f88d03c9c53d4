"""Filters of the journal and of the outbox."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from accounts.queries import matching
from o2c.shared.fields import DateField
from o2c.shared.models import AuditEvent, OutboxMessage

from .act_words import GROUPS, WORDS
from .words import words_of

_KINDS = {
    "decisions": _("Decisions"),
    "orders": _("Orders"),
    "money": _("Money"),
    "client": _("Clients"),
    "other": _("Administration"),
}


class DayFilter(filters.Filter):
    """A day as people type it."""

    field_class = DateField


class JournalFilter(filters.FilterSet):
    """By object, person, act, client and period."""

    q = filters.CharFilter(method="search", label=_("Number, code, reason"))
    group = filters.ChoiceFilter(choices=list(_KINDS.items()), method="in_group", label=_("Kind"))
    action = filters.ChoiceFilter(choices=lambda: (), label=_("Act"))
    actor = filters.ChoiceFilter(choices=lambda: (), label=_("Who"))
    client = filters.CharFilter(method="of_client", label=_("Client"))
    since = DayFilter(field_name="at", lookup_expr="date__gte", label=_("From"))
    until = DayFilter(field_name="at", lookup_expr="date__lte", label=_("Until"))

    class Meta:
        model = AuditEvent
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["actor"].extra["choices"] = [
            (user.username, user.label()) for user in User.objects.order_by("last_name", "username")[:500]
        ]
        self.filters["action"].extra["choices"] = [
            (action, str(words_of(action).text) % {"label": "…"}) for action in WORDS
        ]

    def search(self, rows: QuerySet[AuditEvent], name: str, value: str) -> QuerySet[AuditEvent]:
        """Events whose object or reason holds the text."""
        return rows.filter(Q(object_label__icontains=value.strip()) | Q(reason__icontains=value.strip()))

    def in_group(self, rows: QuerySet[AuditEvent], name: str, value: str) -> QuerySet[AuditEvent]:
        """Events of one kind."""
        return rows.filter(action__in=GROUPS[value])

    def of_client(self, rows: QuerySet[AuditEvent], name: str, value: str) -> QuerySet[AuditEvent]:
        """Events of the clients that hold every word."""
        found = matching(CustomerAccount.objects.all(), value)
        return rows.filter(account_id__in=found.values("pk"))


class OutboxFilter(filters.FilterSet):
    """By recipient and words, client, state and day."""

    q = filters.CharFilter(method="search", label=_("Recipient or subject"))
    client = filters.CharFilter(method="of_client", label=_("Client"))
    state = filters.ChoiceFilter(choices=OutboxMessage.State.choices, label=_("State"))
    channel = filters.ChoiceFilter(choices=OutboxMessage.Channel.choices, label=_("Channel"))
    kind = filters.CharFilter(label=_("Kind"))
    since = DayFilter(field_name="created_at", lookup_expr="date__gte", label=_("From"))

    class Meta:
        model = OutboxMessage
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[OutboxMessage], name: str, value: str) -> QuerySet[OutboxMessage]:
        """Messages whose recipient or subject holds the text."""
        return rows.filter(Q(to__icontains=value.strip()) | Q(subject__icontains=value.strip()))

    def of_client(self, rows: QuerySet[OutboxMessage], name: str, value: str) -> QuerySet[OutboxMessage]:
        """Messages about the clients that hold every word."""
        found = matching(CustomerAccount.objects.all(), value)
        return rows.filter(account_id__in=found.values("pk"))
