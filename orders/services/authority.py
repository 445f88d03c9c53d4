"""Who may decide on a held order: four eyes, authority, above level 3 two of different departments (domain.md 5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q

from accounts.models import Acting, TeamMember, User
from credit.enums import Finding, Side
from credit.policy import Mandate, above
from credit.services.checks import mandates
from credit.services.signing import COUNTERSIGN
from credit.signature_policy import needs_two
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotAllowed

from .. import policy
from ..enums import OverrideStatus
from ..models import HoldCase, Order, OrderHold, OverrideRequest
from ..policy import Blocker, Decider, HeldOrder
from ..queries import active_holds
from . import advance, two_approvers
from .refusals import AuthorityExceeded, FourEyes, WrongState


def open_request(case: HoldCase) -> OverrideRequest | None:
    """The override request of this case that waits for its answer."""
    found = case.override_requests.filter(status=OverrideStatus.OPEN).select_related(
        "requested_by", "appeal_of"
    )
    return found.first()


def needed_for(order: Order, waiting: OverrideRequest | None, mandate: Mandate) -> Mandate:
    """Who decides: of an appeal the next level above the one that refused."""
    if waiting is None or waiting.appeal_of is None:
        return mandate
    refused = waiting.appeal_of.required_level or mandate.level
    return above(mandate.level, refused, mandates(order.company_id))


def involved_in(order: Order, waiting: OverrideRequest | None, at: datetime) -> set[int]:
    """Who entered it, sells, holds a bonus on the client, or refused what is appealed: neither of two approvers."""
    held = _held(order, set(), 0, (), paris_date(at), waiting)
    people = {held.submitted_by, held.salesperson, held.refused_by}
    return {key for key in people if key is not None} | set(held.bonus_holders)


def blockers_for(order: Order, *, by: User, at: datetime) -> tuple[tuple[Blocker, ...], Mandate]:
    """What keeps this person from deciding this held order as it was last examined, and who may decide.

    For buttons and sentences; the act asks the same rule again on fresh figures.
    """
    holds = active_holds(order)
    case = next((c for c in order.cases.all() if c.closed_at is None), None)
    matrix = mandates(order.company_id)
    level = case.required_level if case else policy.CREDIT_LEVEL
    waiting = None if case is None else open_request(case)
    mandate = needed_for(order, waiting, next((m for m in matrix if m.level >= level), matrix[-1]))
    held = _held(order, {h.reason for h in holds}, mandate.level, holds, paris_date(at), waiting)
    if needs_two(mandate.level) and held.codes and not policy.only_manual(held):
        standing = two_approvers.standing_of(
            order, waiting, involved_in(order, waiting, at), by, mandate.level
        )
        bars = () if isinstance(standing.answer, Side) else (Blocker(standing.answer.value),)
        return bars, mandate
    return _best(order, held, by)[1], mandate


def allow(order: Order, case: HoldCase, codes: set[str], mandate: Mandate, by: User, at: datetime) -> Acting:
    """Refuse unless this person may decide this order now, on these findings.

    :returns: in whose name: their own, or that of somebody they stand in for

    :raises NotAllowed: no right to decide at all
    :raises FourEyes: has a hand in it
    :raises AuthorityExceeded: above the person's level
    """
    holds = list(case.holds.filter(lifted_at=None))
    codes = codes | {h.reason for h in holds if h.reason in advance.BY_HAND}
    waiting = open_request(case)
    held = _held(order, codes or {h.reason for h in holds}, mandate.level, holds, paris_date(at), waiting)
    acting, blockers = _best(order, held, by)
    if Blocker.ENDED in blockers or Blocker.NOT_ON_HOLD in blockers:
        raise WrongState
    role = role_of_level(order, policy.CREDIT_LEVEL) if policy.only_manual(held) else mandate.role
    if not by.may("orders.release", order.company) and blockers:
        raise NotAllowed(required_role=role)
    if Blocker.FOUR_EYES in blockers:
        raise FourEyes(required_role=role)
    if Blocker.AUTHORITY in blockers:
        raise AuthorityExceeded(required_role=role)
    return acting


def who_refuses(
    order: Order,
    case: HoldCase,
    request: OverrideRequest,
    codes: set[str],
    mandate: Mandate,
    by: User,
    at: datetime,
) -> Acting:
    """In whose name a request is refused: by whoever may release the order, and of two approvers by either one."""
    if needs_two(mandate.level) and by.may(COUNTERSIGN, order.company):
        involved = involved_in(order, request, at) | {request.requested_by_id}
        for acting in by.acting_in(order.company_id):
            if acting.may(COUNTERSIGN) and not acting.hands & involved:
                return acting
    return allow(order, case, codes, mandate, by, at)


def _held(
    order: Order,
    codes: set[str],
    level: int,
    holds: Sequence[OrderHold],
    on: date,
    waiting: OverrideRequest | None,
) -> HeldOrder:
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
        requested_by=waiting.requested_by_id if waiting else None,
        refused_by=waiting.appeal_of.decided_by_id if waiting and waiting.appeal_of else None,
    )


def _best(order: Order, held: HeldOrder, by: User) -> tuple[Acting, tuple[Blocker, ...]]:
    """In whose name this person may decide, and what keeps them: their own first, then those they stand in for."""
    tried = []
    for acting in by.acting_in(order.company_id):
        decider = Decider(
            user_id=by.pk,
            authority=acting.authority,
            may_release=acting.may("orders.release"),
            hands=acting.hands,
        )
        blockers = policy.release_blockers(held, decider)
        if not blockers:
            return acting, ()
        tried.append((acting, blockers))
    # Whoever may decide at all learns what keeps them there, not what their own role lacks.
    return max(tried, key=lambda pair: (pair[0].may("orders.release"), pair[0].authority))


def role_of_level(order: Order, level: int) -> str:
    """The role of the lowest level of the matrix from this one on."""
    return next(m.role for m in mandates(order.company_id) if m.level >= level)
