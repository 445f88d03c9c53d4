"""Readings of the limits of single kinds of risk."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet

from accounts.models import CustomerAccount

from .enums import LimitedPart
from .models import PartLimit
from .queries import ExposureView


def part_limits_on(account: CustomerAccount, day: date) -> list[PartLimit]:
    """The limits of a client in force on a day, by kind."""
    found = part_limit_history(account).filter(effective_from__lte=day)
    return list(found.filter(Q(effective_to=None) | Q(effective_to__gt=day)).order_by("part", "pk"))


def part_limit_history(account: CustomerAccount) -> QuerySet[PartLimit]:
    """Every limit of a client that ever held, the newest first."""
    rows = PartLimit.objects.filter(account=account).select_related("set_by", "ended_by")
    return rows.order_by("-effective_from", "-pk")


def by_kind(view: ExposureView) -> dict[str, Decimal]:
    """What the client has of each kind of risk that may have a limit of its own."""
    figures = view.figures
    return {
        LimitedPart.ORDERS: figures.parts["open_orders"],
        LimitedPart.DELIVERED: figures.parts["delivered_not_invoiced"],
        LimitedPart.NOT_DUE: figures.parts["open_invoices"] - figures.overdue,
        LimitedPart.OVERDUE: figures.overdue,
    }
