"""The list of statements that were sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import django_filters
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Company
from o2c.shared import formats
from o2c.shared.tables import Column, DateColumn, StatusColumn, Table, TextColumn

from ..enums import StatementKind
from ..models import MonthlyStatement
from .causes import month_name, subject_label


class StatementFilter(django_filters.FilterSet):
    """Statements by kind and owner."""

    kind = django_filters.ChoiceFilter(choices=StatementKind.choices, label=_("Monthly statement"))
    owner = django_filters.CharFilter(field_name="owner__username", label=_("User name of the owner"))

    class Meta:
        model = MonthlyStatement
        fields: tuple[str, ...] = ()


class StatementTable(Table):
    """One row a statement: month, who was told of what, its figures, its files, what became of its message."""

    month = Column(verbose_name=_("Month"))
    owner = TextColumn(
        accessor="owner__label", order_by="owner__last_name", phone="full", verbose_name=_("Told")
    )
    subjects = Column(orderable=False, phone="full", verbose_name=_("Covers"))
    told = Column(accessor="figures", orderable=False, phone="full", verbose_name=_("Figures"))
    files = Column(orderable=False, phone="full", exclude_from_export=True, verbose_name=_("Files"))
    made_at = DateColumn(order_by=("made_at", "pk"), phone="hide", css="o-n o-nw", verbose_name=_("Sent on"))
    by = TextColumn(accessor="asked_by__label", orderable=False, export_only=True, verbose_name=_("Sent by"))
    state = StatusColumn(accessor="message__look", orderable=False, phone="right", verbose_name=_("State"))

    class Meta:
        model = MonthlyStatement
        fields = ()

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        self.company = company
        super().__init__(*args, **kwargs)

    def render_month(self, value: date, record: MonthlyStatement) -> SafeString:
        """Draw the month, and what the statement tells."""
        return format_html(
            '<span class="c">{}</span><span class="sub">{}</span>',
            month_name(value),
            record.get_kind_display(),
        )

    def value_month(self, value: date) -> date:
        """Return its first day."""
        return value

    def render_subjects(self, value: list[str]) -> str:
        """Name the processes."""
        return ", ".join(subject_label(*subject.split(":", 1)) for subject in value)

    def render_told(self, record: MonthlyStatement) -> str:
        """Say what it told, in short."""
        return in_short(record, self.company.currency)

    def render_files(self, value: list[Any], record: MonthlyStatement) -> SafeString:
        """Draw a link for each."""
        kinds = [str(file["name"]).rpartition(".")[2] for file in value]
        return format_html_join(
            " ",
            '<a href="{}">{}</a>',
            ((reverse("reports:statement_file", args=[record.pk, kind]), kind.upper()) for kind in kinds),
        )


def in_short(statement: MonthlyStatement, currency: str) -> str:
    """The figures of a statement in one line."""
    if statement.kind == StatementKind.SATISFACTION:
        return _asked(statement.figures, get_language() or "fr")
    language, figures = get_language() or "fr", statement.figures
    days = figures["average_days"]
    return gettext(
        "%(opened)s opened, %(ended)s ended in %(days)s days on average, %(open)s open; cost %(cost)s"
    ) % {
        "opened": figures["opened"],
        "ended": figures["ended"],
        "days": formats.NOTHING if days is None else formats.number(Decimal(days), language, decimals=1),
        "open": figures["open"],
        "cost": formats.money(Decimal(figures["cost"]), language, currency),
    }


def _asked(figures: Mapping[str, Any], language: str) -> str:
    def mean(value: str | None) -> str:
        return formats.NOTHING if value is None else formats.number(Decimal(value), language, decimals=1)

    return gettext("Answers: %(answers)s; index %(index)s of 5 (month before: %(before)s); low: %(low)s") % {
        "answers": figures["answers"],
        "index": mean(figures["index"]),
        "before": mean(figures["index_before"]),
        "low": figures["low"],
    }
