"""The list of imports."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from o2c.shared.tables import DateColumn, NameColumn, NumberColumn, StatusColumn, Table, TextColumn

from .models import ImportRun, SavedMapping


class RunTable(Table):
    """Files brought in, the latest first."""

    original_name = NameColumn(verbose_name=_("File"))
    company_code = TextColumn(verbose_name=_("Company"), phone="hide")
    mapping = TextColumn(accessor="mapping_name", verbose_name=_("Mapping"), phone="hide")
    as_of = DateColumn(verbose_name=_("As of"), phone="hide")
    lines = NumberColumn(accessor="lines_read", verbose_name=_("Lines"), phone="hide", orderable=False)
    refused = NumberColumn(
        accessor="lines_refused", verbose_name=_("Refused lines"), phone="hide", orderable=False
    )
    status = StatusColumn(verbose_name=_("Status"), phone="right")
    requested_by = TextColumn(accessor="requested_by__username", verbose_name=_("By"), phone="hide")
    created_at = DateColumn(verbose_name=_("Uploaded"), phone="full")

    class Meta:
        model = ImportRun
        fields: tuple[str, ...] = ()

    def render_original_name(self, record: Any) -> SafeString:
        """Draw the name with the kind."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{}</span>',
            reverse("imports:detail", args=[record.pk]),
            record.original_name,
            record.get_kind_display(),
        )

    def value_original_name(self, record: Any) -> str:
        """Return the name alone, for files."""
        return str(record.original_name)


class MappingTable(Table):
    """Mappings kept for the next files."""

    name = NameColumn(verbose_name=_("Name"))
    kind = TextColumn(accessor="get_kind_display", verbose_name=_("Kind"), orderable=False)
    company = TextColumn(accessor="company__code", verbose_name=_("Company"), phone="hide")
    updated_by = TextColumn(accessor="updated_by__username", verbose_name=_("By"), phone="hide")
    updated_at = DateColumn(verbose_name=_("Changed"), phone="right")

    class Meta:
        model = SavedMapping
        fields: tuple[str, ...] = ()

    def render_name(self, record: Any) -> SafeString:
        """Draw the name as the way to the mapping."""
        return format_html(
            '<a class="c" href="{}">{}</a>', reverse("imports:saved_mapping", args=[record.pk]), record.name
        )

    def value_name(self, record: Any) -> str:
        """Return the name alone, for files."""
        return str(record.name)
