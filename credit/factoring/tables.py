"""The list of clients the factor takes."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import matching
from o2c.shared.tables import AmountColumn, DateColumn, NameColumn, StatusColumn, Table, TextColumn

from ..enums import FactorWord
from ..models import FactorApproval


class ApprovalTable(Table):
    """One row a legal entity: the factor's word on it today."""

    client = NameColumn(verbose_name=gettext_lazy("Client"))
    code = TextColumn(export_only=True, verbose_name=gettext_lazy("Code"))
    siren = TextColumn(accessor="entity__siren", phone="hide", verbose_name=gettext_lazy("SIREN"))
    factor = TextColumn(phone="hide", verbose_name=gettext_lazy("Factor"))
    amount = AmountColumn(
        currency_from="currency", strong=True, phone="right", verbose_name=gettext_lazy("Up to")
    )
    effective_on = DateColumn(phone="hide", verbose_name=gettext_lazy("From"))
    valid_until = DateColumn(phone="hide", verbose_name=pgettext_lazy("day", "Until"))
    status = StatusColumn(
        accessor="badge",
        order_by="status",
        codes=tuple(f"factor_{word.lower()}" for word in FactorWord.values),
        phone="full",
        verbose_name=gettext_lazy("Status"),
    )

    class Meta:
        model = FactorApproval
        fields = ()

    def render_client(self, record: Any) -> SafeString:
        """Draw the way to the client, with its code under it."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{}</span>',
            reverse("accounts:detail", args=[record.code]),
            record.client,
            record.code,
        )

    def value_client(self, record: Any) -> str:
        """The name alone in files."""
        name: str = record.client
        return name


class ApprovalFilter(filters.FilterSet):
    """By client and by what the factor said."""

    q = filters.CharFilter(method="search", label=gettext_lazy("Client, code, SIREN"))
    status = filters.ChoiceFilter(choices=FactorWord.choices, label=gettext_lazy("Status"))

    class Meta:
        model = FactorApproval
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[FactorApproval], name: str, value: str) -> QuerySet[FactorApproval]:
        """Words on entities with a client that holds every word typed."""
        clients = matching(CustomerAccount.objects.all(), value)
        return rows.filter(entity__in=clients.values("entity"))
