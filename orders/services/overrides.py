"""Overrides: asked for by ADV and sales, answered by somebody else with authority (design 3.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.services.checks import mandates
from credit.services.limits import AppealedAlready, NoHigherLevel
from o2c.shared import audit, work
from o2c.shared.audit import plain
from o2c.shared.calendar import paris_date
from o2c.shared.files import ReceivedFile
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotAllowed

from ..enums import AlternativeKind, Occasion, OverrideStatus
from ..models import HoldCase, Order, OverrideDocument, OverrideRequest
from . import advance, authority, decisions, two_approvers
from .refusals import AlreadyRequested, FitsNow, FourEyes, OverrideUnknown, WrongState
from .terms import ReleaseTerms, amount_for, require_reason, until_for

MOST_DOCUMENTS = 5
_NOT_REFUSED = _("Only a request that was refused is appealed, while its order is on hold.")


@retrying
def request_override(
    *,
    order_id: int,
    reason: str,
    by: User,
    at: datetime,
    amount: Decimal | None = None,
    valid_until: date | None = None,
    alternative: Mapping[str, Any] | None = None,
    documents: Sequence[ReceivedFile] = (),
    creation_hash: str = "",
    appeal_of: OverrideRequest | None = None,
) -> OverrideRequest:
    """Ask that a held order may go all the same. What the check sees now is frozen beside the request.

    :param amount: up to how much, in the order's currency; the order's own amount when not given
    :param valid_until: last day asked for
    :param alternative: what is offered: ``{"kind": …}`` of ``AlternativeKind`` and its figures
    :param appeal_of: the refused request that this one takes to the next level
    :raises AppealedAlready: that one was appealed, or is an appeal itself
    :raises AlreadyRequested: a request of this order waits
    :raises FitsNow: nothing keeps the order any more
    :raises WrongState: it is not on hold
    :raises CommentMissing: without a reason
    """
    require_reason(reason, "reason")
    offered = _offered(alternative)
    if len(documents) > MOST_DOCUMENTS:
        said = _("At most %(count)s files.") % {"count": MOST_DOCUMENTS}
        raise Invalid(errors={"documents": [said]})
    with transaction.atomic():
        order = advance.lock_order(order_id)
        if not by.may("orders.request_override", order.company):
            raise NotAllowed
        case = decisions.open_case_of(order)
        if authority.open_request(case) is not None:
            raise AlreadyRequested
        if appeal_of is not None:
            _check_appeal(appeal_of, case)
        lines = advance.lines_of(order)
        amount_for(amount, advance.amount_to_test(order, lines))
        if valid_until is not None:
            until_for(valid_until, order, at)
        outcome = advance.examine(order, lines, by=by, at=at, keep_as=Occasion.OVERRIDE)
        by_hand = case.holds.filter(lifted_at=None, reason__in=advance.BY_HAND).exists()
        if outcome.passes and not by_hand:
            raise FitsNow
        advance.sync_holds(order, outcome, by=by, at=at)
        advance.save(order, "last_decision")
        return _asked(
            order, case, reason, amount, valid_until, offered, documents, creation_hash, by, at, appeal_of
        )


def appeal_override(*, request_id: int, reason: str, by: User, at: datetime) -> OverrideRequest:
    """Take a refused request to the next level, once; what was asked for stays the same.

    :raises NotAllowed: without the right to ask for overrides
    :raises WrongState: it was not refused, or its order is held for something else by now
    :raises AppealedAlready: it was appealed, or is an appeal itself
    :raises NoHigherLevel: the last level refused it
    """
    refused = OverrideRequest.objects.select_related("order__company").filter(pk=request_id).first()
    if refused is None:
        raise OverrideUnknown
    if not by.may("orders.request_override", refused.order.company):
        raise NotAllowed
    if refused.status != OverrideStatus.REFUSED:
        raise WrongState(_NOT_REFUSED)
    until = refused.valid_until
    return request_override(
        order_id=refused.order_id,
        reason=reason,
        amount=refused.amount,
        valid_until=until if until is not None and until >= paris_date(at) else None,
        alternative=refused.alternative,
        appeal_of=refused,
        by=by,
        at=at,
    )


def _check_appeal(refused: OverrideRequest, case: HoldCase) -> None:
    if refused.case_id != case.pk:
        raise WrongState(_NOT_REFUSED)
    if refused.appeal_of_id is not None or OverrideRequest.objects.filter(appeal_of=refused).exists():
        raise AppealedAlready
    top = mandates(case.order.company_id)[-1].level
    if (refused.required_level or 0) >= top:
        raise NoHigherLevel


@retrying
def approve_override(*, request_id: int, reason: str, by: User, at: datetime) -> Order:
    """Grant a request: the order is released up to the amount and the day asked for, on fresh figures.

    :raises AuthorityExceeded: ``required_role`` names who may
    :raises FourEyes: the requester, and whoever may not release the order either
    :raises WrongState: it does not wait any more
    """
    require_reason(reason, "reason")
    with transaction.atomic():
        order, case, request = _waiting(request_id)
        _refuse_own(request, by)
        if request.valid_until is not None and request.valid_until < paris_date(at):
            raise WrongState(_("The day asked for is past: ask again, or release the order itself."))
        return decisions.let_through(order, case, ReleaseTerms(), reason=reason, by=by, at=at)


@retrying
def refuse_override(*, request_id: int, reason: str, by: User, at: datetime) -> OverrideRequest:
    """Say no to a request. The order stays on hold: it goes once it fits, or is refused by its own act.

    :raises AuthorityExceeded: whoever may release the order may refuse the request
    """
    require_reason(reason, "reason")
    with transaction.atomic():
        order, case, request = _waiting(request_id)
        _refuse_own(request, by)
        lines = advance.lines_of(order)
        outcome = advance.examine(order, lines, by=by, at=at, keep_as=Occasion.OVERRIDE)
        codes = {found.code.value for found in outcome.blocking}
        mandate = authority.needed_for(order, request, outcome.result.mandate)
        acting = authority.who_refuses(order, case, request, codes, mandate, by, at)
        request.required_level = max(mandate.level, acting.authority)
        two_approvers.end(two_approvers.signatures_of(request), at)
        decisions.settle(request, order, OverrideStatus.REFUSED, reason=reason, by=by, at=at, acting=acting)
        advance.save(order, "last_decision")
        _record(
            "order.override_refused",
            order,
            request,
            by=by,
            at=at,
            reason=reason,
            on_behalf_of=acting.represented,
        )
        return request


@retrying
def withdraw_override(*, request_id: int, by: User, at: datetime) -> OverrideRequest:
    """Take a request back: whoever made it, as long as nobody has answered.

    :raises NotAllowed: somebody else's
    """
    with transaction.atomic():
        order, _case, request = _waiting(request_id)
        if request.requested_by_id != by.pk:
            raise NotAllowed(_("Only who asked takes a request back."))
        request.status, request.ended_at = OverrideStatus.WITHDRAWN, at
        request.save(update_fields=["status", "ended_at"])
        _record("order.override_withdrawn", order, request, by=by, at=at)
        return request


def _waiting(request_id: int) -> tuple[Order, HoldCase, OverrideRequest]:
    """A request that waits, with its order and case, under the order's locks."""
    order_id = OverrideRequest.objects.filter(pk=request_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise OverrideUnknown
    order = advance.lock_order(order_id)
    request = OverrideRequest.objects.select_related("case", "appeal_of").get(pk=request_id)
    if request.status != OverrideStatus.OPEN:
        raise WrongState(_("This request does not wait any more."))
    return order, request.case, request


def _refuse_own(request: OverrideRequest, by: User) -> None:
    if by.pk in {request.requested_by_id, request.order_submitted_by_id}:
        raise FourEyes


def _asked(
    order: Order,
    case: HoldCase,
    reason: str,
    amount: Decimal | None,
    valid_until: date | None,
    alternative: dict[str, Any],
    documents: Sequence[ReceivedFile],
    creation_hash: str,
    by: User,
    at: datetime,
    appeal_of: OverrideRequest | None,
) -> OverrideRequest:
    assert order.last_decision is not None
    request = OverrideRequest.objects.create(
        order=order,
        case=case,
        requested_by=by,
        requested_at=at,
        order_submitted_by=order.submitted_by,
        amount=amount,
        valid_until=valid_until,
        reason=reason.strip(),
        alternative=alternative,
        facts=order.last_decision,
        creation_hash=creation_hash,
        appeal_of=appeal_of,
    )
    for document in documents:
        OverrideDocument.objects.create(
            request=request,
            name=document.name,
            content_type=document.content_type,
            size=document.size,
            file=document.stored_as(),
            uploaded_by=by,
            uploaded_at=at,
        )
    _record("order.override_requested", order, request, by=by, at=at, reason=reason)
    work.emit("override.requested", f"override:{request.pk}", {"request_id": request.pk})
    return request


def _offered(alternative: Mapping[str, Any] | None) -> dict[str, Any]:
    """An alternative as it is kept: a known kind, figures plain and exact.

    :raises Invalid: an unknown kind, a figure that is neither amount, day, text nor list
    """
    if not alternative:
        return {}
    kind = str(alternative.get("kind", ""))
    if kind not in AlternativeKind.values:
        said = _("Write one of: %(kinds)s.") % {"kinds": ", ".join(AlternativeKind.values)}
        raise Invalid(errors={"alternative": [said]})
    amount = alternative.get("amount")
    if amount is not None:
        try:
            value = Decimal(str(amount))
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or value <= 0:
            raise Invalid(errors={"alternative": [_("The amount must be above zero.")]})
    kept: dict[str, Any] = plain(dict(alternative))
    if len(str(kept)) > 4000:
        raise Invalid(errors={"alternative": [_("This is too long.")]})
    return kept


def _record(
    action: str,
    order: Order,
    request: OverrideRequest,
    *,
    by: User,
    at: datetime,
    reason: str = "",
    on_behalf_of: str = "",
) -> None:
    audit.record(
        action,
        order,
        by=by,
        at=at,
        label=order.number,
        reason=reason,
        on_behalf_of=on_behalf_of,
        after={
            "override": request.pk,
            "amount": request.amount,
            "valid_until": request.valid_until,
            "alternative": request.alternative.get("kind", ""),
            "decision": order.last_decision_id,
        },
    )
