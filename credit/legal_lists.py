"""The list of legal notices and the forms that note and end one."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import matching
from o2c.shared import formats
from o2c.shared.fields import DateField
from o2c.shared.tables import DateColumn, NameColumn, StatusColumn, Table, TextColumn

from .enums import LegalNoticeKind
from .legal_policy import deadlines
from .legal_queries import open_proceedings
from .models import LegalNotice

NOTICE_TABS = (
    ("open", pgettext_lazy("legal notices", "Proceedings open")),
    ("over", pgettext_lazy("legal notices", "Over")),
)


class LegalNoticeTable(Table):
    """One row a notice: about whom, what, when, by when a claim is filed."""

    client = NameColumn(verbose_name=gettext_lazy("Client"))
    code = TextColumn(export_only=True, verbose_name=gettext_lazy("Code"))
    siren = TextColumn(accessor="entity__siren", phone="hide", verbose_name=gettext_lazy("SIREN"))
    kind = StatusColumn(
        accessor="badge",
        order_by="kind",
        codes=tuple(f"legal_{kind.lower()}" for kind in LegalNoticeKind.values),
        phone="full",
        verbose_name=gettext_lazy("Kind"),
    )
    judgement_on = DateColumn(phone="right", verbose_name=gettext_lazy("Judgement"))
    published_on = DateColumn(phone="hide", verbose_name=gettext_lazy("Published"))
    claim = DateColumn(
        empty_values=(), orderable=False, phone="hide", verbose_name=gettext_lazy("Claim to file by")
    )
    reference = TextColumn(phone="hide", verbose_name=gettext_lazy("Reference"))
    ended_on = DateColumn(phone="hide", verbose_name=gettext_lazy("Over on"))

    class Meta:
        model = LegalNotice
        fields = ()

    def render_client(self, record: Any) -> SafeString:
        """Draw the way to the notice, with the client's code under it."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{}</span>',
            reverse("credit:legal_notice", args=[record.pk]),
            record.client,
            record.code,
        )

    def render_claim(self, record: Any) -> str:
        """Draw the day by which the claim is filed."""
        day = claim_by(record)
        return formats.date_short(day) if day else formats.NOTHING

    def value_claim(self, record: Any) -> Any:
        """The day, for files."""
        return claim_by(record)

    def value_client(self, record: Any) -> str:
        """The name alone in files."""
        name: str = record.client
        return name


class LegalNoticeFilter(filters.FilterSet):
    """By client and reference, by kind; open and over as tabs."""

    q = filters.CharFilter(method="search", label=gettext_lazy("Client, SIREN, reference"))
    kind = filters.ChoiceFilter(choices=LegalNoticeKind.choices, label=gettext_lazy("Kind"))
    state = filters.ChoiceFilter(
        method="in_state", label=gettext_lazy("Shown"), widget=forms.HiddenInput, choices=NOTICE_TABS
    )

    class Meta:
        model = LegalNotice
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[LegalNotice], name: str, value: str) -> QuerySet[LegalNotice]:
        """Notices about entities of clients that hold every word, and those of a reference."""
        clients = matching(CustomerAccount.objects.all(), value)
        return rows.filter(Q(entity__in=clients.values("entity")) | Q(reference__icontains=value))

    def in_state(self, rows: QuerySet[LegalNotice], name: str, value: str) -> QuerySet[LegalNotice]:
        """Notices of one tab."""
        if value == "open":
            return rows.filter(open_proceedings(timezone.localdate()))
        return rows.filter(ended_on__isnull=False)


class LegalNoticeForm(forms.Form):
    """What was published."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=LegalNoticeKind.choices, widget=forms.RadioSelect
    )
    judgement_on = DateField(label=gettext_lazy("Date of the judgement"), prefer="past")
    published_on = DateField(
        label=gettext_lazy("Published on"),
        prefer="past",
        help_text=gettext_lazy("The delays to file a claim run from the publication in the BODACC."),
    )
    reference = forms.CharField(
        label=gettext_lazy("Reference"), max_length=60, help_text=gettext_lazy("Number of the notice")
    )


class EndNoticeForm(forms.Form):
    """Why proceedings are over, or that the notice was a mistake."""

    was_mistake = forms.BooleanField(
        label=gettext_lazy("It was a mistake"),
        required=False,
        help_text=gettext_lazy("Then nothing stays frozen; else what was owed before the judgement does."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea({"rows": 2, "placeholder": gettext_lazy("Plan carried out, court of Lyon")}),
    )


def claim_by(notice: LegalNotice) -> date | None:
    """By when a claim is filed, of a notice that opens proceedings."""
    if not notice.opens:
        return None
    return deadlines(notice.published_on).claim
