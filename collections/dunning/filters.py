"""Filters of the lists of collections; their names are those of the address."""

from __future__ import annotations

from typing import Any, Final

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import matching

from .enums import PLAN_UNSIGNED, PlanStatus, PromiseStatus, ReminderStatus
from .models import PaymentPlan, PromiseToPay, Reminder, ReminderLine
from .policy import NOT_KEPT

# What the tabs above the list choose from.
PROMISE_STATES: Final = (
    ("open", pgettext_lazy("promises", "Open")),
    ("not_kept", pgettext_lazy("promises", "Not kept")),
    ("kept", pgettext_lazy("promises", "Kept")),
)
_STATES: Final = {
    "open": Q(status=PromiseStatus.OPEN),
    "not_kept": Q(status__in=NOT_KEPT),
    "kept": Q(status=PromiseStatus.KEPT),
}


class PromiseFilter(django_filters.FilterSet):
    """Search by client; state as tabs."""

    q = django_filters.CharFilter(method="search", label=_("Client, document"))
    status = django_filters.ChoiceFilter(
        method="by_status", label=_("Status"), widget=forms.HiddenInput, choices=PROMISE_STATES
    )
    account = django_filters.CharFilter(
        field_name="account__code", label=_("Client"), widget=forms.HiddenInput
    )

    class Meta:
        model = PromiseToPay
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep promises of clients who fit, or about a document."""
        clients = matching(CustomerAccount.objects.all(), value)
        named = PromiseToPay.objects.filter(promise_items__item__document__iexact=value.strip())
        return rows.filter(Q(account__in=clients) | Q(pk__in=named))

    def by_status(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep promises of one state."""
        return rows.filter(_STATES[value])


# What the tabs above the list of plans choose from.
PLAN_STATES: Final = (
    ("waiting", pgettext_lazy("plans", "To be signed or approved")),
    ("running", pgettext_lazy("plans", "Running")),
    ("late", pgettext_lazy("plans", "Instalment missing")),
    ("ended", pgettext_lazy("plans", "Ended")),
)
_PLAN_STATES: Final = {
    "waiting": Q(status__in=(*PLAN_UNSIGNED, PlanStatus.SIGNED)),
    "running": Q(status=PlanStatus.ACTIVE),
    "late": Q(status=PlanStatus.ACTIVE, late_since__isnull=False),
    "ended": Q(ended_at__isnull=False),
}


class PlanFilter(django_filters.FilterSet):
    """Search by client or document; state as tabs."""

    q = django_filters.CharFilter(method="search", label=_("Client, document"))
    status = django_filters.ChoiceFilter(
        method="by_status", label=_("Status"), widget=forms.HiddenInput, choices=PLAN_STATES
    )
    account = django_filters.CharFilter(
        field_name="account__code", label=_("Client"), widget=forms.HiddenInput
    )

    class Meta:
        model = PaymentPlan
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep plans of clients who fit, or that pay a document."""
        clients = matching(CustomerAccount.objects.all(), value)
        named = PaymentPlan.objects.filter(plan_items__item__document__iexact=value.strip())
        return rows.filter(Q(account__in=clients) | Q(pk__in=named))

    def by_status(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep plans of one state."""
        return rows.filter(_PLAN_STATES[value])


class ReminderFilter(django_filters.FilterSet):
    """Search by client; state as tabs."""

    q = django_filters.CharFilter(method="search", label=_("Client, document"))
    status = django_filters.ChoiceFilter(
        label=_("Status"), widget=forms.HiddenInput, choices=ReminderStatus.choices
    )
    number = django_filters.NumberFilter(label=_("Step"), min_value=0, max_value=9)
    account = django_filters.CharFilter(
        field_name="account__code", label=_("Client"), widget=forms.HiddenInput
    )

    class Meta:
        model = Reminder
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep reminders of clients who fit, or about a document."""
        clients = matching(CustomerAccount.objects.all(), value)
        named = ReminderLine.objects.filter(item__document__iexact=value.strip()).values("reminder")
        return rows.filter(Q(account__in=clients) | Q(pk__in=named))
