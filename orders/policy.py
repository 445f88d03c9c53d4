"""Rules of orders over plain values: what is shown, what keeps an order, what a release covers, who may decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from o2c.shared.calendar import add_business_days

from .enums import OrderState, ShownStatus

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
RELEASE_BUSINESS_DAYS = 5
RELEASE_LONGEST = timedelta(days=60)
# Business days after its day on which what was agreed with a client is still kept.
CONDITION_GRACE = 3
RAISE_ALLOWED = Decimal("0.02")
# Each goods issue and each rate of VAT is rounded once: what went out and what is left may differ by that.
RELEASE_ROUNDING = Decimal("0.03")
WORSENING_ALLOWED = Decimal("1.10")
RECONFIRM_AFTER = timedelta(days=15)
# A hand-made hold is lifted by credit whatever the amount: the analyst's level (domain.md 5.1, MANUAL).
CREDIT_LEVEL = 2
# The figure of each finding that tells whether it got worse (design 3.11).
WORSENS_BY: Mapping[str, str] = {
    "OVER_LIMIT": "excess",
    "OVERDUE_DAYS": "amount",
    "OVERDUE_AMOUNT": "amount",
    "DISPUTE_OPEN": "amount",
    "BROKEN_PROMISE": "promises",
    "UNPAID_INSTRUMENT": "amount",
    "PART_LIMIT": "excess",
    "INSURANCE_STOP": "amount",
    "DEPOSIT_MISSING": "missing",
    "PO_MISMATCH": "amount",
}


class Blocker(StrEnum):
    """Why an order cannot be released now."""

    NOT_ON_HOLD = "not_on_hold"
    ENDED = "ended"
    FOUR_EYES = "four_eyes"
    AUTHORITY = "authority_exceeded"
    SIGNED = "signed_already"
    DEPARTMENT = "other_department"


@dataclass(frozen=True)
class LineFacts:
    """Quantities and price incl. VAT of one line."""

    quantity: Decimal
    cancelled: Decimal
    delivered: Decimal
    invoiced: Decimal
    price_incl: Decimal

    @property
    def wanted(self) -> Decimal:
        """Ordered less cancelled."""
        return self.quantity - self.cancelled

    @property
    def to_deliver(self) -> Decimal:
        """E3 quantity (design 3.3)."""
        return max(Decimal(0), self.wanted - max(self.delivered, self.invoiced))

    @property
    def to_invoice(self) -> Decimal:
        """E2 quantity: delivered and not invoiced."""
        return max(Decimal(0), self.delivered - self.invoiced)


def shown_status(state: str, *, has_open_case: bool, lines: Sequence[LineFacts]) -> ShownStatus:
    """What people see; the first that fits (design 3.7)."""
    ended = {
        OrderState.DRAFT: ShownStatus.DRAFT,
        OrderState.CANCELLED: ShownStatus.CANCELLED,
        OrderState.REFUSED: ShownStatus.REFUSED,
        OrderState.CLOSED: ShownStatus.CLOSED,
    }
    if state in ended:
        return ended[OrderState(state)]
    if has_open_case or state == OrderState.SUBMITTED:
        return ShownStatus.ON_HOLD
    wanted = [line for line in lines if line.wanted > 0]
    if wanted and all(line.invoiced >= line.wanted for line in wanted):
        return ShownStatus.INVOICED
    if wanted and all(max(line.delivered, line.invoiced) >= line.wanted for line in wanted):
        return ShownStatus.DELIVERED
    if any(line.delivered > 0 for line in lines):
        return ShownStatus.PARTIALLY_DELIVERED
    return ShownStatus.CONFIRMED


def value_in_exposure(total: Decimal, lines: Sequence[LineFacts]) -> Decimal:
    """E2 + E3 of an order with this total incl. VAT: the total itself while nothing is delivered or invoiced,
    else its lines pro rata, each part rounded once (design 3.3)."""
    if not any(line.delivered or line.invoiced for line in lines):
        return total
    whole = sum((line.wanted * line.price_incl for line in lines), ZERO)
    if not whole:
        return ZERO
    return sum(
        (
            (part * total / whole).quantize(CENT, ROUND_HALF_UP)
            for part in (
                sum((line.to_deliver * line.price_incl for line in lines), ZERO),
                sum((line.to_invoice * line.price_incl for line in lines), ZERO),
            )
        ),
        ZERO,
    )


def remaining_total(total: Decimal, before: Sequence[LineFacts], after: Sequence[LineFacts]) -> Decimal:
    """A total after quantities were cancelled, pro rata of the lines' values."""
    whole = sum((line.wanted * line.price_incl for line in before), ZERO)
    if not whole:
        return ZERO
    kept = sum((line.wanted * line.price_incl for line in after), ZERO)
    return (total * kept / whole).quantize(CENT, ROUND_HALF_UP)


# --- releases (design 3.11, domain.md 5.2) -------------------------------------------------------------------


