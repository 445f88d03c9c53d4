"""Deciding on held orders: hold by hand, release and refuse, by authority and with four eyes (design 3.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Acting, User
from credit.enums import Finding, Side
from credit.policy import Mandate
from credit.services.signing import COUNTERSIGN
from credit.signature_policy import needs_two
from o2c.shared import audit, work
from o2c.shared.calendar import add_working_hours
from o2c.shared.locking import retrying
from o2c.shared.problems import NotAllowed

from .. import policy, stakes
from ..enums import CaseStatus, Occasion, OrderState, OverrideStatus
from ..models import HoldCase, Order, OrderHold, OrderLine, OverrideRequest, OverrideSignature, Release
from ..queries import line_facts
from . import advance, two_approvers
from .authority import allow, involved_in, needed_for, open_request, role_of_level
from .refusals import AlreadyHeld, WrongState
from .terms import ReleaseTerms, amount_for, conditions_of, require_reason, scope_for, until_for
from .undoing import before_release


@retrying
def hold(*, order_id: int, comment: str, by: User, at: datetime) -> Order:
    """Hold an order by hand, with a reason; lifted by the same person or by credit, whatever the amount.

    :raises AlreadyHeld: somebody holds it by hand already
    :raises WrongState: a draft, or ended
    """
    require_reason(comment)
    with transaction.atomic():
        order = advance.lock_order(order_id)
        if not by.may("orders.hold", order.company):
            raise NotAllowed
        if order.state not in (OrderState.SUBMITTED, OrderState.CONFIRMED):
            raise WrongState
        case = order.cases.filter(closed_at=None).first()
        if case is None:
            case = HoldCase.objects.create(
                order=order,
                opened_at=at,
                target_at=add_working_hours(at, advance.TARGET_HOURS),
                alert_at=add_working_hours(at, advance.ALERT_HOURS),
            )
        elif case.holds.filter(reason=Finding.MANUAL, lifted_at=None).exists():
            raise AlreadyHeld
        OrderHold.objects.create(
            case=case,
            reason=Finding.MANUAL,
            figures={"comment": comment.strip()},
            policy_article="4.12",
            decided_by=role_of_level(order, policy.CREDIT_LEVEL),
            comment=comment.strip(),
            placed_by=by,
            since=at,
        )
        advance.save(order)
        audit.record("order.held_by_hand", order, by=by, at=at, reason=comment, label=order.number)
        work.emit("order.held", f"order:{order.pk}:{case.pk}", {"order_id": order.pk})
        return order


@retrying
def release(
    *,
    order_id: int,
    comment: str,
    by: User,
    at: datetime,
    amount: Decimal | None = None,
    valid_until: date | None = None,
    scope: str | None = None,
    conditions: Sequence[Any] = (),
) -> Order:
    """Let a held order through in spite of its findings, by somebody with authority who did not enter it.

    The facts are read afresh: the decision, and the authority it takes, are those of this moment. Where somebody
    has asked for an override, this answers the request; else it is request and approval in one.

    :param amount: up to how much, in the order's currency; what was asked, else the order's own, when not given
    :raises AuthorityExceeded: ``required_role`` names who may
    :raises FourEyes: the submitter, the salesperson, the requester, or a holder of a bonus on the client
    :raises CommentMissing: a decision needs its reason
    """
    require_reason(comment)
    with transaction.atomic():
        order = advance.lock_order(order_id)
        case = open_case_of(order)
        terms = ReleaseTerms(amount, valid_until, scope, conditions)
        return let_through(order, case, terms, reason=comment, by=by, at=at)


def let_through(
    order: Order, case: HoldCase, terms: ReleaseTerms, *, reason: str, by: User, at: datetime
) -> Order:
    """Release an order under its locks, answering the request that waits; the one way a decision frees an order."""
    waiting = open_request(case)
    conditions_of(terms.conditions)
    lines = advance.lines_of(order)
    outcome = advance.examine(order, lines, by=by, at=at, keep_as=Occasion.RELEASE)
    codes = {found.code.value for found in outcome.blocking}
    mandate = needed_for(order, waiting, outcome.result.mandate)
    if outcome.blocking and needs_two(mandate.level):
        covers = {found.code.value: advance.stored(found) for found in outcome.blocking}
        tested = advance.amount_to_test(order, lines)
        pair = _sign(order, case, waiting, terms, covers, tested, mandate, reason=reason, by=by, at=at)
        if pair is None:
            advance.save(order, "last_decision")
            return order
        waiting, terms = pair.authority.request, pair.terms()
        by, reason, acting = pair.authority.signed_by, pair.authority.reason, _acting_of(pair.authority)
        waiting.countersigned_by = pair.countersigned.signed_by
    else:
        acting = allow(order, case, codes, mandate, by, at)
    if waiting is not None:
        waiting.required_level = mandate.level
    wanted = conditions_of(terms.conditions)
    tested = advance.amount_to_test(order, lines)
    asked_amount, asked_until = (waiting.amount, waiting.valid_until) if waiting else (None, None)
    amount = amount_for(asked_amount if terms.amount is None else terms.amount, tested)
    until = until_for(terms.valid_until or asked_until, order, at)
    scope = scope_for(terms.scope, amount)
    answered = waiting
    if outcome.blocking and order.last_decision is not None and order.submitted_by is not None:
        answered = waiting or _asked_at_once(order, case, reason, amount, terms.valid_until, by, at)
        Release.objects.create(
            order=order,
            case=case,
            override=answered,
            decision=order.last_decision,
            scope=scope,
            amount=tested if amount is None else amount,
            goods=policy.goods_released(
                tested if amount is None else amount,
                tested=tested,
                to_go_out=policy.goods_to_go_out([line_facts(line) for line in lines]),
            ),
            term=order.term,
            covers={found.code.value: advance.stored(found) for found in outcome.blocking},
            valid_until=until,
            reason=reason.strip(),
            conditions=wanted,
            stake=stakes.stake_of_order(order).as_kept(),
            before=before_release(order, lines),
            requested_by=answered.requested_by,
            approved_by=by,
            approved_at=at,
            order_submitted_by=order.submitted_by,
        )
    if answered is not None:
        settle(answered, order, OverrideStatus.APPROVED, reason=reason, by=by, at=at, acting=acting)
    advance.close_case(case, CaseStatus.RELEASED, by=by, at=at, reason=reason.strip())
    audit.record(
        "order.released",
        order,
        by=by,
        at=at,
        label=order.number,
        reason=reason,
        on_behalf_of=acting.represented,
        after={
            "amount": tested if amount is None else amount,
            "over_limit_by": outcome.result.over_limit_by,
            "covers": sorted(codes),
            "decision": order.last_decision_id,
            **({"override": answered.pk} if answered else {}),
        },
    )
    advance.confirm(order, lines, by=by, at=at)
    advance.tell_credit_taken(order)
    work.emit("order.released", f"order:{order.pk}:{case.pk}", {"order_id": order.pk})
    return order


def _sign(
    order: Order,
    case: HoldCase,
    waiting: OverrideRequest | None,
    terms: ReleaseTerms,
    covers: Mapping[str, Any],
    tested: Decimal,
    mandate: Mandate,
    *,
    reason: str,
    by: User,
    at: datetime,
) -> two_approvers.Pair | None:
    """One of two approvals of a release above level 3; both, once the second one is given."""
    two_approvers.end_what_no_longer_fits(waiting, covers, mandate.level, at)
    standing = two_approvers.standing_of(order, waiting, involved_in(order, waiting, at), by, mandate.level)
    if not isinstance(standing.answer, Side):
        if not by.may("orders.release", order.company) and not by.may(COUNTERSIGN, order.company):
            raise NotAllowed(required_role=mandate.role)
        raise two_approvers.refusal_of(standing.answer, mandate.role)
    amount = amount_for(terms.amount, tested)
    until_for(terms.valid_until, order, at)
    scope_for(terms.scope, amount)
    request = waiting or _asked_at_once(order, case, reason, amount, terms.valid_until, by, at)
    return two_approvers.sign(order, request, standing, terms, covers, reason=reason, by=by, at=at)


def _acting_of(row: OverrideSignature) -> Acting:
    """In whose name an approval was given."""
    represented = row.on_behalf_of.username if row.on_behalf_of else ""
    return Acting(row.signed_by_id, row.on_behalf_of_id, represented)


@retrying
def refuse(*, order_id: int, reason: str, by: User, at: datetime) -> Order:
    """Refuse a held order, or a held change of a confirmed one, which goes back to what was approved.

    A confirmed order held again ends: refused when nothing is delivered, else closed with what is delivered.
    An override that somebody has asked for is refused with it.

    :raises AuthorityExceeded: as for a release
    """
    require_reason(reason, "reason")
    with transaction.atomic():
        order = advance.lock_order(order_id)
        case = open_case_of(order)
        lines = advance.lines_of(order)
        outcome = advance.examine(order, lines, by=by, at=at, keep_as=None)
        codes = {found.code.value for found in outcome.blocking}
        acting = allow(order, case, codes, outcome.result.mandate, by, at)
        if (waiting := open_request(case)) is not None:
            settle(waiting, order, OverrideStatus.REFUSED, reason=reason, by=by, at=at, acting=acting)
        advance.close_case(case, CaseStatus.REFUSED, by=by, at=at, reason=reason.strip())
        changed = order.total_incl_vat != order.approved_total or order.term != order.approved_term
        if order.state == OrderState.CONFIRMED and changed:
            _restore(order, lines)
            advance.confirm(order, advance.lines_of(order), by=by, at=at)
        else:
            _end_refused(order, lines, reason, at)
        audit.record(
            "order.refused",
            order,
            by=by,
            at=at,
            reason=reason,
            label=order.number,
            on_behalf_of=acting.represented,
            after={"covers": sorted(codes)},
        )
        work.emit("order.refused", f"order:{order.pk}:{case.pk}", {"order_id": order.pk})
        advance.tell_credit_changed(order)
        return order


def open_case_of(order: Order) -> HoldCase:
    """The open case of an order under its lock.

    :raises WrongState: it is not on hold
    """
    case = order.cases.filter(closed_at=None).first()
    if case is None:
        raise WrongState(_("This order is not on hold."))
    return case


def settle(
    request: OverrideRequest,
    order: Order,
    status: OverrideStatus,
    *,
    reason: str,
    by: User,
    at: datetime,
    acting: Acting,
) -> None:
    """Write the answer to a request, with the check it was given on, and tell whoever asked.

    Who lifts a hold of their own hand answers no request of their own: it ends without object, with its case.
    """
    if not request.is_direct and by.pk in {request.requested_by_id, request.order_submitted_by_id}:
        return
    request.status, request.decided_by, request.ended_at = status, by, at
    request.decision_reason, request.decision = reason.strip(), order.last_decision
    request.on_behalf_of_id = acting.represented_id
    request.save(
        update_fields=[
            "status",
            "decided_by",
            "ended_at",
            "decision_reason",
            "decision",
            "on_behalf_of",
            "required_level",
            "countersigned_by",
        ]
    )
    if not request.is_direct:
        work.emit("override.decided", f"override:{request.pk}", {"request_id": request.pk})


def _asked_at_once(
    order: Order,
    case: HoldCase,
    reason: str,
    amount: Decimal | None,
    valid_until: date | None,
    by: User,
    at: datetime,
) -> OverrideRequest:
    """The request that a release by somebody with authority is at the same time."""
    assert order.last_decision is not None
    return OverrideRequest.objects.create(
        order=order,
        case=case,
        is_direct=True,
        requested_by=by,
        requested_at=at,
        order_submitted_by=order.submitted_by,
        amount=amount,
        valid_until=valid_until,
        reason=reason.strip(),
        facts=order.last_decision,
    )


def _end_refused(order: Order, lines: Sequence[OrderLine], reason: str, at: datetime) -> None:
    started = any(line.delivered or line.invoiced for line in lines)
    if started:
        advance.drop_remainder(order, lines)
    order.state = OrderState.CLOSED if started else OrderState.REFUSED
    order.ended_at, order.end_reason = at, reason.strip()
    advance.mark_progress(order, lines)
    advance.save(
        order, "state", "ended_at", "end_reason", "approved_total", "approved_lines", "is_started", "is_open"
    )


def _restore(order: Order, lines: Sequence[OrderLine]) -> None:
    """Put a confirmed order back to what was last approved; lines added since are dropped."""
    kept = {row["line"]: row for row in order.approved_lines}
    for line in lines:
        row = kept.get(line.line)
        if row is None:
            line.delete()
            continue
        line.sku, line.description = row["sku"], row["description"]
        line.quantity, line.unit_price = Decimal(row["quantity"]), Decimal(row["unit_price"])
        line.vat_rate, line.cancelled = Decimal(row["vat_rate"]), Decimal(row["cancelled"])
        line.save()
    order.term = order.approved_term or order.term
    order.total_incl_vat = order.approved_total
    order.total_excl_vat = advance.total_excl(advance.lines_of(order))
    advance.save(order, "term", "total_incl_vat", "total_excl_vat")
