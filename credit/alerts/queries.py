"""Alerts as readers see them."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Company, CustomerAccount, User

from ..enums import AlertKind, AlertStatus
from ..models import CreditAlert, CreditLimit
from .review_policy import KINDS


def alerts_visible(user: User, company: Company | None = None) -> QuerySet[CreditAlert]:
    """Alerts about the clients this user may see, with all that a line shows.

    Those about one order, dispute or document only for whoever sees every sale: they may name a colleague's (ADR 0010).
    """
    clients = CustomerAccount.objects.visible_to(user, company)
    rows = CreditAlert.objects.filter(account__in=clients)
    if not user.sees_every_sale(company):
        rows = rows.exclude(
            kind__in=(
                AlertKind.UNUSUAL_ORDER,
                AlertKind.NEW_DISPUTE,
                AlertKind.LIMITATION,
                AlertKind.SOLD_DISPUTED,
                AlertKind.TO_PASS_ON,
                AlertKind.INDEMNITY_DUE,
            )
        )
    return rows.select_related("account__company", "owner", "ended_by")


def reviews_visible(user: User, company: Company | None = None) -> QuerySet[CreditAlert]:
    """What asks to look at a limit again, of the clients this user may see, with ``limit``: the base limit in force.

    The client's own limit, else its legal entity's; None where it is unlimited.
    """
    limits = CreditLimit.objects.filter(closed_on=None).order_by("-valid_from", "-pk")
    return (
        alerts_visible(user, company)
        .filter(kind__in=KINDS)
        .annotate(
            limit=Coalesce(
                Subquery(limits.filter(account=OuterRef("account")).values("amount")[:1]),
                Subquery(limits.filter(entity=OuterRef("account__entity")).values("amount")[:1]),
            )
        )
    )


def open_alerts_of(user: User, company: Company) -> QuerySet[CreditAlert]:
    """Open alerts that wait for this person, the most urgent first."""
    return alerts_visible(user, company).filter(owner=user, status=AlertStatus.OPEN).order_by("due_on", "pk")
