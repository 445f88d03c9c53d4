"""Alerts as readers see them."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Company, CustomerAccount, User

from ..enums import AlertKind, AlertStatus
from ..models import CreditAlert


def alerts_visible(user: User, company: Company | None = None) -> QuerySet[CreditAlert]:
    """Alerts about the clients this user may see, with all that a line shows.

    Those about one order, dispute or document only for whoever sees every sale: they may name a colleague's (ADR 0010).
    """
    clients = CustomerAccount.objects.visible_to(user, company)
    rows = CreditAlert.objects.filter(account__in=clients)
    if not user.sees_every_sale(company):
        rows = rows.exclude(kind__in=(AlertKind.UNUSUAL_ORDER, AlertKind.NEW_DISPUTE, AlertKind.LIMITATION))
    return rows.select_related("account__company", "owner", "ended_by")


def open_alerts_of(user: User, company: Company) -> QuerySet[CreditAlert]:
    """Open alerts that wait for this person, the most urgent first."""
    return alerts_visible(user, company).filter(owner=user, status=AlertStatus.OPEN).order_by("due_on", "pk")
