"""Filters of the list of clients, over the annotations of ``CLIENT_FIGURES``."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import queries
from accounts.enums import RiskClass, TeamRole
from accounts.models import CustomerAccount, TeamMember, User

_STATES: dict[str, tuple[str | Promise, Q]] = {
    "over_limit": (_("Over limit"), Q(available__lt=0) & ~Q(limit_kind="none")),
    "overdue": (_("Overdue"), Q(overdue__gt=0)),
    "blocked": (_("Blocked"), Q(is_blocked=True)),
    "watched": (_("On watch"), Q(is_watched=True)),
    "expired": (_("Limit expired"), Q(limit_kind="expired")),
    "no_limit": (_("No credit limit"), Q(limit_kind="none") | Q(limit_kind=None)),
    "credit": (_("In credit"), Q(net_exposure__lt=0)),
}


class AccountFilter(filters.FilterSet):
    """Name, code, SIREN or town; class; rep; situation."""

    TABS: ClassVar[tuple[str, ...]] = ("over_limit", "overdue", "blocked", "watched")

    q = filters.CharFilter(method="search", label=_("Name, code, SIREN, city"))
    risk_class = filters.ChoiceFilter(choices=RiskClass.choices, label=_("Class"))
    rep = filters.ChoiceFilter(choices=lambda: (), method="of_rep", label=_("Sales rep"))
    state = filters.ChoiceFilter(
        choices=[(key, label) for key, (label, _condition) in _STATES.items()],
        method="in_state",
        label=_("Situation"),
    )

    class Meta:
        model = CustomerAccount
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company = getattr(self.request, "company", None)
        self.filters["rep"].extra["choices"] = [(rep.username, rep.label()) for rep in reps_of(company)]

    @staticmethod
    def states() -> list[tuple[str, str | Promise]]:
        """The situations with their words."""
        return [(key, label) for key, (label, _condition) in _STATES.items()]

    def search(self, rows: Any, name: str, value: str) -> Any:
        """Clients that hold every word."""
        return queries.matching(rows, value)

    def of_rep(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Clients of one sales rep."""
        return rows.filter(rep_username=value)

    def in_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Clients in one situation."""
        return rows.filter(_STATES[value][1])


def reps_of(company: Any) -> list[User]:
    """The people who are somebody's sales rep in a company, by name."""
    members = TeamMember.objects.filter(role=TeamRole.SALES_REP, valid_to=None)
    if company is not None:
        members = members.filter(account__company=company)
    return list(User.objects.filter(pk__in=members.values("user_id")).order_by("last_name", "username"))
