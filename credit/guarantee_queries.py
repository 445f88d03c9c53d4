"""Guarantees as readers see them."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db.models import Q, QuerySet

from accounts.models import Company, CustomerAccount, User

from .models import Guarantee

# Where a guarantee may stand on a day (``Guarantee.state_on``).
STATES: Final = ("waiting", "counts", "not_eligible", "later", "expired", "ended")


def guarantees_visible(user: User, company: Company | None = None) -> QuerySet[Guarantee]:
    """Guarantees entered for the clients this user may see, with all that a line shows."""
    clients = CustomerAccount.objects.visible_to(user, company)
    return Guarantee.objects.filter(given_for__in=clients).select_related(
        "given_for__company", "account", "entity", "group", "recorded_by", "confirmed_by", "ended_by"
    )


def in_force(on: date) -> Q:
    """Those that are confirmed, begun, and neither run out nor ended; eligible or not."""
    return (
        Q(confirmed_at__isnull=False, valid_from__lte=on)
        & (Q(valid_until=None) | Q(valid_until__gte=on))
        & (Q(ended_on=None) | Q(ended_on__gt=on))
    )


def to_confirm(rows: QuerySet[Guarantee], user: User) -> QuerySet[Guarantee]:
    """Those of some guarantees that wait for another person than this one."""
    return rows.filter(confirmed_at=None, ended_on=None).exclude(recorded_by=user)


def guarantees_around(user: User, account: CustomerAccount, *, on: date) -> list[Guarantee]:
    """What is entered of a client, its legal entity and its group, ended ones left out, as far as this user may see."""
    levels = Q(account=account) | Q(entity=account.entity_id)
    if account.entity.group_id is not None:
        levels |= Q(group=account.entity.group_id)
    return list(
        guarantees_visible(user)
        .filter(levels)
        .filter(Q(ended_on=None) | Q(ended_on__gt=on))
        .order_by("-valid_from", "-pk")
    )
