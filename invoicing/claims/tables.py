"""The list of claim files."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import matching
from invoicing.models import InsuranceClaim
from invoicing.tables import AccountColumn, linked
from o2c.shared.tables import AmountColumn, DateColumn, NameColumn, StatusColumn, Table, TextColumn

from .enums import ClaimOutcome, ClaimStatus

TABS = (
    (ClaimStatus.THREAT, pgettext_lazy("insurance claims", "Threats told")),
    (ClaimStatus.DECLARED, pgettext_lazy("insurance claims", "Declared")),
    (ClaimStatus.IN_RECOVERY, pgettext_lazy("insurance claims", "The insurer recovers")),
    (ClaimStatus.INDEMNIFIED, pgettext_lazy("insurance claims", "Indemnified")),
    (ClaimStatus.CLOSED, pgettext_lazy("insurance claims", "Closed")),
)
BADGES = tuple(f"insurance_claim_{code.lower()}" for code in (*ClaimStatus.values[:4], *ClaimOutcome.values))


class ClaimTable(Table):
    """One row a claim file."""

    number = NameColumn(sql="number", verbose_name=_("Number"))
    account = AccountColumn(verbose_name=_("Client"), phone="full", order_by=("account__sort_key", "pk"))
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=_("Client code"))
    insurer = TextColumn(accessor="policy__insurer", export_only=True, verbose_name=_("Insurer"))
    reference = TextColumn(phone="hide", verbose_name=_("The insurer’s number"))
    deadline = DateColumn(export_only=True, verbose_name=_("To tell by"))
    told_on = DateColumn(phone="hide", verbose_name=pgettext_lazy("insurance claim", "Told"))
    waits_until = DateColumn(phone="hide", verbose_name=_("Indemnity due from"))
    amount = AmountColumn(currency_from="currency", phone="hide", verbose_name=_("Claimed"))
    expected = AmountColumn(
        currency_from="currency", strong=True, phone="right", verbose_name=_("Indemnity expected")
    )
    beyond_cap = AmountColumn(
        currency_from="currency", export_only=True, verbose_name=_("Beyond the year’s cap")
    )
    indemnity = AmountColumn(currency_from="currency", phone="hide", verbose_name=_("Indemnity received"))
    open_amount = AmountColumn(currency_from="currency", phone="hide", verbose_name=_("Open by the client"))
    currency = TextColumn(export_only=True, verbose_name=_("Currency"))
    badge = StatusColumn(orderable=False, codes=BADGES, phone="full", verbose_name=_("State"))

    class Meta:
        model = InsuranceClaim
        fields: tuple[str, ...] = ()

    def render_number(self, record: Any) -> SafeString:
        """Draw the number with its link."""
        return linked(record.number, reverse("invoicing:insurance_claim", args=[record.pk]))

    def value_number(self, record: Any) -> str:
        """The number alone, for files."""
        return str(record.number)


class ClaimFilter(filters.FilterSet):
    """By number, document and client; where they stand as tabs."""

    q = filters.CharFilter(method="search", label=_("Number, document, client"))
    account = filters.CharFilter(field_name="account__code", label=_("Client"), widget=forms.HiddenInput)
    status = filters.ChoiceFilter(label=_("Shown"), widget=forms.HiddenInput, choices=TABS)

    class Meta:
        model = InsuranceClaim
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Of a number of ours or the insurer's, of a document, or of clients that hold every word."""
        clients = matching(CustomerAccount.objects.all(), value)
        named = InsuranceClaim.objects.filter(items__item__document__iexact=value.strip())
        numbers = Q(number__icontains=value) | Q(reference__icontains=value)
        return rows.filter(numbers | Q(account__in=clients) | Q(pk__in=named.values("pk")))
