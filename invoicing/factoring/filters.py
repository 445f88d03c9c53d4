"""Filters of batches and of what is sold."""

from __future__ import annotations

from typing import ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import matching
from invoicing.models import Assignment, AssignmentBatch

BATCH_TABS = (
    ("sent", pgettext_lazy("batches", "Waiting")),
    ("received", pgettext_lazy("batches", "Received")),
)
SOLD_TABS = (
    ("sold", pgettext_lazy("assignments", "Sold")),
    ("sent", pgettext_lazy("assignments", "On the way")),
    ("taken_back", pgettext_lazy("assignments", "Taken back")),
)


class BatchFilter(filters.FilterSet):
    """By number; by where they stand as tabs."""

    q = filters.CharFilter(field_name="number", lookup_expr="icontains", label=_("Number"))
    state = filters.ChoiceFilter(
        method="in_state", label=_("Shown"), widget=forms.HiddenInput, choices=BATCH_TABS
    )

    class Meta:
        model = AssignmentBatch
        fields: ClassVar[list[str]] = []

    def in_state(self, rows: QuerySet[AssignmentBatch], name: str, value: str) -> QuerySet[AssignmentBatch]:
        """Batches of one tab."""
        return rows.filter(received_on__isnull=value == "sent")


class SoldFilter(filters.FilterSet):
    """By document and client, by list; where they stand as tabs."""

    q = filters.CharFilter(method="search", label=_("Document, client, code"))
    batch = filters.CharFilter(field_name="batch__number", label=_("List"), widget=forms.HiddenInput)
    account = filters.CharFilter(field_name="account__code", label=_("Client"), widget=forms.HiddenInput)
    state = filters.ChoiceFilter(
        method="in_state", label=_("Shown"), widget=forms.HiddenInput, choices=SOLD_TABS
    )

    class Meta:
        model = Assignment
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[Assignment], name: str, value: str) -> QuerySet[Assignment]:
        """Of a document, or of clients that hold every word."""
        clients = matching(CustomerAccount.objects.all(), value)
        return rows.filter(Q(item__document__icontains=value) | Q(account__in=clients))

    def in_state(self, rows: QuerySet[Assignment], name: str, value: str) -> QuerySet[Assignment]:
        """Sales of one tab."""
        if value == "taken_back":
            return rows.exclude(ended_on=None)
        return rows.filter(ended_on=None, effective_from__isnull=value == "sent")
