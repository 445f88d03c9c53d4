"""The table of interest notes."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from o2c.shared.tables import AmountColumn, DateColumn, NameColumn, Table, TextColumn

from .models import PenaltyNote
from .tables import AccountColumn, linked


class PenaltyNoteTable(Table):
    """Notes, and those that take one back."""

    number = NameColumn(sql="number", verbose_name=gettext_lazy("Number"))
    account = AccountColumn(
        verbose_name=gettext_lazy("Client"), phone="full", order_by=("account__sort_key", "pk")
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Client code"))
    issue_date = DateColumn(verbose_name=gettext_lazy("Issued"))
    as_of = DateColumn(verbose_name=gettext_lazy("Up to"), phone="hide")
    interest = AmountColumn(
        currency_from="currency", strong=True, phone="right", verbose_name=gettext_lazy("Interest")
    )
    fee = AmountColumn(phone="hide", zero=False, verbose_name=gettext_lazy("Indemnities, €"))
    currency = TextColumn(export_only=True, verbose_name=gettext_lazy("Currency"))

    class Meta:
        model = PenaltyNote
        fields: tuple[str, ...] = ()

    def render_number(self, record: PenaltyNote) -> SafeString:
        """Draw the number, and what it takes back or is taken back by."""
        link = linked(record.number, reverse("invoicing:penalty_note", args=[record.pk]))
        if record.cancels is not None:
            return format_html(
                '{}<span class="sub">{}</span>',
                link,
                _("takes back %(number)s") % {"number": record.cancels.number},
            )
        undone = getattr(record, "cancelled_by", None)
        if undone is not None:
            return format_html('{}<span class="sub">{}</span>', link, _("taken back"))
        return link

    def value_number(self, record: PenaltyNote) -> str:
        """Return the number alone, for files."""
        return record.number
