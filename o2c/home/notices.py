"""Telling people: one line each, once per event, written by the reactions to what happened to an order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleGrant
from o2c.shared.models import Notice
from orders.models import HoldCase, Order

# The right that a decision on a held order needs.
_DECIDES: Final = "orders.release"


def order_held(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: tell the rep, the submitter and those who may decide that an order is on hold."""
    case = _last_case(order_id, open_only=True)
    if case is None:
        return {"told": 0}
    told = _concerned(case.order) | _deciders(case)
    figures = {"over_limit_by": str(case.over_limit_by), "target_at": case.target_at.isoformat()}
    return _tell("order.held", case, told, figures)


def order_released(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: tell the rep and the submitter that an order may go."""
    case = _last_case(order_id)
    return {"told": 0} if case is None else _tell("order.released", case, _concerned(case.order), {})


def order_refused(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: tell the rep and the submitter that an order was refused, and why."""
    case = _last_case(order_id)
    if case is None:
        return {"told": 0}
    return _tell("order.refused", case, _concerned(case.order), {"reason": case.decision_reason})


def _last_case(order_id: int, *, open_only: bool = False) -> HoldCase | None:
    """The case an event is about: the newest of the order; for a hold only while it is open."""
    cases = HoldCase.objects.filter(order_id=order_id).select_related("order__account", "order__company")
    return (cases.filter(closed_at=None) if open_only else cases).order_by("-opened_at", "-pk").first()


def _concerned(order: Order) -> set[int]:
    """The order's rep and whoever submitted it."""
    return {key for key in (order.sales_rep_id, order.submitted_by_id) if key is not None}


def _deciders(case: HoldCase) -> set[int]:
    """People of the lowest role that may release it; four eyes leave the submitter and the rep out."""
    grants = RoleGrant.objects.filter(
        company=case.order.company,
        role__permissions__contains=[_DECIDES],
        role__authority_level__gte=case.required_level,
        user__is_active=True,
        user__is_system=False,
    ).exclude(user_id__in=_concerned(case.order))
    found = list(grants.values_list("user_id", "role__authority_level"))
    lowest = min((level for _user, level in found), default=0)
    return {user for user, level in found if level == lowest}


def _tell(kind: str, case: HoldCase, users: Iterable[int], figures: dict[str, str]) -> dict[str, int]:
    """Write the lines; who was told of this event already is not told again."""
    order = case.order
    facts = {
        "order": order.number,
        "account": order.account.code,
        "client": order.account.name,
        "amount": str(order.total_incl_vat),
        "currency": order.currency,
        **figures,
    }
    lines = [
        Notice(
            user_id=user_id,
            kind=kind,
            key=f"case:{case.pk}",
            figures=facts,
            url=reverse("orders:detail", args=[order.number]),
            created_at=timezone.now(),
        )
        for user_id in sorted(users)
    ]
    Notice.objects.bulk_create(lines, ignore_conflicts=True)
    return {"told": len(lines)}
