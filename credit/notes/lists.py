"""The list of notes over clients, and its file."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import matching
from o2c.shared.fields import DateField
from o2c.shared.tables import DateColumn, NameColumn, StatusColumn, Table, TextColumn

from .enums import NoteKind, NoteTopic, NoteWeight
from .models import ClientNote
from .queries import STANDING

STATES = (
    ("worrying", pgettext_lazy("notes", "Worrying")),
    ("risky", pgettext_lazy("notes", "Risky words")),
    ("gone", pgettext_lazy("notes", "Withdrawn or corrected")),
    ("all", pgettext_lazy("notes", "All, ever")),
)
_IN_STATE = {
    "worrying": STANDING & Q(weight=NoteWeight.WORRYING),
    "risky": ~Q(risky_words=[]),
    "gone": ~STANDING,
    "all": Q(),
}
_SHOWN_LETTERS = 140


class NoteTable(Table):
    """One row a note: when, about whom, what kind, what it says, by whom; files hold all of it."""

    note = NameColumn(accessor="text", orderable=False, verbose_name=pgettext_lazy("note", "Text"))
    seen_on = DateColumn(phone="right", verbose_name=gettext_lazy("Seen on"))
    client = TextColumn(accessor="account__name", phone="full", verbose_name=gettext_lazy("Client"))
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Code"))
    kind = StatusColumn(
        accessor="kind_badge",
        order_by="kind",
        codes=tuple(f"note_{kind.lower()}" for kind in NoteKind.values),
        verbose_name=gettext_lazy("Kind"),
    )
    topic = TextColumn(
        accessor="get_topic_display",
        orderable=False,
        export_only=True,
        verbose_name=gettext_lazy("About what"),
    )
    weight = StatusColumn(
        accessor="badge",
        order_by="weight",
        codes=tuple(f"note_{weight.lower()}" for weight in NoteWeight.values),
        phone="right",
        verbose_name=gettext_lazy("For the credit"),
    )
    source = TextColumn(export_only=True, verbose_name=gettext_lazy("Source"))
    url = TextColumn(export_only=True, verbose_name=gettext_lazy("Web address"))
    author = TextColumn(
        accessor="written_by__label", order_by="written_by", phone="hide", verbose_name=gettext_lazy("Author")
    )
    written_at = DateColumn(export_only=True, verbose_name=gettext_lazy("Written on"))
    words = TextColumn(
        empty_values=(), orderable=False, export_only=True, verbose_name=gettext_lazy("Risky words")
    )
    withdrawn_at = DateColumn(export_only=True, verbose_name=gettext_lazy("Withdrawn on"))
    withdraw_reason = TextColumn(export_only=True, verbose_name=gettext_lazy("Why withdrawn"))
    correction = DateColumn(
        accessor="superseded_by__written_at", export_only=True, verbose_name=gettext_lazy("Corrected on")
    )

    class Meta:
        model = ClientNote
        fields = ()

    def render_note(self, record: ClientNote) -> SafeString:
        """Draw the way to the note: its topic or kind, the beginning of the text and what is particular about it."""
        marks = [", ".join(record.risky_words)] if record.risky_words else []
        if record.withdrawn_at:
            marks.append(pgettext("note", "withdrawn"))
        elif hasattr(record, "superseded_by"):
            marks.append(pgettext("note", "corrected"))
        under = format_html('<span class="sub">{}</span>', " · ".join(marks)) if marks else ""
        return format_html(
            '<a class="c" href="{}">{}</a>{}',
            reverse("credit:note", args=[record.pk]),
            Truncator(record.text).chars(_SHOWN_LETTERS),
            under,
        )

    def value_note(self, record: ClientNote) -> str:
        """The whole text, for files."""
        return record.text

    def value_words(self, record: ClientNote) -> str:
        """The words that were confirmed."""
        return ", ".join(record.risky_words)

    def render_words(self, record: Any) -> str:
        """The same; files alone show it."""
        return self.value_words(record)


class DayFilter(filters.Filter):
    """A filter by a day as people type it."""

    field_class = DateField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefer="past", **kwargs)


class NoteFilter(filters.FilterSet):
    """By client and text, kind, topic, weight and period; what does not stand as tabs."""

    q = filters.CharFilter(method="search", label=gettext_lazy("Client, text, source"))
    client = filters.CharFilter(field_name="account__code", label=gettext_lazy("Client code"))
    kind = filters.ChoiceFilter(choices=NoteKind.choices, label=gettext_lazy("Kind"))
    topic = filters.ChoiceFilter(choices=NoteTopic.choices, label=gettext_lazy("About what"))
    weight = filters.ChoiceFilter(choices=NoteWeight.choices, label=gettext_lazy("For the credit"))
    seen_from = DayFilter(field_name="seen_on", lookup_expr="gte", label=gettext_lazy("Seen from"))
    seen_until = DayFilter(field_name="seen_on", lookup_expr="lte", label=gettext_lazy("Seen until"))
    state = filters.ChoiceFilter(
        method="in_state", label=gettext_lazy("Shown"), widget=forms.HiddenInput, choices=STATES
    )

    class Meta:
        model = ClientNote
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[ClientNote], name: str, value: str) -> QuerySet[ClientNote]:
        """Notes about clients that hold every word, and those whose own words hold what was typed."""
        clients = matching(CustomerAccount.objects.all(), value)
        said = Q(text__icontains=value) | Q(source__icontains=value)
        return rows.filter(Q(account__in=clients.values("pk")) | said)

    def in_state(self, rows: QuerySet[ClientNote], name: str, value: str) -> QuerySet[ClientNote]:
        """Notes of one tab."""
        return rows.filter(_IN_STATE[value])
