"""The list of disputes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from o2c.shared import formats
from o2c.shared.tables import AmountColumn, CheckColumn, Column, DateColumn, StatusColumn, Table, TextColumn

from .models import Dispute
from .policy import ENDED, days_left


def left_in_words(dispute: Dispute, today: date) -> tuple[str, str]:
    """What is left until the agreed date, and its tone."""
    left = None if dispute.status in ENDED else days_left(dispute.agreed_due_on, today)
    if left is None:
        return "", ""
    if left < 0:
        return _("%(days)s d over") % {"days": -left}, "o-bad"
    return _("in %(days)s d") % {"days": left}, "o-warn" if left <= 2 else ""


class DisputeTable(Table):
    """Disputes, the nearest agreed date first."""

    check = CheckColumn(amount="amount", label="number")
    number = Column(verbose_name=gettext_lazy("Dispute"))
    client = TextColumn(
        accessor="account__name",
        order_by="account__sort_key",
        export_only=True,
        verbose_name=gettext_lazy("Client"),
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Code"))
    type = TextColumn(
        accessor="get_type_display", order_by="type", phone="full", verbose_name=gettext_lazy("What")
    )
    department = TextColumn(
        accessor="get_department_display",
        order_by="department",
        phone="hide",
        verbose_name=gettext_lazy("Department"),
    )
    owner = TextColumn(
        accessor="owner__label",
        order_by="owner__last_name",
        phone="hide",
        css="o-nw",
        verbose_name=gettext_lazy("Owner"),
    )
    opened = DateColumn(accessor="opened_on", phone="hide", verbose_name=gettext_lazy("Opened"))
    due = Column(
        accessor="agreed_due_on", css="r o-nw", phone="right", verbose_name=gettext_lazy("Agreed date")
    )
    amount = AmountColumn(
        currency_from="currency",
        strong=True,
        total=True,
        phone="right",
        verbose_name=gettext_lazy("Disputed"),
    )
    currency = TextColumn(export_only=True, verbose_name=gettext_lazy("Currency"))
    status = StatusColumn(accessor="badge", order_by="status", verbose_name=gettext_lazy("Status"))
    outcome = TextColumn(
        accessor="get_outcome_display", export_only=True, verbose_name=pgettext_lazy("dispute", "Outcome")
    )
    cause = TextColumn(
        accessor="get_root_cause_display", export_only=True, verbose_name=gettext_lazy("Root cause")
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)

    def render_number(self, value: str, record: Dispute) -> SafeString:
        """Draw the link, the client and the documents under it."""
        documents = ", ".join(sorted({line.item.document for line in record.lines.all()}))
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{} · {}</span>',
            record.get_absolute_url(),
            record.account.name,
            value,
            documents,
        )

    def value_number(self, value: str) -> str:
        """Return the number."""
        return value

    def render_due(self, value: date, record: Dispute) -> SafeString:
        """Draw the date, and what is left until it."""
        words, tone = left_in_words(record, self.today)
        return format_html(
            '<span class="o-n">{}</span><span class="sub {}">{}</span>',
            formats.date_short(value),
            tone,
            words,
        )

    def value_due(self, value: date) -> date:
        """Return the date."""
        return value
