"""What the reader of a limit request may do with it."""

from __future__ import annotations

from accounts.models import User
from credit.enums import RequestStatus, Side
from credit.models import LimitRequest
from credit.services.checks import mandates
from credit.signature_policy import Bar


def state_of(wish: LimitRequest, user: User, level: int, answer: Side | Bar | None) -> str:
    """What the reader may do with a request.

    :param answer: what the reader may sign where two must approve; None where one decides
    """
    company = wish.asked_for.company
    if wish.status == RequestStatus.DRAFT:
        return "draft"
    if wish.status != RequestStatus.SUBMITTED:
        return "done"
    represented = {user.pk, *(acting.represented_id for acting in user.acting_in(company.pk))}
    if wish.requested_by_id in represented:
        return (
            "own"
            if user.may("credit.decide_limit", company) or wish.requested_by_id == user.pk
            else "no_right"
        )
    if isinstance(answer, Side):
        return "decide"
    if answer in (Bar.SIGNED, Bar.DEPARTMENT, Bar.FOUR_EYES):
        return str(answer)
    if not user.may("credit.decide_limit", company):
        return "no_right"
    return "above" if user.authority_in(company) < level else "decide"


def may_appeal(wish: LimitRequest, user: User) -> bool:
    """Whether the reader may take a refusal to the next level."""
    if wish.status != RequestStatus.REFUSED or wish.appeal_of_id is not None:
        return False
    company = wish.asked_for.company
    above = (wish.decided_level or 0) < mandates(company.pk)[-1].level
    appealed = LimitRequest.objects.filter(appeal_of=wish).exists()
    return above and not appealed and user.may("credit.request_limit", company)
