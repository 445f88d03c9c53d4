"""Held orders examined again when credit is freed (design 3.10): oldest hold first, within a minute."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import CustomerAccount
from credit.enums import Finding
from credit.locks import lock_credit_of
from credit.queries import kin_of
from o2c.shared import audit
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date

from .. import policy
from ..enums import Occasion, OrderState
from ..models import HoldCase, Order, OrderHold
from . import advance

RECHECK = "orders.recheck"


def reexamine_held(*, work: Any, account_id: int) -> dict[str, int]:
    """Work handler: look again at every held order that shares credit with an account.

    :returns: how many were examined and how many went through
    """
    return reexamine(account_id=account_id, at=timezone.now())


def reexamine(*, account_id: int, at: datetime) -> dict[str, int]:
    """Examine the held orders of every account under the same entity or group, by age of hold.

    One that fits is confirmed; a later smaller one may pass an earlier one unless the company says no. One that
    has waited more than fifteen days or whose delivery day is past keeps the hold ``RECONFIRM``.
    """
    counts = {"examined": 0, "released": 0}
    with transaction.atomic():
        account = CustomerAccount.objects.select_related("company", "entity").get(pk=account_id)
        kin = CustomerAccount.objects.filter(
            Q(entity_id=account.entity_id)
            | Q(entity__group_id=account.entity.group_id, entity__group__isnull=False)
        )
        waiting = list(
            HoldCase.objects.filter(closed_at=None, order__account__in=kin)
            .order_by("opened_at", "pk")
            .values_list("order_id", "order__account_id")
        )
        if not waiting:
            return counts
        lock_credit_of(sorted({waiting_account for _order, waiting_account in waiting}))
        for order_id, _account in waiting:
            counts["examined"] += 1
            passed = look_again(order_id, at)
            counts["released"] += passed
            if not passed and not account.company.smaller_order_may_pass:
                break
    return counts


def look_again(order_id: int, at: datetime) -> bool:
    """Examine one held order again, its credit locked by the caller; whether it went through."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account__company", "account__entity__group", "company")
        .get(pk=order_id)
    )
    if order.state not in (OrderState.SUBMITTED, OrderState.CONFIRMED):
        return False
    case = order.cases.filter(closed_at=None).first()
    if case is None:
        return False
    lines = advance.lines_of(order)
    outcome = advance.examine(order, lines, by=None, at=at, keep_as=None)
    if outcome.passes:
        if _reconfirm(order, case, at):
            return False
        outcome = advance.examine(order, lines, by=None, at=at, keep_as=Occasion.REEXAMINE)
        if advance.sync_holds(order, outcome, by=None, at=at) is None:
            advance.confirm(order, lines, by=None, at=at)
            # Its client need not be the one whose credit was freed, nor has anybody told of the new day.
            advance.tell_credit_taken(order)
            return True
        advance.save(order, "last_decision")
        return False
    before = set(case.holds.filter(lifted_at=None).values_list("reason", flat=True)) - advance.BY_HAND
    if before != {found.code for found in outcome.blocking}:
        outcome = advance.examine(order, lines, by=None, at=at, keep_as=Occasion.REEXAMINE)
        advance.save(order, "last_decision")
    advance.sync_holds(order, outcome, by=None, at=at)
    return False


def _reconfirm(order: Order, case: HoldCase, at: datetime) -> bool:
    """Keep an order that fits again but has waited too long, until somebody spoke with the client."""
    too_long = policy.to_reconfirm(
        held_since=paris_date(case.opened_at), planned_delivery=order.requested_delivery, on=paris_date(at)
    )
    if not too_long:
        return False
    holds = case.holds.filter(lifted_at=None)
    if not holds.filter(reason=Finding.RECONFIRM).exists():
        holds.exclude(reason__in=advance.BY_HAND).update(lifted_at=at, lift_reason="fits again")
        OrderHold.objects.create(
            case=case, reason=Finding.RECONFIRM, policy_article="4.11", decided_by="adv_officer", since=at
        )
        audit.record("order.ready_to_reconfirm", order, by=None, at=at, label=order.number)
    return True


def nightly_recheck(*, work: Any, account_ids: list[int]) -> dict[str, int]:
    """Work handler of the nightly run: ask for a new look at the orders of each of these clients.

    One piece of work per client: locks of several clients in one transaction would have to be taken all at once.
    """
    del work
    with_orders = (
        Order.objects.filter(account_id__in=account_ids)
        .filter(Q(is_open=True) | Q(state=OrderState.SUBMITTED))
        .order_by("account_id")
        .values_list("account_id", flat=True)
        .distinct()
    )
    for account_id in with_orders:
        work_table.add(RECHECK, f"account:{account_id}", {"account_id": account_id})
    return {"clients": len(with_orders)}


def recheck_account(*, work: Any, account_id: int) -> dict[str, int]:
    """Work handler: look again at a client's held orders and at confirmed ones still to be delivered."""
    del work
    at = timezone.now()
    with transaction.atomic():
        lock_credit_of(sorted(kin_of(account_id).values_list("pk", flat=True)))
        found = reexamine(account_id=account_id, at=at)
        return found | {"held": recheck_confirmed(account_id, at)}


def recheck_confirmed(account_id: int, at: datetime, *, only: int | None = None) -> int:
    """Hold again what no longer passes, oldest confirmation first; delivered parts have left already.

    :param only: look at this order alone
    :returns: how many were held
    """
    held = 0
    orders = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account__company", "account__entity__group", "company")
        .filter(account_id=account_id, state=OrderState.CONFIRMED, is_open=True)
        .exclude(pk__in=HoldCase.objects.filter(closed_at=None).values("order_id"))
        .order_by("confirmed_at", "pk")
    )
    if only is not None:
        orders = orders.filter(pk=only)
    for order in orders:
        lines = advance.lines_of(order)
        if not any(line.quantity - line.cancelled > max(line.delivered, line.invoiced) for line in lines):
            continue
        outcome = advance.examine(order, lines, by=None, at=at, keep_as=None)
        if outcome.passes:
            continue
        outcome = advance.examine(order, lines, by=None, at=at, keep_as=Occasion.NIGHTLY)
        advance.sync_holds(order, outcome, by=None, at=at)
        advance.save(order, "last_decision")
        held += 1
    return held
