"""Telling people of payment plans: one to approve, an instalment that is missing, one that broke."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.urls import reverse

from accounts.models import RoleGrant
from dunning.enums import PlanStatus
from dunning.models import PaymentPlan
from dunning.services.payment_plans import APPROVES
from o2c.shared import formats

from .notices import keepers_of, write


def plan_signed(*, work: Any, plan_id: int) -> dict[str, int]:
    """Work handler: tell those who may let it begin; a decision waits for them."""
    plan = _plan(plan_id)
    if plan.status != PlanStatus.SIGNED:
        return {"told": 0}
    grants = RoleGrant.objects.filter(
        Q(company=plan.company) | Q(company=None, role__sees_all_companies=True),
        role__permissions__contains=[APPROVES],
        user__is_active=True,
        user__is_system=False,
    )
    told = dict.fromkeys(grants.values_list("user_id", flat=True), True)
    return _tell("plan.signed", plan, plan.amount, told)


def plan_late(*, work: Any, plan_id: int) -> dict[str, int]:
    """Work handler: tell who made and approved it, and who follows the client."""
    plan = _plan(plan_id)
    if plan.status != PlanStatus.ACTIVE or plan.late_since is None:
        return {"told": 0}
    return _tell("plan.late", plan, plan.amount - plan.received, dict.fromkeys(_concerned(plan), False))


def plan_broken(*, work: Any, plan_id: int) -> dict[str, int]:
    """Work handler: tell the same people that it is over."""
    plan = _plan(plan_id)
    return _tell("plan.broken", plan, plan.amount - plan.received, dict.fromkeys(_concerned(plan), False))


def _plan(plan_id: int) -> PaymentPlan:
    return PaymentPlan.objects.select_related("account__company", "company").get(pk=plan_id)


def _concerned(plan: PaymentPlan) -> set[int]:
    own = (plan.made_by_id, plan.signed_by_id, plan.approved_by_id)
    return keepers_of(plan.account) | {key for key in own if key is not None}


def _tell(kind: str, plan: PaymentPlan, amount: Decimal, told: dict[int, bool]) -> dict[str, int]:
    facts = {
        "account": plan.account.code,
        "client": plan.account.name,
        "day": formats.date_short(plan.late_since or plan.first_date),
        "amount": str(amount),
        "currency": plan.currency,
    }
    return write(
        kind,
        f"plan:{plan.pk}:{plan.late_since or ''}",
        facts,
        reverse("dunning:plan", args=[plan.pk]),
        told,
        company_id=plan.company_id,
        account_id=plan.account_id,
        about=(PaymentPlan._meta.label_lower, plan.pk),
    )
