"""Filters of the list of limit requests."""

from __future__ import annotations

from typing import ClassVar

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount
from accounts.queries import matching

from .alerts.review_policy import KINDS
from .enums import AlertKind, AlertStatus, CoverStatus, Level, LimitKind, RequestStatus
from .lists import waiting_for
from .models import BuyerCover, CreditAlert, LimitRequest

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
