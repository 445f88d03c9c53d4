"""The two approvals of a limit above level 3: signed one after the other, in either order (domain.md 5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.models import Acting, User
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from ..enums import Department, Side
from ..models import LimitRequest, LimitSignature
from ..signature_models import Signature
from ..signature_policy import Bar, Signed, Signer, side_for

COUNTERSIGN: Final = "credit.countersign"
DECIDE: Final = "credit.decide_limit"


class SignedAlready(Conflict):
    """One person, or one who stands in for them, is one of the two approvers only."""

    code = "signed_already"
    message = _("You have approved this already: a second person of another department must.")


class OtherDepartment(NotAllowed):
    """The second approver belongs to another department than the first."""

    code = "other_department"
    message = _("This department has approved already: the other one must, finance or sales.")


@dataclass(frozen=True)
class Terms:
    """What is granted."""

    amount: Decimal | None
    valid_from: date
    valid_until: date


@dataclass(frozen=True)
class Standing:
    """What somebody may sign of a request: the side and in whose name, or what keeps them from it."""

    acting: Acting | None
    answer: Side | Bar


def signatures_of(request: LimitRequest) -> list[LimitSignature]:
    """The approvals of a request that stand, the first one first."""
    found = request.signatures.filter(ended_at=None).select_related("signed_by", "on_behalf_of")
    return list(found.order_by("signed_at", "pk"))


def signed(rows: Iterable[Signature]) -> list[Signed]:
    """The same as the rule looks at them."""
    return [
        Signed(row.signed_by_id, Side(row.side), Department(row.department), row.on_behalf_of_id)
        for row in rows
    ]


def standing_of(request: LimitRequest, by: User, *, level: int, rows: list[LimitSignature]) -> Standing:
    """What this person may sign, in their own name first, then for those they stand in for."""
    involved = {request.requested_by_id}
    if request.appeal_of is not None and request.appeal_of.decided_by_id:
        involved.add(request.appeal_of.decided_by_id)
    return best_standing(by, request.asked_for.company_id, DECIDE, level, signed(rows), involved)


def best_standing(
    by: User, company_id: int, decide: str, level: int, given: list[Signed], involved: set[int]
) -> Standing:
    """The first of a person's own name and of those they stand in for that may sign; else what keeps them from it.

    :param decide: the permission of who decides by the matrix
    """
    kept: list[tuple[Acting, Bar]] = []
    for acting in by.acting_in(company_id):
        signer = Signer(acting.hands, acting.authority, acting.may(decide), acting.may(COUNTERSIGN))
        answer = side_for(signer, level=level, signed=given, involved=involved)
        if isinstance(answer, Side):
            return Standing(acting, answer)
        kept.append((acting, answer))
    # Whoever might sign learns what keeps them there, not what their own role lacks.
    worst = max(kept, key=lambda pair: (pair[1] is not Bar.AUTHORITY, pair[0].authority))
    return Standing(None, worst[1])


def department_of(acting: Acting, decide: str) -> str:
    """The department somebody signs for."""
    signer = Signer(acting.hands, acting.authority, acting.may(decide), acting.may(COUNTERSIGN))
    return signer.department.value


def sign(
    request: LimitRequest, standing: Standing, terms: Terms, *, reason: str, by: User, at: datetime
) -> LimitSignature:
    """Write an approval."""
    assert standing.acting is not None
    assert isinstance(standing.answer, Side)
    authority = standing.answer is Side.AUTHORITY
    return LimitSignature.objects.create(
        request=request,
        side=standing.answer,
        department=department_of(standing.acting, DECIDE),
        level=standing.acting.authority if authority else 0,
        signed_by=by,
        on_behalf_of_id=standing.acting.represented_id,
        asked_by=request.requested_by,
        reason=reason.strip(),
        signed_at=at,
        amount=terms.amount,
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
    )


def agreed(terms: Terms, first: LimitSignature | None, side: Side) -> Terms:
    """What both approve: what the first said, or less where the first one countersigned.

    :raises Invalid: the second would grant more, or other days
    """
    if first is None:
        return terms
    said = Terms(first.amount, first.valid_from, first.valid_until)
    if side is Side.COUNTERSIGN:
        return said
    more = terms.amount is None or (said.amount is not None and terms.amount > said.amount)
    if more and said.amount is not None:
        raise Invalid(errors={"amount": [_("The first approval is for less than that.")]})
    if terms.valid_from < said.valid_from or terms.valid_until > said.valid_until:
        raise Invalid(errors={"valid_until": [_("The first approval is for fewer days.")]})
    return terms
