"""Who answers for which process, who may, and what is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from django.db.models import QuerySet

from accounts.models import Company, RoleGrant, User
from disputes.enums import Department, RootCause
from dunning.enums import CallTopic

from ..enums import TELLS, StatementKind, SubjectKind
from ..models import MonthlyStatement, ProcessOwner
from .policy import months_due

# Nobody is told of cases that it may not see.
READS: Final = "disputes.view"
Subject = tuple[str, str]


def subjects() -> list[Subject]:
    """Every process there is: departments, branches of causes, topics of satisfaction."""
    branches = dict.fromkeys(cause.value.partition(".")[0] for cause in RootCause)
    return [
        *((SubjectKind.DEPARTMENT.value, each.value) for each in Department),
        *((SubjectKind.CAUSE.value, branch) for branch in branches),
        *((SubjectKind.TOPIC.value, each.value) for each in CallTopic),
    ]


def owners_of(company: Company) -> dict[Subject, ProcessOwner]:
    """Who answers for which process of a company."""
    rows = ProcessOwner.objects.filter(company=company).select_related("user")
    return {(row.kind, row.subject): row for row in rows}


def possible_owners(company: Company) -> QuerySet[User]:
    """People who may see disputes of a company, by name."""
    grants = RoleGrant.objects.filter(company=company, role__permissions__contains=[READS])
    people = User.objects.filter(pk__in=grants.values("user"), is_active=True, is_system=False)
    return people.order_by("last_name", "first_name", "username")


def subjects_of(company: Company, kind: str, owner: User | int) -> list[Subject]:
    """What an owner is told of in one kind of statement."""
    kinds = [subject for subject, told in TELLS.items() if told == kind]
    rows = ProcessOwner.objects.filter(company=company, user=owner, kind__in=kinds)
    return list(rows.order_by("kind", "subject").values_list("kind", "subject"))


def statements_due(today: date) -> list[tuple[int, str, date, int]]:
    """What is to be told by now and has not been: company, kind, month, owner; the oldest first."""
    since: dict[tuple[int, str, int], date] = {}
    for company, kind, user, day in ProcessOwner.objects.filter(user__is_active=True).values_list(
        "company", "kind", "user", "since"
    ):
        key = (company, TELLS[SubjectKind(kind)].value, user)
        since[key] = min(day, since.get(key, day))
    told = set(MonthlyStatement.objects.values_list("company", "kind", "month", "owner"))
    due = [
        (company, kind, month, user)
        for (company, kind, user), day in since.items()
        for month in months_due(since=day, today=today)
    ]
    return sorted(set(due) - told, key=lambda row: (row[2], *row))


def statements_visible(user: User, company: Company) -> QuerySet[MonthlyStatement]:
    """Statements this user may read, with owner and message, the latest first."""
    rows = MonthlyStatement.objects.visible_to(user, company).select_related("owner", "message", "asked_by")
    return rows.order_by("-month", "kind", "owner__last_name", "pk")


def kinds_told(company: Company) -> Sequence[tuple[StatementKind, User]]:
    """Each kind of statement with each owner who gets it, by name."""
    rows = ProcessOwner.objects.filter(company=company, user__is_active=True).select_related("user")
    found = {(TELLS[SubjectKind(row.kind)], row.user) for row in rows}
    return sorted(found, key=lambda pair: (pair[0], pair[1].label().casefold(), pair[1].pk))
