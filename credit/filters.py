"""Filters of the list of limit requests."""

from __future__ import annotations

from typing import ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import matching

from .alerts.review_policy import KINDS
from .enums import AlertKind, AlertStatus, CoverStatus, GuaranteeKind, Level, LimitKind, RequestStatus
from .guarantee_queries import in_force, to_confirm
from .lists import waiting_for
from .models import BuyerCover, CreditAlert, Guarantee, LimitRequest

GUARANTEE_TABS = (
    ("in_force", pgettext_lazy("guarantee", "In force")),
    ("to_confirm", pgettext_lazy("guarantee", "For me to confirm")),
    ("over", pgettext_lazy("guarantee", "Over")),
)
ALERT_TABS = (("mine", _("For me")), ("open", _("To do")), ("done", _("Done")))


class LimitRequestFilter(filters.FilterSet):
    """By client, by what waits for whom, by kind and level."""

    q = filters.CharFilter(method="search", label=_("Client, code, SIREN"))
    state = filters.ChoiceFilter(
        method="in_state",
        label=_("Shown"),
        widget=forms.HiddenInput,
        choices=[
            ("mine_to_decide", _("For me to decide")),
            ("waiting", _("Waiting")),
            ("asked_by_me", _("Asked by me")),
            ("decided", _("Decided")),
        ],
    )
    kind = filters.ChoiceFilter(choices=LimitKind.choices, label=_("Kind"))
    level = filters.ChoiceFilter(choices=Level.choices, label=_("Level"))

    class Meta:
        model = LimitRequest
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[LimitRequest], name: str, value: str) -> QuerySet[LimitRequest]:
        """Requests about clients that hold every word."""
        return rows.filter(asked_for__in=matching(CustomerAccount.objects.all(), value))

    def in_state(self, rows: QuerySet[LimitRequest], name: str, value: str) -> QuerySet[LimitRequest]:
        """Requests of one tab."""
        user, company = self.request.user, self.request.company
        if value == "mine_to_decide":
            return waiting_for(rows, user, company)
        if value == "waiting":
            return rows.filter(status=RequestStatus.SUBMITTED)
        if value == "asked_by_me":
            return rows.filter(requested_by=user)
        return rows.filter(status__in=[RequestStatus.APPROVED, RequestStatus.REFUSED])


class AlertFilter(filters.FilterSet):
    """By client and kind; whose they are as tabs."""

    q = filters.CharFilter(method="search", label=_("Client, code, SIREN"))
    kind = filters.ChoiceFilter(choices=AlertKind.choices, label=_("Kind"))
    state = filters.ChoiceFilter(
        method="in_state", label=_("Shown"), widget=forms.HiddenInput, choices=ALERT_TABS
    )
    account = filters.CharFilter(field_name="account__code", label=_("Client"), widget=forms.HiddenInput)

    class Meta:
        model = CreditAlert
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[CreditAlert], name: str, value: str) -> QuerySet[CreditAlert]:
        """Alerts about clients that hold every word."""
        return rows.filter(account__in=matching(CustomerAccount.objects.all(), value))

    def in_state(self, rows: QuerySet[CreditAlert], name: str, value: str) -> QuerySet[CreditAlert]:
        """Alerts of one tab."""
        if value == "done":
            return rows.exclude(status=AlertStatus.OPEN)
        found = rows.filter(status=AlertStatus.OPEN)
        return found.filter(owner=self.request.user) if value == "mine" else found


class ReviewFilter(AlertFilter):
    """The same of reviews alone, by what asks for them."""

    kind = filters.ChoiceFilter(choices=[(kind.value, kind.label) for kind in KINDS], label=_("Why"))


class CoverFilter(filters.FilterSet):
    """By client and by what the insurer said."""

    q = filters.CharFilter(method="search", label=_("Client, code, SIREN"))
    status = filters.ChoiceFilter(choices=CoverStatus.choices, label=_("Status"))

    class Meta:
        model = BuyerCover
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[BuyerCover], name: str, value: str) -> QuerySet[BuyerCover]:
        """Covers of entities with a client that holds every word."""
        clients = matching(CustomerAccount.objects.all(), value)
        return rows.filter(entity__in=clients.values("entity"))


class GuaranteeFilter(filters.FilterSet):
    """By client, guarantor and reference, by kind and level; where they stand as tabs."""

    q = filters.CharFilter(method="search", label=_("Client, guarantor, reference"))
    kind = filters.ChoiceFilter(choices=GuaranteeKind.choices, label=_("Kind"))
    level = filters.ChoiceFilter(choices=Level.choices, label=_("Level"))
    state = filters.ChoiceFilter(
        method="in_state", label=_("Shown"), widget=forms.HiddenInput, choices=GUARANTEE_TABS
    )

    class Meta:
        model = Guarantee
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[Guarantee], name: str, value: str) -> QuerySet[Guarantee]:
        """Guarantees of clients that hold every word, and those of a guarantor or reference."""
        clients = matching(CustomerAccount.objects.all(), value)
        return rows.filter(
            Q(given_for__in=clients) | Q(guarantor__icontains=value) | Q(reference__icontains=value)
        )

    def in_state(self, rows: QuerySet[Guarantee], name: str, value: str) -> QuerySet[Guarantee]:
        """Guarantees of one tab."""
        today = timezone.localdate()
        if value == "in_force":
            return rows.filter(in_force(today))
        if value == "to_confirm":
            return to_confirm(rows, self.request.user)
        return rows.filter(Q(ended_on__lte=today) | Q(valid_until__lt=today))
