"""What the acts and the judging of payment plans share: the lock, the end, the event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from accounts.models import User
from dunning.enums import PlanStatus
from dunning.models import PaymentPlan, PlanItem
from invoicing.services.shared import tell_credit_changed, tell_credit_taken
from o2c.shared import audit, work
from orders.enums import ConditionSource, ConditionStatus
from orders.services import agreement_not_kept, conditions_ended

SOURCE: Final = ConditionSource.PLAN
# Why a plan ended that nobody broke by hand: a formal notice was without effect.
WITHOUT_EFFECT: Final = "notice_without_effect"
_EVENTS: Final = {
    PlanStatus.BROKEN: "plan.broken",
    PlanStatus.COMPLETED: "plan.completed",
    PlanStatus.CANCELLED: "plan.cancelled",
}
_CONDITIONS: Final = {
    PlanStatus.BROKEN: ConditionStatus.BROKEN,
    PlanStatus.COMPLETED: ConditionStatus.MET,
    PlanStatus.CANCELLED: ConditionStatus.WITHDRAWN,
}


def locked(keys: Sequence[int]) -> list[PaymentPlan]:
    """Lock plans by key until the transaction ends."""
    rows = PaymentPlan.objects.select_for_update(of=("self",), no_key=True).select_related(
        "account", "company"
    )
    return list(rows.filter(pk__in=keys).prefetch_related("instalments").order_by("pk"))


def end(
    plan: PaymentPlan, status: PlanStatus, *, on: date, by: User | None, at: datetime, reason: str = ""
) -> None:
    """End a plan: its documents are free, orders that wait for it follow, everybody concerned is told."""
    plan.status, plan.ended_at, plan.ended_on = status, at, on
    plan.ended_by, plan.reason = by, reason
    plan.save(update_fields=["status", "ended_at", "ended_on", "ended_by", "reason"])
    PlanItem.objects.filter(plan=plan).update(is_open=False)
    record(_EVENTS[status], plan, by=by, at=at, reason=reason)
    conditions_ended(SOURCE, [plan.pk], _CONDITIONS[status], by=by, at=at)
    if status == PlanStatus.CANCELLED:
        return
    work.emit(_EVENTS[status], key=f"plan:{plan.pk}", payload={"plan_id": plan.pk})
    if status == PlanStatus.BROKEN:
        agreement_not_kept(SOURCE, plan.pk)
        tell_credit_taken([plan.account_id])
    else:
        tell_credit_changed([plan.account_id])


def record(action: str, plan: PaymentPlan, *, by: User | None, at: datetime, reason: str = "") -> None:
    """Store the event of an act with the terms of its plan."""
    audit.record(
        action,
        plan,
        by=by,
        at=at,
        reason=reason,
        label=plan.account.code,
        after={
            "amount": plan.amount,
            "currency": plan.currency,
            "first_date": plan.first_date,
            "last_date": plan.last_date,
            "received": plan.received,
        },
    )
