"""What is agreed with a client for an order: kept, followed by events, and what follows when it is met or broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from credit.enums import RequestStatus
from credit.models import LimitRequest
from o2c.shared import audit
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Refusal

from .. import policy
from ..enums import (
    AlternativeKind,
    CaseStatus,
    ConditionalStatus,
    ConditionSource,
    ConditionStatus,
    Occasion,
    OrderState,
)
from ..models import ConditionalRelease, HoldCase, Order, ReleaseCondition
from . import advance
from .authority import allow
from .decisions import let_through, open_case_of
from .queue import recheck_confirmed
from .refusals import AgreedAlready, DecidedAlready, NothingAgreed
from .terms import ReleaseTerms, amount_for, require_reason, until_for

# Why a release that waits was taken back: something else was agreed after it was decided.
_CHANGED: Final = "CHANGED"
_EVENTS: Final = {
    ConditionStatus.MET: "order.condition_met",
    ConditionStatus.BROKEN: "order.condition_broken",
    ConditionStatus.WITHDRAWN: "order.condition_withdrawn",
}


@dataclass(frozen=True)
class Agreed:
    """One thing agreed, with what stands behind it.

    :ivar amount: in ``currency``; None where it is all that is open, or no amount
    """

    kind: AlternativeKind
    source: ConditionSource
    source_id: int | None
    due_on: date
    currency: str
    amount: Decimal | None = None
    words: str = ""
    met: bool = False


def agree(
    order: Order, case: HoldCase, agreed: Sequence[Agreed], *, agreed_with: str, by: User, at: datetime
) -> list[ReleaseCondition]:
    """Keep what is agreed for a held order, under its locks: what it is about was made in the same transaction.

    :param agreed_with: who said yes on the client's side, and how
    :raises AgreedAlready: one of these kinds is expected already
    """
    waiting = order.release_conditions.filter(status=ConditionStatus.OPEN)
    if waiting.filter(kind__in={each.kind for each in agreed}).exists():
        raise AgreedAlready
    rows = ReleaseCondition.objects.bulk_create(
        ReleaseCondition(
            order=order,
            kind=each.kind,
            source=each.source,
            source_id=each.source_id,
            amount=each.amount,
            currency=each.currency,
            due_on=each.due_on,
            last_day=policy.condition_kept_until(each.due_on),
            words=each.words[:300],
            agreed_with=agreed_with.strip()[:200],
            agreed_by=by,
            agreed_at=at,
            status=ConditionStatus.MET if each.met else ConditionStatus.OPEN,
            ended_at=at if each.met else None,
        )
        for each in agreed
    )
    # A release that waits was decided about what was agreed then.
    _take_back(order, case, _CHANGED, at)
    # A change of term among them may have freed the order already.
    HoldCase.objects.filter(pk=case.pk, closed_at=None).update(status=CaseStatus.IN_NEGOTIATION)
    for row in rows:
        _record("order.condition_agreed", row, order, by=by, at=at)
    return rows


def conditions_ended(
    source: ConditionSource,
    source_ids: Sequence[int],
    status: ConditionStatus,
    *,
    by: User | None,
    at: datetime,
) -> int:
    """Say what became of what stands behind conditions, in the act that made it so; their orders follow by events.

    :returns: how many conditions were open
    """
    rows = list(
        ReleaseCondition.objects.select_for_update(of=("self",), no_key=True)
        .select_related("order")
        .filter(source=source, source_id__in=source_ids, status=ConditionStatus.OPEN)
        .order_by("pk")
    )
    for row in rows:
        _end(row, status, by=by, at=at)
    return len(rows)


def agreement_not_kept(source: ConditionSource, source_id: int) -> int:
    """Say that what stood behind conditions that were met is not kept after all; their orders are looked at again.

    :returns: how many orders had gone on with it
    """
    orders = ReleaseCondition.objects.filter(source=source, source_id=source_id, status=ConditionStatus.MET)
    keys = sorted(set(orders.filter(order__state=OrderState.CONFIRMED).values_list("order", flat=True)))
    for key in keys:
        work_table.emit("order.agreement_not_kept", f"order:{key}:{source}:{source_id}", {"order_id": key})
    return len(keys)


def hold_again(*, work: Any, order_id: int) -> dict[str, int]:
    """Reaction: an order that went on with an agreement which is not kept is checked, and held by what it finds."""
    del work
    with transaction.atomic():
        order = advance.lock_order(order_id)
        return {"held": recheck_confirmed(order.account_id, timezone.now(), only=order.pk)}


def limit_decided(*, work: Any, request_id: int) -> dict[str, int]:
    """Reaction: a limit request that an order waits for was answered."""
    del work
    found = LimitRequest.objects.get(pk=request_id)
    if found.status not in (RequestStatus.APPROVED, RequestStatus.REFUSED):
        return {"conditions": 0}
    status = ConditionStatus.MET if found.status == RequestStatus.APPROVED else ConditionStatus.BROKEN
    with transaction.atomic():
        at = found.decided_at or timezone.now()
        ended = conditions_ended(
            ConditionSource.LIMIT_REQUEST, [request_id], status, by=found.decided_by, at=at
        )
    return {"conditions": ended}


def break_late_conditions(*, at: datetime) -> int:
    """End every condition whose last day has passed without it; how many."""
    with transaction.atomic():
        rows = list(
            ReleaseCondition.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
            .select_related("order")
            .filter(status=ConditionStatus.OPEN, last_day__lt=paris_date(at))
            .order_by("pk")
        )
        for row in rows:
            _end(row, ConditionStatus.BROKEN, by=None, at=at)
    return len(rows)


def order_without_object(*, work: Any, order_id: int) -> dict[str, int]:
    """Reaction: an order that has ended waits for nothing any more."""
    del work
    with transaction.atomic():
        order = advance.lock_order(order_id)
        if order.state in (OrderState.SUBMITTED, OrderState.CONFIRMED):
            return {"conditions": 0}
        rows = list(order.release_conditions.filter(status=ConditionStatus.OPEN))
        for row in rows:
            row.order = order
            _end(row, ConditionStatus.WITHDRAWN, by=None, at=timezone.now())
    return {"conditions": len(rows)}


@retrying
def release_when_met(
    *,
    order_id: int,
    comment: str,
    by: User,
    at: datetime,
    amount: Decimal | None = None,
    valid_until: date | None = None,
) -> ConditionalRelease:
    """Decide now that a held order goes by itself once everything agreed with the client is there.

    Who decides needs the authority of a release at once; it is asked for again when the last condition is met, on
    the figures of that moment. A condition that is not kept takes the decision back.

    :raises NothingAgreed: no condition of this order is expected
    :raises DecidedAlready: such a decision waits
    :raises AuthorityExceeded: ``required_role`` names who may
    :raises FourEyes: the submitter, the salesperson, or a holder of a bonus on the client
    """
    require_reason(comment)
    with transaction.atomic():
        order = advance.lock_order(order_id)
        case = open_case_of(order)
        lines = advance.lines_of(order)
        outcome = advance.examine(order, lines, by=by, at=at, keep_as=Occasion.RELEASE)
        codes = {found.code.value for found in outcome.blocking}
        acting = allow(order, case, codes, outcome.result.mandate, by, at)
        if not order.release_conditions.filter(status=ConditionStatus.OPEN).exists():
            raise NothingAgreed
        if case.conditional_releases.filter(status=ConditionalStatus.WAITING).exists():
            raise DecidedAlready
        assert order.submitted_by is not None
        made = ConditionalRelease.objects.create(
            order=order,
            case=case,
            amount=amount_for(amount, advance.amount_to_test(order, lines)),
            valid_until=until_for(valid_until, order, at),
            reason=comment.strip(),
            approved_by=by,
            approved_at=at,
            order_submitted_by=order.submitted_by,
        )
        case.status = CaseStatus.IN_NEGOTIATION
        case.save(update_fields=["status"])
        advance.save(order, "last_decision")
        audit.record(
            "order.release_agreed",
            order,
            by=by,
            at=at,
            label=order.number,
            reason=comment.strip(),
            on_behalf_of=acting.represented,
            after={"amount": made.amount, "valid_until": made.valid_until, "covers": sorted(codes)},
        )
    return made


def follow_conditions(*, work: Any, order_id: int, condition_id: int) -> dict[str, Any]:
    """Reaction to the end of a condition: let the order go, take the decision back, or hold the order again."""
    del work
    at = timezone.now()
    with transaction.atomic():
        order = advance.lock_order(order_id)
        case = advance.open_case_of(order)
        if order.release_conditions.get(pk=condition_id).status == ConditionStatus.BROKEN:
            if case is None:
                return {"held": recheck_confirmed(order.account_id, at, only=order.pk)}
            return {"taken_back": _take_back(order, case, ConditionStatus.BROKEN, at)}
        if case is None or order.release_conditions.filter(status=ConditionStatus.OPEN).exists():
            return {}
        waiting = case.conditional_releases.filter(status=ConditionalStatus.WAITING).first()
        if waiting is None:
            return {}
        if not _anything_met(order, since=waiting.approved_at):
            return {"taken_back": _take_back(order, case, ConditionStatus.WITHDRAWN, at)}
        return _let_go(order, case, waiting, at)


def _anything_met(order: Order, *, since: datetime) -> bool:
    """Whether a condition was met since a decision: all withdrawn, nothing is left that was decided about."""
    return order.release_conditions.filter(status=ConditionStatus.MET, ended_at__gte=since).exists()


def _let_go(order: Order, case: HoldCase, waiting: ConditionalRelease, at: datetime) -> dict[str, Any]:
    terms = ReleaseTerms(waiting.amount, waiting.valid_until)
    waiting.status, waiting.ended_at = ConditionalStatus.DONE, at
    try:
        with transaction.atomic():
            waiting.save(update_fields=["status", "ended_at"])
            let_through(order, case, terms, reason=waiting.reason, by=waiting.approved_by, at=at)
    except Refusal as refusal:
        waiting.status, waiting.end_reason = ConditionalStatus.VOID, refusal.code
        waiting.save(update_fields=["status", "ended_at", "end_reason"])
        audit.record("order.release_void", order, by=None, at=at, label=order.number, reason=refusal.code)
        work_table.emit("order.release_void", f"release:{waiting.pk}", {"order_id": order.pk})
        return {"released": False}
    # Above level 3 it waits for the second of two approvals.
    return {"released": advance.open_case_of(order) is None}


def _take_back(order: Order, case: HoldCase, why: str, at: datetime) -> int:
    found = case.conditional_releases.filter(status=ConditionalStatus.WAITING).update(
        status=ConditionalStatus.VOID, ended_at=at, end_reason=why
    )
    if found:
        audit.record("order.release_void", order, by=None, at=at, label=order.number, reason=why)
    return found


def _end(row: ReleaseCondition, status: ConditionStatus, *, by: User | None, at: datetime) -> None:
    row.status, row.ended_at = status, at
    row.save(update_fields=["status", "ended_at"])
    _record(_EVENTS[status], row, row.order, by=by, at=at)
    work_table.emit(
        "order.condition_ended", f"condition:{row.pk}", {"order_id": row.order_id, "condition_id": row.pk}
    )


def _record(action: str, row: ReleaseCondition, order: Order, *, by: User | None, at: datetime) -> None:
    audit.record(
        action,
        order,
        by=by,
        at=at,
        label=order.number,
        after={"kind": row.kind, "amount": row.amount, "currency": row.currency, "due_on": row.due_on},
    )
