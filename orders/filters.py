"""Filters of the lists of orders."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ModelChoiceField

from accounts.models import CustomerAccount
from accounts.queries import matching
from credit.enums import Finding
from o2c.shared.fields import DateField

from .enums import QuotationState, ShownStatus
from .lists import found_by, of_status, reps
from .models import HoldCase, Order, Quotation


class _DayFilter(django_filters.Filter):
    field_class = DateField


class _RepChoice(ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label())


class _RepFilter(django_filters.ModelChoiceFilter):
    field_class = _RepChoice


def _reps(request: Any) -> QuerySet[Any]:
    return reps(request.user, request.company)


class OrderFilter(django_filters.FilterSet):
    """Orders by number, client, status, date and rep."""

    q = django_filters.CharFilter(method="search", label=_("Order, reference or client"))
    status = django_filters.ChoiceFilter(method="shown_as", choices=ShownStatus.choices, label=_("Status"))
    client = django_filters.CharFilter(method="of_client", label=_("Client"))
    since = _DayFilter(field_name="order_date", lookup_expr="gte", label=_("Ordered from"))
    until = _DayFilter(field_name="order_date", lookup_expr="lte", label=_("Ordered until"))
    rep = _RepFilter(field_name="sales_rep", queryset=_reps, label=_("Sales rep"))

    class Meta:
        model = Order
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        """Number, client's reference, client."""
        return rows.filter(found_by(value))

    def shown_as(self, rows: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        """The status people see."""
        return of_status(rows, value)

    def of_client(self, rows: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        """A client's code, or words of its name."""
        return rows.filter(account__in=_clients(value))


class QuotationFilter(django_filters.FilterSet):
    """Quotations by number, client, state, date and rep."""

    q = django_filters.CharFilter(method="search", label=_("Quotation, reference or client"))
    status = django_filters.ChoiceFilter(
        field_name="state", choices=QuotationState.choices, label=_("Status")
    )
    client = django_filters.CharFilter(method="of_client", label=_("Client"))
    since = _DayFilter(field_name="quoted_on", lookup_expr="gte", label=_("Quoted from"))
    until = _DayFilter(field_name="quoted_on", lookup_expr="lte", label=_("Quoted until"))
    rep = _RepFilter(field_name="sales_rep", queryset=_reps, label=_("Sales rep"))

    class Meta:
        model = Quotation
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Quotation], name: str, value: str) -> QuerySet[Quotation]:
        """Number, client's reference, client."""
        return rows.filter(found_by(value))

    def of_client(self, rows: QuerySet[Quotation], name: str, value: str) -> QuerySet[Quotation]:
        """A client's code, or words of its name."""
        return rows.filter(account__in=_clients(value))


def _clients(value: str) -> QuerySet[CustomerAccount]:
    exact = CustomerAccount.objects.filter(code__iexact=value.strip())
    return exact if exact.exists() else matching(CustomerAccount.objects.all(), value)


class HoldFilter(django_filters.FilterSet):
    """Held orders by cause and rep."""

    q = django_filters.CharFilter(method="search", label=_("Order or client"))
    status = django_filters.CharFilter(method="kept", widget=forms.HiddenInput)
    cause = django_filters.ChoiceFilter(method="because", choices=Finding.choices, label=_("Cause"))
    rep = _RepFilter(field_name="order__sales_rep", queryset=_reps, label=_("Sales rep"))

    class Meta:
        model = HoldCase
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[HoldCase], name: str, value: str) -> QuerySet[HoldCase]:
        """Number, client's reference, client."""
        return rows.filter(found_by(value, prefix="order__"))

    def kept(self, rows: QuerySet[HoldCase], name: str, value: str) -> QuerySet[HoldCase]:
        """The tab is the page's business; the form only carries it along."""
        return rows

    def because(self, rows: QuerySet[HoldCase], name: str, value: str) -> QuerySet[HoldCase]:
        """Held for this reason, among others."""
        return rows.filter(holds__reason=value, holds__lifted_at=None)
