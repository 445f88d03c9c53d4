"""The list of limit requests."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.tables import AmountColumn, Column, DateColumn, NameColumn, StatusColumn, Table, TextColumn
from o2c.shared.templatetags.o2c import status

from .enums import Level, RequestStatus
from .models import LimitRequest


class LimitRequestTable(Table):
    """One row a request: who, from what to what, since when, where it stands."""

    client = NameColumn(accessor="asked_for__name", verbose_name=gettext_lazy("Client"))
    code = TextColumn(accessor="asked_for__code", export_only=True, verbose_name=gettext_lazy("Code"))
    kind = Column(phone="hide", verbose_name=gettext_lazy("Kind"))
    level = Column(phone="hide", verbose_name=gettext_lazy("Level"))
    current = AmountColumn(
        currency_from="currency", phone="hide", verbose_name=gettext_lazy("Limit in force")
    )
    amount = AmountColumn(
        currency_from="currency",
        strong=True,
        phone="right",
        empty_values=(),
        verbose_name=gettext_lazy("Asked for"),
    )
    requested_by = Column(phone="hide", verbose_name=gettext_lazy("By"), order_by="requested_by__last_name")
    submitted_at = DateColumn(phone="hide", verbose_name=gettext_lazy("Sent"))
    status = StatusColumn(phone="full", verbose_name=gettext_lazy("Status"))
    decided_by = Column(
        phone="hide", verbose_name=gettext_lazy("Decided by"), order_by="decided_by__last_name"
    )

    class Meta:
        model = LimitRequest
        fields = ()

    def render_client(self, record: Any) -> SafeString:
        """Draw the link with code and class under it."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{} · {}</span>',
            reverse("credit:limit_request", args=[record.pk]),
            record.asked_for.name,
            record.asked_for.code,
            _("Class %(class)s") % {"class": record.asked_for.risk_class},
        )

    def value_client(self, record: Any) -> str:
        """The name alone in files."""
        return str(record.asked_for.name)

    def render_kind(self, record: Any) -> str:
        """Draw the kind in words."""
        return str(record.get_kind_display())

    def render_level(self, record: Any) -> str:
        """Draw the level in words."""
        return str(Level(record.level).label)

    def render_amount(self, record: Any) -> str | SafeString:
        """Draw the amount; a raise with its sign, no bound as a word."""
        if record.amount is None:
            return format_html('<b class="o-b">{}</b>', _("unlimited"))
        written = formats.money(record.amount, get_language() or "fr", record.currency)
        return format_html('<b class="o-b">{}{}</b>', "+ " if record.kind == "temporary" else "", written)

    def render_status(self, record: Any) -> SafeString:
        """Draw the badge; what was sent waits for its decision."""
        return status("requested" if record.status == RequestStatus.SUBMITTED else record.status)

    def render_requested_by(self, record: Any) -> str:
        """Draw the name."""
        return str(record.requested_by.label())

    def render_decided_by(self, record: Any) -> str:
        """Draw the name."""
        return str(record.decided_by.label()) if record.decided_by else formats.NOTHING
