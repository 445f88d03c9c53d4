"""Last known credit figures beside the rows of a list. For reading and sorting only: nothing decides on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, DecimalField, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from accounts.enums import RiskClass
from accounts.models import Company, CustomerAccount, User
from o2c.shared.money import ZERO

from .enums import Level, RequestStatus, Side
from .models import AccountBlock, AccountWatch, CreditLimit, CreditStanding, LimitRequest, LimitSignature
from .policy import Mandate
from .services.checks import mandates
from .services.signing import COUNTERSIGN
from .signature_policy import TWO_FROM

_FIGURES = ("net_exposure", "effective_limit", "available", "overdue", "oldest_due", "limit_kind")


def with_standing(accounts: QuerySet[CustomerAccount]) -> QuerySet[CustomerAccount]:
    """Annotate clients with the figures of ``CreditStanding`` and their time, and whether blocked or watched.

    The figures are in the company's currency, None before the first computation: ``net_exposure``,
    ``effective_limit``, ``available``, ``overdue``, ``oldest_due``, ``limit_kind``, ``use`` (net exposure over
    limit), ``standing_at``. ``is_blocked`` and ``is_watched`` are always true or false.
    """
    standing = CreditStanding.objects.filter(level=Level.ACCOUNT, target_id=OuterRef("pk"))
    return accounts.annotate(
        **{name: Subquery(standing.values(name)[:1]) for name in _FIGURES},
        standing_at=Subquery(standing.values("computed_at")[:1]),
        is_blocked=Exists(AccountBlock.objects.filter(account=OuterRef("pk"), lifted_at=None)),
        is_watched=Exists(AccountWatch.objects.filter(account=OuterRef("pk"), lifted_at=None)),
    ).annotate(
        use=Case(
            When(effective_limit__gt=0, then=F("net_exposure") / F("effective_limit")),
            output_field=DecimalField(max_digits=16, decimal_places=4),
        )
    )


def standing_totals(accounts: QuerySet[CustomerAccount]) -> dict[str, Any]:
    """Sums over a set of clients, in the currency of their company: ``net``, ``overdue``; ``at``, the newest time."""
    return CreditStanding.objects.filter(
        level=Level.ACCOUNT, target_id__in=accounts.order_by().values("pk")
    ).aggregate(net=Sum("net_exposure"), overdue=Sum("overdue"), at=Max("computed_at"))


def with_current_limit(requests: QuerySet[LimitRequest]) -> QuerySet[LimitRequest]:
    """Annotate requests with ``current``: the base limit in force where they ask for another, None without one."""
    limits = CreditLimit.objects.filter(closed_on=None).order_by("-valid_from")
    return requests.annotate(
        current=Coalesce(
            *(
                Subquery(limits.filter(**{name: OuterRef(name)}).values("amount")[:1])
                for name in ("account", "entity", "group")
            )
        )
    )


def waiting_for(
    requests: QuerySet[LimitRequest], user: User, company: Company, *, own_level_only: bool = False
) -> QuerySet[LimitRequest]:
    """Submitted requests that this person may decide, alone or as one of two, and that are not their own.

    The same rule as ``policy.limit_level``, as a condition of the database.

    :param own_level_only: leave out what a level below may decide too
    """
    matrix, mine = mandates(company.pk), Q(pk__in=[])
    for acting in user.acting_in(company):
        others = ~Q(requested_by__in=acting.hands) & ~Exists(_signed(Q(signed_by__in=acting.hands)))
        if acting.authority and acting.may("credit.decide_limit"):
            decides = _decided_at(matrix, acting.authority)
            if own_level_only:
                decides &= ~_decided_at(matrix, acting.authority - 1)
            mine |= decides & others & ~Exists(_signed(Q(side=Side.AUTHORITY)))
        if acting.may(COUNTERSIGN):
            by_two = ~_decided_at(matrix, TWO_FROM - 1)
            mine |= by_two & others & ~Exists(_signed(Q(side=Side.COUNTERSIGN)))
    return requests.filter(mine, status=RequestStatus.SUBMITTED)


def _signed(which: Q) -> QuerySet[LimitSignature]:
    """Approvals of a request that stand."""
    return LimitSignature.objects.filter(which, request=OuterRef("pk"), ended_at=None)


def _decided_at(matrix: Sequence[Mandate], level: int) -> Q:
    """Requests that a level of the matrix may decide; class E raises every case by one, not above the top."""
    in_class_e = level if level >= matrix[-1].level else level - 1
    class_e = Q(asked_for__risk_class=RiskClass.E)
    amounts = (~class_e & _granted_by(matrix, level)) | (class_e & _granted_by(matrix, in_class_e))
    # An appeal is for a level above the one that refused.
    refused_below = Q(appeal_of=None) | Q(appeal_of__decided_level__lt=level)
    return amounts & (refused_below if level < matrix[-1].level else Q())


def _granted_by(matrix: Sequence[Mandate], level: int) -> Q:
    """Amounts that a level of the matrix, or one below it, may grant."""
    able = [m for m in matrix if m.level <= level]
    if any(m.limit_amount is None for m in able):
        return Q()
    bound = max((m.limit_amount for m in able if m.limit_amount is not None), default=ZERO)
    return Q(amount__lte=bound) if bound > 0 else Q(pk__in=[])
