"""The table of recurring invoices."""

from __future__ import annotations

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from invoicing.models import RecurringInvoice
from invoicing.tables import AccountColumn, linked
from o2c.shared.tables import AmountColumn, DateColumn, StatusColumn, Table, TextColumn


class RecurringTable(Table):
    """Schedules with what comes next."""

    label = TextColumn(orderable=False, verbose_name=gettext_lazy("Schedule"))
    account = AccountColumn(
        verbose_name=gettext_lazy("Client"), phone="full", order_by=("account__sort_key", "pk")
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Client code"))
    rhythm = TextColumn(verbose_name=gettext_lazy("Rhythm"), phone="hide")
    first_day = DateColumn(verbose_name=gettext_lazy("First day"), phone="hide")
    last_day = DateColumn(verbose_name=gettext_lazy("Last day"), phone="hide")
    next_on = DateColumn(verbose_name=gettext_lazy("Next invoice"))
    total_excl_vat = AmountColumn(
        currency_from="currency", strong=True, phone="right", verbose_name=gettext_lazy("Excl. VAT")
    )
    currency = TextColumn(export_only=True, verbose_name=gettext_lazy("Currency"))
    badge = StatusColumn(orderable=False, verbose_name=gettext_lazy("State"))

    class Meta:
        model = RecurringInvoice
        fields: tuple[str, ...] = ()

    def render_label(self, record: RecurringInvoice) -> SafeString:
        """Draw the label with its link."""
        return linked(record.label, reverse("invoicing:recurring_one", args=[record.pk]))

    def value_label(self, record: RecurringInvoice) -> str:
        """Return the label alone, for files."""
        return record.label

    def render_rhythm(self, record: RecurringInvoice) -> str:
        """Say how often and on which side of the period."""
        return f"{record.get_rhythm_display()}, {record.get_timing_display().lower()}"

    def value_rhythm(self, record: RecurringInvoice) -> str:
        """The same in a file."""
        return self.render_rhythm(record)
