"""Telling people what became of what an order waits for."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from o2c.shared import formats
from orders.enums import ConditionalStatus, ConditionStatus
from orders.models import ConditionalRelease, Order, ReleaseCondition

from .notices import write

_KINDS = {ConditionStatus.MET: "condition.met", ConditionStatus.BROKEN: "condition.broken"}


def condition_ended(*, work: Any, order_id: int, condition_id: int) -> dict[str, int]:
    """Work handler: tell the rep, the submitter and who agreed it, and of a broken one who decided on it."""
    del work, order_id
    row = ReleaseCondition.objects.select_related("order__account").get(pk=condition_id)
    kind = _KINDS.get(ConditionStatus(row.status))
    if kind is None:
        return {"told": 0}
    told = _concerned(row.order) | {row.agreed_by_id}
    if row.status == ConditionStatus.BROKEN:
        told |= set(row.order.releases.filter(voided_at=None).values_list("approved_by_id", flat=True))
        told |= set(row.order.conditional_releases.values_list("approved_by_id", flat=True))
    facts = {"measure": row.kind, "day": formats.date_short(row.due_on)}
    if row.amount is not None:
        facts |= {"amount": str(row.amount), "currency": row.currency}
    return _tell(kind, f"condition:{row.pk}", row.order, told, facts)


def release_void(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: tell whoever decided on a release that it could not take effect, and that somebody must decide."""
    del work
    found = (
        ConditionalRelease.objects.select_related("order__account")
        .filter(order_id=order_id, status=ConditionalStatus.VOID)
        .order_by("-ended_at", "-pk")
        .first()
    )
    if found is None:
        return {"told": 0}
    told = _concerned(found.order) | {found.approved_by_id}
    return _tell("release.void", f"release:{found.pk}", found.order, told, {})


def _concerned(order: Order) -> set[int]:
    return {key for key in (order.sales_rep_id, order.submitted_by_id) if key is not None}


def _tell(kind: str, key: str, order: Order, told: set[int], facts: dict[str, Any]) -> dict[str, int]:
    named = {"order": order.number, "client": order.account.name, "account": order.account.code}
    return write(
        kind,
        key,
        named | facts,
        reverse("orders:detail", args=[order.number]),
        dict.fromkeys(told, False),
        company_id=order.company_id,
        account_id=order.account_id,
        about=(Order._meta.label_lower, order.pk),
    )
