"""Several held orders decided with one reason: each in its own transaction, so that one failure stops no other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Company, User
from o2c.shared import work as work_table
from o2c.shared.problems import NotAllowed, Refusal

from ..models import MassDecision, MassDecisionItem, Order
from . import decisions
from .terms import require_reason

DECIDE = "orders.decide_one"
State = MassDecisionItem.State


def decide_many(
    *,
    token: UUID,
    company: Company,
    act: str,
    orders: Sequence[Order],
    others: Sequence[tuple[Order, str]],
    reason: str,
    by: User,
    at: datetime,
) -> tuple[MassDecision, list[int]]:
    """Write down a decision on several orders and ask for it, order by order.

    :param token: of the form: the same one again is the same decision, and nothing is asked for twice
    :param orders: those within the person's authority
    :param others: those that stay, with why
    :returns: the decision, and the pieces of work it asked for
    """
    require_reason(reason, "reason")
    if not by.may("orders.release", company):
        raise NotAllowed
    with transaction.atomic():
        made, is_new = MassDecision.objects.get_or_create(
            token=token,
            defaults={
                "company": company,
                "act": act,
                "reason": reason.strip(),
                "decided_by": by,
                "decided_at": at,
            },
        )
        if not is_new:
            return made, []
        MassDecisionItem.objects.bulk_create(
            [
                *(MassDecisionItem(decision=made, order=order) for order in orders),
                *(
                    MassDecisionItem(decision=made, order=order, state=State.STAYS, why=why, finished_at=at)
                    for order, why in others
                ),
            ]
        )
        waiting = made.items.filter(state=State.WAITING).order_by("pk").values_list("pk", flat=True)
        language = translation.get_language() or settings.LANGUAGE_CODE
        asked = [
            work_table.add(DECIDE, f"item:{pk}", {"item_id": pk, "language": language}, requested_by=by)
            for pk in waiting
        ]
    return made, [key for key in asked if key is not None]


def decide_one(*, work: Any, item_id: int, language: str) -> dict[str, str]:
    """Work handler: decide one order of a mass decision; what the rules refuse is written down, never raised."""
    del work
    item = (
        MassDecisionItem.objects.select_related("decision__decided_by", "order")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=item_id)
    )
    if item.state != State.WAITING:
        return {"state": item.state}
    made, at = item.decision, timezone.now()
    with translation.override(language):
        try:
            with transaction.atomic():
                _decide(made, item.order_id, at)
        except Refusal as refusal:
            details = [str(text) for texts in refusal.errors.values() for text in texts]
            item.state, item.why = State.STAYS, " ".join([str(refusal), *details])
        else:
            item.state, item.why = State.DONE, ""
            if made.act == MassDecision.Act.RELEASE and item.order.cases.filter(closed_at=None).exists():
                item.state, item.why = State.STAYS, _("your approval is kept; the second of two is missing")
    item.finished_at = at
    item.save(update_fields=["state", "why", "finished_at"])
    return {"state": item.state}


def _decide(made: MassDecision, order_id: int, at: datetime) -> None:
    by = made.decided_by
    if made.act == MassDecision.Act.RELEASE:
        decisions.release(order_id=order_id, comment=made.reason, by=by, at=at)
    else:
        decisions.refuse(order_id=order_id, reason=made.reason, by=by, at=at)


def why_not(*, four_eyes: bool, role: str) -> str:
    """Why an order stays, and who may decide it."""
    why = _("you entered it or sell to this client") if four_eyes else _("above your authority")
    return _("%(why)s; %(role)s may") % {"why": why, "role": role}
