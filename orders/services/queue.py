"""Held orders examined again when credit is freed (design 3.10): oldest hold first, within a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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
from o2c.shared.snapshots import current_snapshot

from .. import policy, queries
from ..enums import Occasion, OrderState, Reexamined
from ..models import HoldCase, Order, OrderHold, Reexamination, ReexaminedOrder
from . import advance

RECHECK = "orders.recheck"


def reexamine_held(*, work: Any, account_id: int) -> dict[str, int]:
    """Work handler: look again at every held order that shares credit with an account.

    :returns: how many were examined and how many went through
    """
    return reexamine(account_id=account_id, at=timezone.now())


def reexamine_many(*, work: Any, account_ids: Sequence[int]) -> dict[str, int]:
    """Work handler: the same for clients that one act touched together, of whom hardly anybody has an order held.

    Each of them with one, also one held a moment ago, is looked at by a piece of work of its own.
    """
    del work
    keys = sorted(queries.accounts_of_held_orders(account_ids))
    for key in keys:
        work_table.emit("credit.changed", f"account:{key}", {"account_id": key})
    return {"accounts": len(keys)}


def reexamine(*, account_id: int, at: datetime) -> dict[str, int]:
    """Examine the held orders of every account under the same entity or group, by age of hold.

    One that fits is confirmed; a later smaller one may pass an earlier one unless the company says no. One that
    has waited more than fifteen days or whose delivery day is past keeps the hold ``RECONFIRM``. What became of each
    is kept.
    """
    with transaction.atomic():
        account = CustomerAccount.objects.select_related("company").get(pk=account_id)
        waiting = list(
            HoldCase.objects.filter(closed_at=None, order__account__in=kin_of(account_id))
            .order_by("opened_at", "pk")
            .values_list("order_id", "order__account_id")
        )
        if waiting:
            lock_credit_of(sorted({waiting_account for _order, waiting_account in waiting}))
        # After the locks: whatever was over by then is in every figure read from here on.
        seen, looked_at = current_snapshot(), []
        for order_id, _account in waiting:
            found = look_again(order_id, at)
            if found is None:
                continue
            looked_at.append(found)
            if not found.passed and not account.company.smaller_order_may_pass:
                break
        released = sum(found.passed for found in looked_at)
        examination = Reexamination.objects.create(
            account_id=account_id,
            began_at=at,
            ended_at=max(at, timezone.now()),
            seen=seen,
            examined=len(looked_at),
            released=released,
        )
        ReexaminedOrder.objects.bulk_create(found.row(examination) for found in looked_at)
    return {"examined": len(looked_at), "released": released}


@dataclass(frozen=True)
class LookedAt:
    """What a new look at a held order found; amounts in the currency of its company."""

    case: HoldCase
    result: Reexamined
    room_before: Decimal | None
    room: Decimal | None
    missing_before: Decimal
    missing: Decimal
    currency: str
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the order went through."""
        return self.result == Reexamined.RELEASED

    def row(self, examination: Reexamination) -> ReexaminedOrder:
        """The same as it is kept, not yet stored."""
        return ReexaminedOrder(
            reexamination=examination,
            order_id=self.case.order_id,
            case=self.case,
            result=self.result,
            room_before=self.room_before,
            room=self.room,
            missing_before=self.missing_before,
            missing=self.missing,
            currency=self.currency,
            reasons=list(self.reasons),
        )


def look_again(order_id: int, at: datetime) -> LookedAt | None:
    """Examine one held order again, its credit locked by the caller; None when it waits no more."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account__company", "account__entity__group", "company")
        .get(pk=order_id)
    )
    if order.state not in (OrderState.SUBMITTED, OrderState.CONFIRMED):
        return None
    case = order.cases.filter(closed_at=None).first()
    if case is None:
        return None
    missing_before, room_before = case.over_limit_by, _room_when_last_decided(order)
    outcome, result = _decide_again(order, case, at)
    kept_by: list[str] = []
    if result != Reexamined.RELEASED:
        kept_by = list(case.holds.filter(lifted_at=None).order_by("pk").values_list("reason", flat=True))
    return LookedAt(
        case=case,
        result=result,
        room_before=room_before,
        room=outcome.result.available_before,
        missing_before=missing_before,
        missing=outcome.result.over_limit_by,
        currency=order.company.currency,
        reasons=tuple(kept_by),
    )


def _room_when_last_decided(order: Order) -> Decimal | None:
    if order.last_decision is None:
        return None
    text = order.last_decision.figures["check"]["available_before"]
    return None if text is None else Decimal(text)


def _decide_again(order: Order, case: HoldCase, at: datetime) -> tuple[advance.Outcome, Reexamined]:
    lines = advance.lines_of(order)
    outcome = advance.examine(order, lines, by=None, at=at, keep_as=None)
    if outcome.passes:
        if _reconfirm(order, case, at):
            return outcome, Reexamined.RECONFIRM
        outcome = advance.examine(order, lines, by=None, at=at, keep_as=Occasion.REEXAMINE)
        if advance.sync_holds(order, outcome, by=None, at=at) is None:
            advance.confirm(order, lines, by=None, at=at)
            # Its client need not be the one whose credit was freed, nor has anybody told of the new day.
            advance.tell_credit_taken(order)
            return outcome, Reexamined.RELEASED
        advance.save(order, "last_decision")
        return outcome, Reexamined.KEPT
    before = set(case.holds.filter(lifted_at=None).values_list("reason", flat=True)) - advance.BY_HAND
    if before != {found.code for found in outcome.blocking}:
        outcome = advance.examine(order, lines, by=None, at=at, keep_as=Occasion.REEXAMINE)
        advance.save(order, "last_decision")
    advance.sync_holds(order, outcome, by=None, at=at)
    return outcome, Reexamined.KEPT


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
