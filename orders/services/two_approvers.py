"""Releases above level 3: approved by two people of different departments, one after the other (domain.md 5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from accounts.models import User
from credit.enums import Side
from credit.services.signing import (
    OtherDepartment,
    SignedAlready,
    Standing,
    best_standing,
    department_of,
    signed,
)
from credit.signature_policy import Bar
from o2c.shared import audit, work
from o2c.shared.audit import plain
from o2c.shared.problems import NotAllowed, Refusal

from .. import policy
from ..models import Order, OverrideRequest, OverrideSignature
from .refusals import AuthorityExceeded, FourEyes
from .terms import ReleaseTerms

DECIDE: Final = "orders.release"


@dataclass(frozen=True)
class Pair:
    """The two approvals of a release."""

    authority: OverrideSignature
    countersigned: OverrideSignature

    def terms(self) -> ReleaseTerms:
        """How far the one with the authority lets the order go."""
        kept = self.authority.terms
        amount, until = kept.get("amount"), kept.get("valid_until")
        return ReleaseTerms(
            None if amount is None else Decimal(amount),
            None if until is None else date.fromisoformat(until),
            kept.get("scope"),
            kept.get("conditions", ()),
        )


def signatures_of(request: OverrideRequest | None) -> list[OverrideSignature]:
    """The approvals of a request that stand, the first one first."""
    if request is None:
        return []
    found = request.signatures.filter(ended_at=None).select_related("signed_by", "on_behalf_of")
    return list(found.order_by("signed_at", "pk"))


def standing_of(
    order: Order, request: OverrideRequest | None, involved: set[int], by: User, level: int
) -> Standing:
    """What this person may sign of a release.

    :param involved: who entered, sells or holds a bonus; who asked is added here
    """
    rows = signatures_of(request)
    if request is not None and not request.is_direct:
        involved = involved | {request.requested_by_id}
    found = best_standing(by, order.company_id, DECIDE, level, signed(rows), involved)
    if found.answer is Side.COUNTERSIGN and request is None:
        # Whoever countersigns answers what somebody with the authority, or a request, has begun.
        return Standing(None, Bar.AUTHORITY)
    return found


def refusal_of(bar: Bar, role: str) -> Refusal:
    """The refusal of somebody who may not be one of the two."""
    if bar is Bar.SIGNED:
        return SignedAlready()
    kinds: dict[Bar, type[NotAllowed]] = {
        Bar.FOUR_EYES: FourEyes,
        Bar.DEPARTMENT: OtherDepartment,
        Bar.AUTHORITY: AuthorityExceeded,
    }
    return kinds[bar](required_role=role)


def sign(
    order: Order,
    request: OverrideRequest,
    standing: Standing,
    terms: ReleaseTerms,
    covers: Mapping[str, Any],
    *,
    reason: str,
    by: User,
    at: datetime,
) -> Pair | None:
    """Write an approval.

    :returns: the two of them, None while the second one is missing
    """
    assert standing.acting is not None
    assert isinstance(standing.answer, Side)
    assert order.submitted_by is not None
    authority = standing.answer is Side.AUTHORITY
    row = OverrideSignature.objects.create(
        request=request,
        side=standing.answer,
        department=department_of(standing.acting, DECIDE),
        level=standing.acting.authority if authority else 0,
        signed_by=by,
        on_behalf_of_id=standing.acting.represented_id,
        asked_by=order.submitted_by,
        reason=reason.strip(),
        signed_at=at,
        terms=plain(
            {
                "amount": terms.amount,
                "valid_until": terms.valid_until,
                "scope": terms.scope,
                "conditions": list(terms.conditions),
            }
        )
        if authority
        else {},
        covers=plain(dict(covers)),
    )
    first = next((each for each in signatures_of(request) if each.pk != row.pk), None)
    if first is not None:
        return Pair(row, first) if authority else Pair(first, row)
    audit.record(
        "order.release_signed",
        order,
        by=by,
        at=at,
        label=order.number,
        reason=reason,
        on_behalf_of=standing.acting.represented,
        after={"override": request.pk, "covers": sorted(covers)},
    )
    work.emit("override.signed", f"override:{request.pk}:{row.pk}", {"request_id": request.pk})
    return None


def end_what_no_longer_fits(
    request: OverrideRequest | None, covers: Mapping[str, Mapping[str, Any]], level: int, at: datetime
) -> None:
    """End approvals given on other facts: a finding that is new or worse by a tenth, a level above the authority."""
    for row in signatures_of(request):
        outdated = any(
            code not in row.covers or policy.is_worse(code, figures, row.covers[code])
            for code, figures in covers.items()
        )
        if outdated or (row.side == Side.AUTHORITY and row.level < level):
            end([row], at)


def end(rows: list[OverrideSignature], at: datetime) -> None:
    """End approvals: refused, or no longer about what is asked."""
    for row in rows:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
