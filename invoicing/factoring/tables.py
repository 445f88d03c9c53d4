"""The tables of batches, of what is sold, and of money to pass on."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from invoicing.models import Allocation, Assignment, AssignmentBatch
from invoicing.tables import AccountColumn, item_url, linked
from o2c.shared.tables import AmountColumn, Column, DateColumn, NameColumn, StatusColumn, Table, TextColumn


class BatchTable(Table):
    """One row a list sent to a factor."""

    number = NameColumn(sql="number", verbose_name=gettext_lazy("Number"))
    factor = TextColumn(accessor="agreement__factor", phone="full", verbose_name=gettext_lazy("Factor"))
    sent_on = DateColumn(phone="hide", verbose_name=pgettext_lazy("batch", "Sent"))
    received_on = DateColumn(phone="hide", verbose_name=pgettext_lazy("batch", "Received"))
    items = Column(phone="hide", orderable=False, verbose_name=gettext_lazy("Documents"))
    eligible = AmountColumn(currency_from="currency", phone="hide", verbose_name=gettext_lazy("Sold"))
    fund = AmountColumn(
        currency_from="currency", phone="hide", verbose_name=gettext_lazy("Into the guarantee fund")
    )
    financed = AmountColumn(
        currency_from="currency", strong=True, phone="right", verbose_name=gettext_lazy("Financed")
    )
    badge = StatusColumn(
        orderable=False,
        codes=("batch_sent", "batch_received"),
        phone="full",
        verbose_name=gettext_lazy("State"),
    )

    class Meta:
        model = AssignmentBatch
        fields: tuple[str, ...] = ()

    def render_number(self, record: AssignmentBatch) -> SafeString:
        """Draw the number with its link."""
        return linked(record.number, reverse("invoicing:batch", args=[record.pk]))

    def value_number(self, record: AssignmentBatch) -> str:
        """The number alone, for files."""
        return record.number


class SoldTable(Table):
    """One row an item sold: what the factor's list holds."""

    document = NameColumn(accessor="item__document", verbose_name=gettext_lazy("Document"))
    account = AccountColumn(
        verbose_name=gettext_lazy("Client"), phone="full", order_by=("account__sort_key", "pk")
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Client code"))
    siren = TextColumn(
        accessor="account__entity__siren", export_only=True, verbose_name=gettext_lazy("SIREN")
    )
    batch = TextColumn(accessor="batch__number", phone="hide", verbose_name=gettext_lazy("List"))
    issue_date = DateColumn(accessor="item__issue_date", phone="hide", verbose_name=gettext_lazy("Issued"))
    due_date = DateColumn(accessor="item__due_date", verbose_name=gettext_lazy("Due"))
    amount = AmountColumn(
        currency_from="batch__currency", phone="hide", verbose_name=gettext_lazy("Sold for")
    )
    open_amount = AmountColumn(
        currency_from="batch__currency",
        strong=True,
        phone="right",
        verbose_name=pgettext_lazy("amount", "Open"),
    )
    currency = TextColumn(accessor="batch__currency", export_only=True, verbose_name=gettext_lazy("Currency"))
    effective_from = DateColumn(phone="hide", verbose_name=gettext_lazy("Since"))
    badge = StatusColumn(
        orderable=False,
        codes=("assignment_sent", "assignment_sold", "assignment_taken_back"),
        phone="full",
        verbose_name=gettext_lazy("State"),
    )

    class Meta:
        model = Assignment
        fields: tuple[str, ...] = ()

    def render_document(self, record: Assignment) -> SafeString:
        """Draw the document with its link."""
        return linked(record.item.document, item_url(record.item))

    def value_document(self, record: Assignment) -> str:
        """The document alone, for files."""
        return record.item.document

    def render_batch(self, record: Assignment) -> SafeString:
        """Draw the list's number with its link."""
        return linked(record.batch.number, reverse("invoicing:batch", args=[record.batch_id]), "o-u")

    def value_batch(self, record: Assignment) -> str:
        """The number alone, for files."""
        return record.batch.number


class ToPassOnTable(Table):
    """One row a match: money that came in here and is the factor's."""

    document = NameColumn(accessor="debit__document", verbose_name=gettext_lazy("Document"))
    account = AccountColumn(
        accessor="debit__account",
        verbose_name=gettext_lazy("Client"),
        phone="full",
        order_by=("debit__account__sort_key", "pk"),
    )
    code = TextColumn(
        accessor="debit__account__code", export_only=True, verbose_name=gettext_lazy("Client code")
    )
    effective_date = DateColumn(verbose_name=gettext_lazy("Came in"))
    amount = AmountColumn(
        currency_from="debit__currency", strong=True, phone="right", verbose_name=gettext_lazy("Amount")
    )
    currency = TextColumn(accessor="debit__currency", export_only=True, verbose_name=gettext_lazy("Currency"))
    act = Column(
        empty_values=(),
        orderable=False,
        phone="full",
        exclude_from_export=True,
        verbose_name=gettext_lazy("Pass on"),
    )

    class Meta:
        model = Allocation
        fields: tuple[str, ...] = ()

    def render_document(self, record: Allocation) -> SafeString:
        """Draw the document with its link."""
        return linked(record.debit.document, item_url(record.debit))

    def value_document(self, record: Allocation) -> str:
        """The document alone, for files."""
        return record.debit.document

    def render_act(self, record: Any) -> SafeString:
        """Draw the way to the act."""
        return format_html(
            '<a class="btn sm" href="{}">{}</a>',
            reverse("invoicing:pass_on", args=[record.pk]),
            _("Passed on…"),
        )
