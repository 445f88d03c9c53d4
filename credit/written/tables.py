"""Who has read a version and who has not, role by role."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import RoleGrant
from o2c.shared.tables import DateColumn, StatusColumn, Table, TextColumn

from ..authority import role_label

READ, UNREAD = "read", "unread"
READER_TABS = (
    (UNREAD, pgettext_lazy("policy readers", "Not yet")),
    (READ, pgettext_lazy("policy readers", "Acknowledged")),
)


class ReaderTable(Table):
    """One row a person and role."""

    name = TextColumn(
        accessor="user__label",
        order_by=("user__last_name", "user__username"),
        verbose_name=gettext_lazy("Name"),
    )
    login = TextColumn(accessor="user__username", export_only=True, verbose_name=gettext_lazy("User name"))
    role = TextColumn(
        accessor="role_id",
        order_by=("role__authority_level", "role"),
        phone="full",
        verbose_name=gettext_lazy("Role"),
    )
    state = StatusColumn(
        codes=("policy_read", "policy_unread"),
        phone="right",
        verbose_name=gettext_lazy("State"),
    )
    acknowledged_at = DateColumn(phone="hide", verbose_name=gettext_lazy("Acknowledged on"))

    class Meta:
        model = RoleGrant
        fields = ()

    def render_role(self, record: Any) -> str:
        """Draw the role as people say it."""
        return str(role_label(record.role_id))

    def value_role(self, record: Any) -> str:
        """The same in files."""
        return str(role_label(record.role_id))


class ReaderFilter(filters.FilterSet):
    """By name and role; who has and who has not as tabs."""

    q = filters.CharFilter(method="search", label=gettext_lazy("Name"))
    role = filters.ChoiceFilter(method="in_role", choices=(), label=gettext_lazy("Role"))
    state = filters.ChoiceFilter(
        method="in_state", label=gettext_lazy("Shown"), widget=forms.HiddenInput, choices=READER_TABS
    )

    class Meta:
        model = RoleGrant
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = self.queryset.order_by("role").values_list("role", flat=True).distinct()
        self.filters["role"].extra["choices"] = [(code, role_label(code)) for code in codes]

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """People whose name or user name holds every word."""
        for word in value.split():
            rows = rows.filter(
                Q(user__last_name__icontains=word)
                | Q(user__first_name__icontains=word)
                | Q(user__username__icontains=word)
            )
        return rows

    def in_role(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """People of one role."""
        return rows.filter(role=value)

    def in_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Those who have acknowledged, or have not."""
        return rows.filter(acknowledged_at__isnull=value == UNREAD)
