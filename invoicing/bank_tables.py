"""Tables of bank statements."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from invoicing.enums import Continuity
from o2c.shared import formats
from o2c.shared.tables import (
    AmountColumn,
    DateColumn,
    NameColumn,
    NumberColumn,
    StatusColumn,
    Table,
    TextColumn,
)

from .models import BankStatement


class StatementFilter(django_filters.FilterSet):
    """Statements by text and by how they follow each other."""

    q = django_filters.CharFilter(method="search", label=_("Account, number, file"))
    continuity = django_filters.ChoiceFilter(choices=Continuity.choices, label=_("Continuity"))

    class Meta:
        model = BankStatement
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep statements of which account, number or file holds the text."""
        text = value.strip()
        return rows.filter(
            Q(number__icontains=text)
            | Q(file_name__icontains=text)
            | Q(bank_account__name__icontains=text)
            | Q(bank_account__key__icontains=text.replace(" ", ""))
        )


class StatementTable(Table):
    """Statements, the latest first."""

    account = NameColumn(accessor="bank_account", sql="bank_account__name", verbose_name=_("Bank account"))
    number = TextColumn(verbose_name=_("Number"), phone="hide")
    opening_on = DateColumn(verbose_name=pgettext_lazy("period", "From"), phone="hide")
    closing_on = DateColumn(verbose_name=_("To"), phone="right")
    opening_balance = AmountColumn(currency_from="currency", phone="hide", verbose_name=_("Old balance"))
    closing_balance = AmountColumn(currency_from="currency", phone="full", verbose_name=_("New balance"))
    currency = TextColumn(export_only=True, verbose_name=_("Currency"))
    line_count = NumberColumn(verbose_name=_("Lines"), phone="hide")
    payment_lines = NumberColumn(verbose_name=_("Payments"), phone="hide")
    waiting_returns = NumberColumn(verbose_name=_("Returns to decide"), phone="hide")
    continuity = StatusColumn(codes=tuple(Continuity.values), verbose_name=_("Continuity"), phone="full")

    class Meta:
        model = BankStatement
        fields: tuple[str, ...] = ()

    def render_account(self, record: Any) -> SafeString:
        """Draw the account's name as the way to the statement, its number below."""
        account = record.bank_account
        shown = formats.iban_masked(account.iban) if account.iban else str(account.number)
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{}</span>',
            reverse("invoicing:statement", args=[record.pk]),
            account.name or shown,
            f"{shown} {account.currency}",
        )

    def value_account(self, record: Any) -> str:
        """Return the account in full, for files."""
        return str(record.bank_account.iban or record.bank_account)
