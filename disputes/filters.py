"""Filters of the list of disputes."""

from __future__ import annotations

from typing import Final

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount
from accounts.queries import matching

from .enums import Department, DisputeStatus, DisputeType
from .models import Dispute

# Marks what an address carries beside its filters.
CARRIED: Final = "·"


class DisputeFilter(django_filters.FilterSet):
    """Disputes by number, client, state, type, department."""

    q = django_filters.CharFilter(method="search", label=_("Dispute, document or client"))
    show = django_filters.CharFilter(method="kept", widget=forms.HiddenInput, label=CARRIED)
    view = django_filters.CharFilter(method="kept", widget=forms.HiddenInput, label=CARRIED)
    status = django_filters.ChoiceFilter(choices=DisputeStatus.choices, label=_("Status"))
    type = django_filters.ChoiceFilter(choices=DisputeType.choices, label=_("What is disputed"))
    department = django_filters.ChoiceFilter(choices=Department.choices, label=_("Department"))

    class Meta:
        model = Dispute
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Dispute], name: str, value: str) -> QuerySet[Dispute]:
        """Number, document, client."""
        clients = matching(CustomerAccount.objects.all(), value)
        documents = Dispute.objects.filter(lines__item__document__icontains=value.strip()).values("pk")
        return rows.filter(Q(number__icontains=value.strip()) | Q(account__in=clients) | Q(pk__in=documents))

    def kept(self, rows: QuerySet[Dispute], name: str, value: str) -> QuerySet[Dispute]:
        """Tab and view are the page's business; the form only carries them along."""
        return rows
