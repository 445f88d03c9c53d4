"""Deciding on held orders: hold by hand, release and refuse, by authority and with four eyes (design 3.11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import TeamMember, User
from credit.enums import Finding
from credit.policy import Mandate
from credit.services.checks import mandates
from o2c.shared import audit, work
from o2c.shared.calendar import add_working_hours, paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotAllowed

from .. import policy
from ..enums import CaseStatus, Occasion, OrderState, ReleaseScope
from ..models import HoldCase, Order, OrderHold, OrderLine, Release
from ..policy import Blocker, Decider, HeldOrder
from ..queries import active_holds
from . import advance
from .refusals import AlreadyHeld, AuthorityExceeded, CommentMissing, FourEyes, WrongState


@retrying
def hold(*, order_id: int, comment: str, by: User, at: datetime) -> Order:
    """Hold an order by hand, with a reason; lifted by the same person or by credit, whatever the amount.

    :raises AlreadyHeld: somebody holds it by hand already
    :raises WrongState: a draft, or ended
    """
    _require(comment)
    with transaction.atomic():
        order = advance.lock_order(order_id)
        if not by.may("orders.hold", order.company):
            raise NotAllowed
        if order.state not in (OrderState.SUBMITTED, OrderState.CONFIRMED):
            raise WrongState
        case = order.cases.filter(closed_at=None).first()
        if case is None:
            case = HoldCase.objects.create(
                order=order, opened_at=at, target_at=add_working_hours(at, advance.TARGET_HOURS)
            )
        elif case.holds.filter(reason=Finding.MANUAL, lifted_at=None).exists():
            raise AlreadyHeld
        OrderHold.objects.create(
            case=case,
            reason=Finding.MANUAL,
            figures={"comment": comment.strip()},
            policy_article="4.12",
            decided_by=_role_of_level(order, policy.CREDIT_LEVEL),
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
) -> Order:
    """Let a held order through in spite of its findings, by somebody with authority who did not enter it.

    The facts are read afresh: the decision, and the authority it takes, are those of this moment.

    :param amount: up to how much, in the order's currency; the order's own amount when not given
    :raises AuthorityExceeded: ``required_role`` names who may
    :raises FourEyes: the submitter, the salesperson, or a holder of a bonus on the client
    :raises CommentMissing: a decision needs its reason
    """
    _require(comment)
    with transaction.atomic():
        order = advance.lock_order(order_id)
        case = _open_case(order)
        lines = advance.lines_of(order)
        outcome = advance.examine(order, lines, by=by, at=at, keep_as=Occasion.RELEASE)
        codes = {found.code.value for found in outcome.blocking}
        _allow(order, case, codes, outcome.result.mandate, by, at)
        tested = advance.amount_to_test(order, lines)
        if amount is not None and amount < tested:
            raise Invalid(errors={"amount": [_("The amount must cover the order.")]})
        if outcome.blocking and order.last_decision is not None and order.submitted_by is not None:
            Release.objects.create(
                order=order,
                case=case,
                decision=order.last_decision,
                scope=ReleaseScope.ORDER if amount is None else ReleaseScope.AMOUNT,
                amount=amount or tested,
                term=order.term,
                covers={found.code.value: advance.stored(found) for found in outcome.blocking},
                valid_until=_until(valid_until, order, at),
                reason=comment.strip(),
                requested_by=by,
                approved_by=by,
                approved_at=at,
                order_submitted_by=order.submitted_by,
            )
        advance.close_case(case, CaseStatus.RELEASED, by=by, at=at, reason=comment.strip())
        audit.record(
            "order.released",
            order,
            by=by,
            at=at,
            label=order.number,
            reason=comment,
            after={
                "amount": amount or tested,
                "over_limit_by": outcome.result.over_limit_by,
                "covers": sorted(codes),
                "decision": order.last_decision_id,
            },
        )
        advance.confirm(order, lines, by=by, at=at)
        advance.tell_credit_taken(order)
        work.emit("order.released", f"order:{order.pk}:{case.pk}", {"order_id": order.pk})
        return order


@retrying
def refuse(*, order_id: int, reason: str, by: User, at: datetime) -> Order:
    """Refuse a held order, or a held change of a confirmed one, which goes back to what was approved.

    A confirmed order held again ends: refused when nothing is delivered, else closed with what is delivered.

    :raises AuthorityExceeded: as for a release
    """
    _require(reason, "reason")
    with transaction.atomic():
        order = advance.lock_order(order_id)
        case = _open_case(order)
        lines = advance.lines_of(order)
        outcome = advance.examine(order, lines, by=by, at=at, keep_as=None)
        codes = {found.code.value for found in outcome.blocking}
        _allow(order, case, codes, outcome.result.mandate, by, at)
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
            after={"covers": sorted(codes)},
        )
        work.emit("order.refused", f"order:{order.pk}:{case.pk}", {"order_id": order.pk})
        advance.tell_credit_changed(order)
        return order


def blockers_for(order: Order, *, by: User, at: datetime) -> tuple[tuple[Blocker, ...], Mandate]:
    """What keeps this person from deciding this held order as it was last examined, and who may decide.

    For buttons and sentences; the act asks the same rule again on fresh figures.
    """
    holds = active_holds(order)
    case = next((c for c in order.cases.all() if c.closed_at is None), None)
    matrix = mandates(order.company_id)
    level = case.required_level if case else policy.CREDIT_LEVEL
    held = _held(order, {h.reason for h in holds}, level, holds, paris_date(at))
    mandate = next((m for m in matrix if m.level >= level), matrix[-1])
    return policy.release_blockers(held, _decider(order, by)), mandate


def _require(text: str, name: str = "comment") -> None:
    if not text.strip():
        raise CommentMissing(errors={name: [_("A reason is required.")]})


def _open_case(order: Order) -> HoldCase:
    case = order.cases.filter(closed_at=None).first()
    if case is None:
        raise WrongState(_("This order is not on hold."))
    return case


def _allow(order: Order, case: HoldCase, codes: set[str], mandate: Mandate, by: User, at: datetime) -> None:
    holds = list(case.holds.filter(lifted_at=None))
    codes = codes | {h.reason for h in holds if h.reason in advance.BY_HAND}
    held = _held(order, codes or {h.reason for h in holds}, mandate.level, holds, paris_date(at))
    blockers = policy.release_blockers(held, _decider(order, by))
    if Blocker.ENDED in blockers or Blocker.NOT_ON_HOLD in blockers:
        raise WrongState
    role = _role_of_level(order, policy.CREDIT_LEVEL) if policy.only_manual(held) else mandate.role
    if not by.may("orders.release", order.company) and blockers:
        raise NotAllowed(required_role=role)
    if Blocker.FOUR_EYES in blockers:
        raise FourEyes(required_role=role)
    if Blocker.AUTHORITY in blockers:
        raise AuthorityExceeded(required_role=role)


def _held(order: Order, codes: set[str], level: int, holds: Sequence[OrderHold], on: date) -> HeldOrder:
    bonus = TeamMember.objects.filter(account_id=order.account_id, has_bonus=True, valid_from__lte=on).filter(
        Q(valid_to=None) | Q(valid_to__gte=on)
    )
    manual = next((h for h in holds if h.reason == Finding.MANUAL), None)
    return HeldOrder(
        state=order.state,
        codes=frozenset(codes),
        submitted_by=order.submitted_by_id,
        salesperson=order.sales_rep_id,
        bonus_holders=frozenset(bonus.values_list("user_id", flat=True)),
        manual_by=manual.placed_by_id if manual else None,
        required_level=level,
    )


def _decider(order: Order, by: User) -> Decider:
    return Decider(
        user_id=by.pk,
        authority=by.authority_in(order.company),
        may_release=by.may("orders.release", order.company),
    )


def _role_of_level(order: Order, level: int) -> str:
    return next(m.role for m in mandates(order.company_id) if m.level >= level)


def _until(valid_until: date | None, order: Order, at: datetime) -> date:
    today = paris_date(at)
    longest = policy.release_valid_until(today, order.requested_delivery)
    if valid_until is None:
        return longest
    if valid_until < today:
        raise Invalid(errors={"valid_until": [_("This day is past.")]})
    if valid_until > today + policy.RELEASE_LONGEST:
        raise Invalid(errors={"valid_until": [_("A release lasts 60 days at most.")]})
    return valid_until


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
