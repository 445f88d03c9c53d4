"""Releases a reader may see with their outcome, and the record of each decider in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Concat, TruncDate

from accounts.models import Company, User
from credit.models import CreditDecision
from invoicing.outcomes.policy import Outcome, hit_rate_of_counts
from orders.models import Order, Release


@dataclass(frozen=True)
class Record:
    """How the releases of one person turned out.

    :ivar decider: name as people read it
    :ivar measurable: releases whose last due date and the grace after it are past, or that are lost
    :ivar rate: formula 8.17 in percent, one decimal; None where nothing can be measured yet
    """

    decider: str
    username: str
    releases: int
    measurable: int
    paid: int
    late: int
    lost: int
    rate: Decimal | None


def releases_visible(user: User, company: Company | None) -> QuerySet[Any]:
    """Releases of orders the reader may see, the newest first, without those that were undone.

    Each carries ``shown_outcome``, the key of its badge. The figures a decision saw are not read: a list shows none.
    """
    return (
        Release.objects.filter(order__in=Order.objects.visible_to(user, company), voided_at=None)
        .select_related(
            "order__account", "order__company", "decision", "approved_by", "override__countersigned_by"
        )
        .defer("decision__figures", "before", "conditions")
        .annotate(
            released_on=TruncDate("approved_at"),
            shown_outcome=Concat(Value("outcome_"), F("decision__outcome")),
            # Days late while money is, or was, late: nothing to say of an order paid in time.
            late_by=Case(
                When(decision__days_late__gt=0, then=F("decision__days_late")), output_field=IntegerField()
            ),
        )
        .order_by("-approved_at", "-pk")
    )


def deciders_of(releases: QuerySet[Any]) -> list[tuple[str, str]]:
    """User name and name of everybody who decided some releases, alone or as the second of two, by name."""
    alone = releases.order_by().values("approved_by")
    second = releases.order_by().values("override__countersigned_by")
    people = User.objects.filter(Q(pk__in=alone) | Q(pk__in=second)).order_by("last_name", "username")
    return [(person.username, person.label()) for person in people]


def records_of(releases: QuerySet[Any]) -> list[Record]:
    """The record of each decider over some releases, most releases first."""
    outcomes = {name: Count("pk", filter=Q(decision__outcome=name)) for name in CreditDecision.Outcome.values}
    rows = (
        releases.order_by()
        .values("approved_by__username", "approved_by__first_name", "approved_by__last_name")
        .annotate(count=Count("pk"), **outcomes)
        .order_by("-count", "approved_by__username")
    )
    return [_record(row) for row in rows]


def _record(row: dict[str, Any]) -> Record:
    name = f"{row['approved_by__first_name']} {row['approved_by__last_name']}".strip()
    rate = hit_rate_of_counts({outcome: row[outcome.value] for outcome in Outcome})
    return Record(
        decider=name or row["approved_by__username"],
        username=row["approved_by__username"],
        releases=row["count"],
        measurable=rate.measurable,
        paid=rate.successes,
        late=row[Outcome.LATE.value],
        lost=row[Outcome.LOST.value],
        rate=rate.rate,
    )
