"""Payment plans judged by the money that came, and what follows when one is kept or breaks (domain.md 6.6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from dunning import plan_policy as policy
from dunning.enums import PlanStatus
from dunning.models import PaymentPlan, PlanInstalment
from dunning.plan_policy import Judged, Part
from dunning.queries.payment_plans import receipts_of
from invoicing.services.due_dates import change_due_date
from invoicing.services.shared import tell_credit_changed, tell_credit_taken
from invoicing.services.waivers import AlreadyWaived, waive_interest
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from orders.enums import ConditionStatus
from orders.services import agreement_not_kept, conditions_ended

from .plan_shared import SOURCE, WITHOUT_EFFECT, end, locked, record

_AT_ONCE: Final = 200


def judge_plans(
    *, work: Any = None, account_ids: Sequence[int] | None = None, on: date | None = None
) -> dict[str, int]:
    """Work handler: judge running plans by the money that came; of clients after they paid, of all every night.

    The same money judged again changes nothing. Money that is taken back makes an instalment missing again.
    """
    del work
    at = timezone.now()
    waiting = PaymentPlan.objects.filter(status=PlanStatus.ACTIVE)
    if account_ids is not None:
        waiting = waiting.filter(account__in=account_ids)
    keys = list(waiting.order_by("account", "pk").values_list("pk", flat=True))
    counts = {"judged": len(keys), "missed": 0, "completed": 0, "broken": 0}
    for start in range(0, len(keys), _AT_ONCE):
        for what in _judge(keys[start : start + _AT_ONCE], on or paris_date(at), at):
            counts[what] += 1
    return counts


def after_payment(*, work: Any, account_id: int) -> dict[str, int]:
    """Reaction to money that came or went: the running plans of the client are judged at once."""
    return judge_plans(work=work, account_ids=[account_id])


def after_payments(*, work: Any, account_ids: Sequence[int]) -> dict[str, int]:
    """The same for clients that one act touched together."""
    return judge_plans(work=work, account_ids=account_ids)


def after_completion(*, work: Any, plan_id: int) -> dict[str, int]:
    """Reaction to a plan that was kept to the end: the penalties are given up where it says so, in the name of who
    approved it. An invoice of which they are given up already is left as it is.
    """
    del work
    plan = PaymentPlan.objects.get(pk=plan_id)
    if not plan.waives_interest or plan.status != PlanStatus.COMPLETED or plan.approved_by is None:
        return {"waived": 0}
    waived = 0
    invoices = plan.plan_items.exclude(item__invoice=None).values_list("item__invoice", flat=True)
    for invoice_id in sorted({key for key in invoices if key}):
        try:
            waive_interest(
                invoice_id=invoice_id, interest=True, fee=False, reason=f"plan {plan.pk}", by=plan.approved_by,
                at=timezone.now(),
            )  # fmt: skip
        except AlreadyWaived:
            continue
        waived += 1
    return {"waived": waived}


def after_break(*, work: Any, plan_id: int) -> dict[str, int]:
    """Reaction to a plan that broke after a formal notice: what was not due yet is due from that day on, as its default
    clause says, in the name of who gave notice.
    """
    del work
    plan = PaymentPlan.objects.get(pk=plan_id)
    if plan.reason != WITHOUT_EFFECT or plan.noticed_by is None or plan.ended_on is None:
        return {"accelerated": 0}
    rows = plan.plan_items.filter(item__open_amount__gt=0, item__due_date__gt=plan.ended_on)
    keys = list(rows.order_by("item").values_list("item", flat=True))
    for key in keys:
        change_due_date(
            item_id=key,
            due_date=plan.ended_on,
            reason=f"plan {plan.pk}",
            by=plan.noticed_by,
            at=timezone.now(),
        )
    return {"accelerated": len(keys)}


def _judge(keys: Sequence[int], today: date, at: datetime) -> list[str]:
    found: list[str] = []
    with transaction.atomic(), audit.together():
        plans = [plan for plan in locked(keys) if plan.status == PlanStatus.ACTIVE]
        if not plans:
            return found
        receipts = receipts_of(plans)
        for plan in plans:
            rows = list(plan.instalments.all())
            parts = [Part(row.due_date, row.amount) for row in rows]
            judged = policy.judge(parts, receipts.get(plan.pk, ()), noticed_on=plan.noticed_on, on=today)
            found += _apply(plan, rows, judged, today, at)
    return found


def _apply(
    plan: PaymentPlan, rows: Sequence[PlanInstalment], judged: Judged, today: date, at: datetime
) -> list[str]:
    """Write what became of a plan, where it is not written yet; say what is new."""
    changed, missed = [], []
    for row, part in zip(rows, judged.parts, strict=True):
        if (row.paid_on, row.missed_on) == part:
            continue
        if part.is_missing and (row.missed_on is None or row.paid_on is not None):
            missed.append(row)
        row.paid_on, row.missed_on = part
        changed.append(row)
    PlanInstalment.objects.bulk_update(changed, ["paid_on", "missed_on"])
    was_late = plan.late_since is not None
    if (plan.received, plan.late_since) != (judged.received, judged.late_since):
        plan.received, plan.late_since = judged.received, judged.late_since
        if judged.late_since is None:
            plan.noticed_on = plan.noticed_by = None
        plan.save(update_fields=["received", "late_since", "noticed_on", "noticed_by"])
    if changed and changed[0] is rows[0] and rows[0].paid_on:
        # What an order waits for is the first instalment: it shows that the plan is meant.
        conditions_ended(SOURCE, [plan.pk], ConditionStatus.MET, by=None, at=at)
    found: list[str] = []
    if judged.status == PlanStatus.COMPLETED:
        end(plan, PlanStatus.COMPLETED, on=today, by=None, at=at)
        return ["completed"]
    if judged.status == PlanStatus.BROKEN:
        end(plan, PlanStatus.BROKEN, on=today, by=None, at=at, reason=WITHOUT_EFFECT)
        found.append("broken")
    elif missed:
        record("plan.instalment_missed", plan, by=None, at=at)
        conditions_ended(SOURCE, [plan.pk], ConditionStatus.BROKEN, by=None, at=at)
        agreement_not_kept(SOURCE, plan.pk)
        key = f"plan:{plan.pk}:{missed[0].number}:{missed[0].missed_on}"
        work.emit("plan.late", key=key, payload={"plan_id": plan.pk})
        tell_credit_taken([plan.account_id])
    elif was_late and plan.late_since is None:
        record("plan.caught_up", plan, by=None, at=at)
        tell_credit_changed([plan.account_id])
    return found + ["missed"] * len(missed)
