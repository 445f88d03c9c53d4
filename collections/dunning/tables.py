"""Tables of collections."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from invoicing.tables import AccountColumn, linked
from o2c.shared import formats
from o2c.shared.tables import AmountColumn, Column, NameColumn, StatusColumn, Table, TextColumn

from .enums import PlanStatus, PromiseStatus
from .models import PaymentPlan, PromiseToPay


def documents_in_words(rows: Any, most: int = 3) -> str:
    """The documents of some items by number, the first few."""
    names = list(dict.fromkeys(row.item.document for row in rows))
    return ", ".join(names[:most]) + ("…" if len(names) > most else "")


class PromiseTable(Table):
    """Promises to pay, the latest first."""

    promised_date = NameColumn(sql="promised_date", verbose_name=_("Promised for"))
    account = AccountColumn(verbose_name=_("Client"), phone="full", order_by=("account__sort_key", "pk"))
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=_("Client code"))
    documents = Column(accessor="seen_items", orderable=False, phone="full", verbose_name=_("Documents"))
    amount = AmountColumn(currency_from="currency", strong=True, phone="right", verbose_name=_("Amount"))
    received = AmountColumn(currency_from="currency", zero=False, phone="hide", verbose_name=_("Received"))
    currency = TextColumn(export_only=True, verbose_name=_("Currency"))
    status = StatusColumn(
        accessor="badge",
        order_by="status",
        codes=tuple(f"promise_{each.lower()}" for each in PromiseStatus.values),
        verbose_name=_("Status"),
        phone="full",
    )
    taken = Column(accessor="taken_by", order_by="taken_at", phone="hide", verbose_name=_("Taken by"))

    class Meta:
        model = PromiseToPay
        fields: tuple[str, ...] = ()

    def render_promised_date(self, record: Any) -> SafeString:
        """Draw the day as the way to the promise."""
        return linked(formats.date_short(record.promised_date), reverse("dunning:promise", args=[record.pk]))

    def value_promised_date(self, record: Any) -> date:
        """Return the day, for files."""
        day: date = record.promised_date
        return day

    def render_documents(self, record: Any) -> str:
        """Draw the numbers of what was promised."""
        return documents_in_words(record.seen_items)

    def value_documents(self, record: Any) -> str:
        """Return all numbers, for files."""
        return documents_in_words(record.seen_items, most=len(record.seen_items))

    def render_taken(self, record: Any) -> str:
        """Draw who noted it."""
        return record.taken_by.label() if record.taken_by else "—"

    def value_taken(self, record: Any) -> str:
        """Return who noted it, for files."""
        return record.taken_by.username if record.taken_by else ""


class PlanTable(Table):
    """Payment plans, the latest first."""

    first_date = NameColumn(sql="first_date", verbose_name=_("First instalment"))
    last_date = Column(order_by="last_date", phone="hide", verbose_name=_("Last instalment"))
    account = AccountColumn(verbose_name=_("Client"), phone="full", order_by=("account__sort_key", "pk"))
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=_("Client code"))
    documents = Column(accessor="seen_items", orderable=False, phone="full", verbose_name=_("Documents"))
    paid = Column(accessor="parts", orderable=False, phone="hide", verbose_name=_("Instalments paid"))
    amount = AmountColumn(currency_from="currency", strong=True, phone="right", verbose_name=_("Amount"))
    received = AmountColumn(currency_from="currency", zero=False, phone="hide", verbose_name=_("Received"))
    currency = TextColumn(export_only=True, verbose_name=_("Currency"))
    status = StatusColumn(
        accessor="badge",
        order_by="status",
        codes=(*(f"plan_{each.lower()}" for each in PlanStatus.values), "plan_late"),
        verbose_name=_("Status"),
        phone="full",
    )

    class Meta:
        model = PaymentPlan
        fields: tuple[str, ...] = ()

    def render_first_date(self, record: Any) -> SafeString:
        """Draw the day as the way to the plan."""
        return linked(formats.date_short(record.first_date), reverse("dunning:plan", args=[record.pk]))

    def value_first_date(self, record: Any) -> date:
        """Return the day, for files."""
        day: date = record.first_date
        return day

    def render_last_date(self, record: Any) -> str:
        """Draw the day of the last instalment."""
        return formats.date_short(record.last_date)

    def value_last_date(self, record: Any) -> date:
        """Return the day, for files."""
        day: date = record.last_date
        return day

    def render_documents(self, record: Any) -> str:
        """Draw the numbers of what it pays."""
        return documents_in_words(record.seen_items)

    def value_documents(self, record: Any) -> str:
        """Return all numbers, for files."""
        return documents_in_words(record.seen_items, most=len(record.seen_items))

    def render_paid(self, record: Any) -> str:
        """Draw how many instalments are paid, of how many."""
        done = sum(part.paid_on is not None for part in record.parts)
        return _("%(done)d of %(all)d") % {"done": done, "all": len(record.parts)}

    def value_paid(self, record: Any) -> str:
        """Return the same, for files."""
        return self.render_paid(record)
