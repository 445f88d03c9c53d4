"""The list of hand-overs."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount
from accounts.queries import matching
from invoicing.tables import AccountColumn, linked
from o2c.shared import formats
from o2c.shared.tables import AmountColumn, Column, NameColumn, StatusColumn, Table, TextColumn

from .enums import HandOverOutcome, HandOverTo
from .models import HandOver
from .tables import documents_in_words


class HandOverTable(Table):
    """Hand-overs, the latest first."""

    handed_on = NameColumn(sql="handed_on", order_by=("handed_on", "pk"), verbose_name=_("Handed over on"))
    account = AccountColumn(verbose_name=_("Client"), phone="full", order_by=("account__sort_key", "pk"))
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=_("Client code"))
    recipient = TextColumn(phone="full", verbose_name=_("Recipient"))
    route = TextColumn(accessor="get_route_display", order_by="route", phone="hide", verbose_name=_("Route"))
    documents = Column(accessor="seen_items", orderable=False, phone="full", verbose_name=_("Documents"))
    amount = AmountColumn(currency_from="currency", strong=True, phone="right", verbose_name=_("Amount"))
    currency = TextColumn(export_only=True, verbose_name=_("Currency"))
    status = StatusColumn(
        accessor="badge",
        order_by="outcome",
        codes=("hand_over_open", *(f"hand_over_{each}" for each in HandOverOutcome.values)),
        verbose_name=_("Status"),
        phone="full",
    )

    class Meta:
        model = HandOver
        fields: tuple[str, ...] = ()

    def render_handed_on(self, record: Any) -> SafeString:
        """Draw the day as the way to the hand-over."""
        return linked(formats.date_short(record.handed_on), reverse("dunning:hand_over", args=[record.pk]))

    def value_handed_on(self, record: Any) -> date:
        """Return the day, for files."""
        day: date = record.handed_on
        return day

    def render_documents(self, record: Any) -> str:
        """Draw the numbers of what was handed over."""
        return documents_in_words(record.seen_items)

    def value_documents(self, record: Any) -> str:
        """Return all numbers, for files."""
        return documents_in_words(record.seen_items, most=len(record.seen_items))


class HandOverFilter(django_filters.FilterSet):
    """Search by client or document; to whom, and whether it is open."""

    q = django_filters.CharFilter(method="search", label=_("Client, document"))
    to = django_filters.ChoiceFilter(choices=HandOverTo.choices, label=_("Handed to"))
    outcome = django_filters.ChoiceFilter(choices=HandOverOutcome.choices, label=_("Outcome"))
    account = django_filters.CharFilter(field_name="account__code", label=_("Client code"))

    class Meta:
        model = HandOver
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep hand-overs of clients who fit, or of a document."""
        clients = matching(CustomerAccount.objects.all(), value)
        named = HandOver.objects.filter(items__item__document__iexact=value.strip())
        return rows.filter(Q(account__in=clients) | Q(pk__in=named))
