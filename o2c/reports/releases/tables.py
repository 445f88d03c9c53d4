"""The list of releases: who let which order go, why, and how it turned out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from credit.enums import Finding
from credit.models import CreditDecision
from o2c.shared.fields import DateField
from o2c.shared.tables import (
    AmountColumn,
    Column,
    DateColumn,
    DaysColumn,
    StatusColumn,
    StatusesColumn,
    Table,
    TextColumn,
)
from orders.lists import found_by
from orders.models import Release
from orders.tables import order_url

from .queries import deciders_of


class _DayFilter(django_filters.Filter):
    field_class = DateField


class ReleaseFilter(django_filters.FilterSet):
    """Releases by order or client, decider, outcome, reason they went in spite of, and day."""

    q = django_filters.CharFilter(method="search", label=_("Order, reference or client"))
    outcome = django_filters.ChoiceFilter(
        field_name="decision__outcome", choices=CreditDecision.Outcome.choices, label=_("Outcome")
    )
    by = django_filters.ChoiceFilter(method="decided_by", label=pgettext_lazy("release", "Decided by"))
    cause = django_filters.ChoiceFilter(
        field_name="covers", lookup_expr="has_key", choices=Finding.choices, label=_("Cause")
    )
    since = _DayFilter(field_name="approved_at", lookup_expr="date__gte", label=_("Released from"))
    until = _DayFilter(field_name="approved_at", lookup_expr="date__lte", label=_("Released until"))

    class Meta:
        model = Release
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.filters["by"].extra["choices"] = deciders_of(self.queryset)

    def search(self, rows: QuerySet[Release], name: str, value: str) -> QuerySet[Release]:
        """Number, client's reference, client."""
        return rows.filter(found_by(value, prefix="order__"))

    def decided_by(self, rows: QuerySet[Release], name: str, value: str) -> QuerySet[Release]:
        """Alone, or as the second of two approvers."""
        return rows.filter(Q(approved_by__username=value) | Q(override__countersigned_by__username=value))


class ReleaseTable(Table):
    """One row a release."""

    order = Column(accessor="order__number", verbose_name=_("Order"))
    client = TextColumn(accessor="order__account__name", export_only=True, verbose_name=_("Client"))
    code = TextColumn(accessor="order__account__code", export_only=True, verbose_name=_("Code"))
    released = DateColumn(
        accessor="released_on",
        order_by=("approved_at", "pk"),
        phone="hide",
        css="o-n o-nw",
        verbose_name=_("Released on"),
    )
    amount = AmountColumn(
        currency_from="order__currency", strong=True, phone="right", verbose_name=_("Released up to")
    )
    over = AmountColumn(
        accessor="decision__over_limit_by",
        currency_from="order__company__currency",
        phone="hide",
        verbose_name=_("Over the limit by"),
    )
    currency = TextColumn(accessor="order__currency", export_only=True, verbose_name=_("Currency"))
    causes = StatusesColumn(accessor="covers", shown=1, phone="full", verbose_name=_("In spite of"))
    decider = Column(
        accessor="approved_by__label",
        order_by=("approved_by__last_name", "pk"),
        phone="full",
        verbose_name=_("Released by"),
    )
    reason = TextColumn(export_only=True, verbose_name=_("Reason"))
    outcome = StatusColumn(
        accessor="shown_outcome",
        order_by=("decision__outcome", "pk"),
        phone="full",
        codes=tuple(f"outcome_{value}" for value in CreditDecision.Outcome.values),
        verbose_name=_("Outcome"),
    )
    late = DaysColumn(
        accessor="late_by", order_by=("late_by", "pk"), phone="hide", verbose_name=_("Days late")
    )

    class Meta:
        model = Release
        fields = ()

    def render_order(self, value: str, record: Release) -> SafeString:
        """Draw the link, the client under it."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{}</span>',
            order_url(record.order),
            value,
            record.order.account.name,
        )

    def value_order(self, value: str) -> str:
        """Return the number."""
        return value

    def render_decider(self, value: str, record: Release) -> SafeString | str:
        """Name who released it, and who countersigned."""
        second = _countersigned(record)
        return format_html('{}<span class="sub">{}</span>', value, second) if second else value

    def value_decider(self, value: str, record: Release) -> str:
        """Return both names."""
        return ", ".join(part for part in (value, _countersigned(record)) if part)

    def value_causes(self, value: Iterable[str]) -> Any:
        """Return the words of the reasons."""
        return StatusesColumn().value(value=value)


def _countersigned(record: Release) -> str:
    second = record.override.countersigned_by if record.override else None
    return gettext("with %(name)s") % {"name": second.label()} if second else ""