def goods_to_go_out(lines: Sequence[LineFacts]) -> Decimal:
    """What is wanted and has not left yet, incl. VAT, invoiced ahead or not."""
    left = sum((max(ZERO, line.wanted - line.delivered) * line.price_incl for line in lines), ZERO)
    return left.quantize(CENT, ROUND_HALF_UP)


def goods_released(amount: Decimal, *, tested: Decimal, to_go_out: Decimal) -> Decimal:
    """What may leave on a release: the goods of its day, and what its amount leaves beyond the order's own.

    :param amount: up to how much it lets through
    :param tested: what the order itself took of the limit that day, goods delivered and not invoiced included
    """
    return max(ZERO, to_go_out + amount - tested)


@dataclass(frozen=True)
class ReleaseFacts:
    """A release as the rules look at it: ``covers`` maps each finding to the figures it had then.

    :ivar goods: what may leave on it (``goods_released``)
    :ivar consumed: what has left on it; what comes back is not given back to it
    """

    amount: Decimal
    goods: Decimal
    consumed: Decimal
    term_due: date
    covers: Mapping[str, Mapping[str, Any]]
    valid_until: date
    voided: bool = False


def covered(
    release: ReleaseFacts,
    findings: Mapping[str, Mapping[str, Any]],
    *,
    amount: Decimal,
    to_go_out: Decimal,
    term_due: date,
    on: date,
) -> bool:
    """Whether a release still carries an order with these holding findings.

    Void when it has run out, the amount rises by more than 2 %, the term lengthens, a new reason appears, or a
    covered figure worsens by more than 10 %; used up by what has left on it, so that it lets nothing through twice.
    """
    if release.voided or on > release.valid_until or term_due > release.term_due:
        return False
    raised = release.amount * RAISE_ALLOWED
    if amount > release.amount + raised:
        return False
    if release.consumed + to_go_out > release.goods + raised + RELEASE_ROUNDING:
        return False
    return all(
        code in release.covers and not is_worse(code, figures, release.covers[code])
        for code, figures in findings.items()
    )


def is_worse(code: str, now: Mapping[str, Any], then: Mapping[str, Any]) -> bool:
    """Whether a covered figure has worsened by more than a tenth."""
    name = WORSENS_BY.get(code)
    if name is None or name not in now or name not in then:
        return False
    return Decimal(str(now[name])) > Decimal(str(then[name])) * WORSENING_ALLOWED


def release_valid_until(decided_on: date, planned_delivery: date | None) -> date:
    """Last planned delivery + 5 business days, at most 60 days (domain.md 5.2)."""
    start = max(decided_on, planned_delivery or decided_on)
    return min(add_business_days(start, RELEASE_BUSINESS_DAYS), decided_on + RELEASE_LONGEST)


@dataclass(frozen=True)
class Decider:
    """The person who would decide; ``hands`` is whose own business they do not decide: theirs, and that of whoever
    they stand in for."""

    user_id: int
    authority: int
    may_release: bool
    hands: frozenset[int] = frozenset()


@dataclass(frozen=True)
class HeldOrder:
    """A held order as the rules of release look at it."""

    state: str
    codes: frozenset[str]
    submitted_by: int | None
    salesperson: int | None
    bonus_holders: frozenset[int]
    manual_by: int | None
    required_level: int
    requested_by: int | None = None
    # Who refused what is appealed: the next level decides, not the same person.
    refused_by: int | None = None


def only_manual(order: HeldOrder) -> bool:
    """Whether nothing but a hand-made hold keeps the order: its author lifts it, or credit, whatever the amount."""
    return order.codes == {"MANUAL"}


def release_blockers(order: HeldOrder, decider: Decider) -> tuple[Blocker, ...]:
    """Return everything that keeps this person from releasing this order; empty means release.

    The button, the API and the act ask this one function.
    """
    if order.state not in (OrderState.SUBMITTED, OrderState.CONFIRMED):
        return (Blocker.ENDED,)
    if not order.codes:
        return (Blocker.NOT_ON_HOLD,)
    if only_manual(order) and order.manual_by == decider.user_id:
        return ()
    blockers: list[Blocker] = []
    if not decider.may_release:
        blockers.append(Blocker.AUTHORITY)
    own = {order.submitted_by, order.salesperson, order.requested_by, order.refused_by} - {None}
    involved = own | order.bonus_holders
    if involved & ({decider.user_id} | decider.hands):
        blockers.append(Blocker.FOUR_EYES)
    needed = 0 if only_manual(order) else order.required_level
    if "MANUAL" in order.codes and order.manual_by != decider.user_id:
        needed = max(needed, CREDIT_LEVEL)
    if decider.may_release and decider.authority < needed:
        blockers.append(Blocker.AUTHORITY)
    return tuple(blockers)


def to_reconfirm(*, held_since: date, planned_delivery: date | None, on: date) -> bool:
    """Whether an order that fits again must first be confirmed with the client (design 3.10)."""
    return on - held_since > RECONFIRM_AFTER or (planned_delivery is not None and planned_delivery < on)


def condition_kept_until(due_on: date) -> date:
    """Return the last day on which what was agreed for a day is kept: a transfer takes that long to be seen."""
    return add_business_days(due_on, CONDITION_GRACE)
