"""What a claim file may become, what the insurer would pay of it, and until when it may wait (domain.md 4.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from o2c.shared.money import ZERO, round_cents

from .enums import ClaimOutcome, ClaimStatus

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# A claim may be indemnified in parts, hence the step onto itself.
_FOLLOWERS: Final[dict[str, frozenset[str]]] = {
    ClaimStatus.THREAT: frozenset({ClaimStatus.DECLARED, ClaimStatus.CLOSED}),
    ClaimStatus.DECLARED: frozenset({ClaimStatus.IN_RECOVERY, ClaimStatus.INDEMNIFIED, ClaimStatus.CLOSED}),
    ClaimStatus.IN_RECOVERY: frozenset({ClaimStatus.INDEMNIFIED, ClaimStatus.CLOSED}),
    ClaimStatus.INDEMNIFIED: frozenset({ClaimStatus.INDEMNIFIED, ClaimStatus.CLOSED}),
    ClaimStatus.CLOSED: frozenset(),
}


class Against(StrEnum):
    """Why a document may not be claimed of the insurer."""

    NOT_OWED = "not_owed"
    NOT_LATE = "not_late"
    DISPUTED = "disputed"
    NOT_COVERED = "not_covered"
    SOLD = "sold"
    CLAIMED = "claimed"

    @property
    def label(self) -> StrOrPromise:
        """In words."""
        return _AGAINST[self]


_AGAINST: Final[dict[Against, StrOrPromise]] = {
    Against.NOT_OWED: _("nothing is open of it"),
    Against.NOT_LATE: _("it is not due yet, and the client is in no proceedings"),
    Against.DISPUTED: _("it is contested: the insurer pays nothing until that is settled"),
    Against.NOT_COVERED: _("the client was not covered on the day it was issued"),
    Against.SOLD: _("it is sold to the factor"),
    Against.CLAIMED: _("it is in another claim file"),
}


@dataclass(frozen=True)
class Claimable:
    """A document as the insurer would look at it.

    :ivar amount: open and not contested, incl. VAT
    :ivar due_date: the one it was issued with, whatever it was put off to since
    :ivar limit: what the insurer covered of the client on the day of issue; None where it covered nothing
    :ivar frozen: a judgement froze it: declared at once, due or not
    """

    item_id: int
    document: str
    currency: str
    issue_date: date
    due_date: date
    open_amount: Decimal
    amount: Decimal
    limit: Decimal | None
    insured_pct: Decimal = ZERO
    frozen: bool = False
    is_sold: bool = False
    is_claimed: bool = False

    @property
    def insured_share(self) -> Decimal:
        """The insurer's share of what is covered, of 1."""
        return self.insured_pct / 100


@dataclass(frozen=True)
class Worth:
    """What a claim comes to.

    :ivar claimed: open and not contested, incl. VAT
    :ivar covered: what of that is within the insurer's limits, excl. VAT unless the policy insures it
    :ivar expected: the insurer's share of what is covered, as far as the year's cap leaves it
    :ivar beyond_cap: what of that share is beyond the year's cap
    """

    claimed: Decimal
    covered: Decimal
    expected: Decimal
    beyond_cap: Decimal = ZERO

    @property
    def insured(self) -> Decimal:
        """The insurer's share of what is covered, before the year's cap."""
        return self.expected + self.beyond_cap


def may_follow(status: str, after: str) -> bool:
    """Whether a claim file may go from a status to another."""
    return after in _FOLLOWERS[status]


def against(one: Claimable, *, on: date) -> Against | None:
    """Why a document may not be claimed today; None where it may."""
    if one.open_amount <= 0:
        return Against.NOT_OWED
    if one.is_claimed:
        return Against.CLAIMED
    if one.is_sold:
        return Against.SOLD
    if one.limit is None:
        return Against.NOT_COVERED
    if not one.frozen and one.due_date >= on:
        return Against.NOT_LATE
    return Against.DISPUTED if one.amount <= 0 else None


def worth_of(
    items: Iterable[Claimable], *, vat_pct: Decimal, taken: Decimal = ZERO, left: Decimal | None = None
) -> Worth:
    """What the insurer would pay: the oldest first, each up to the limit in force on its day of issue.

    What was delivered before a limit was reduced or cancelled stays covered by the former one (domain.md 4.6).

    :param vat_pct: the client's usual VAT, taken off; nothing where the policy insures VAT
    :param taken: what other open claims of the same legal entity already take of its limits
    :param left: what is left of what the insurer pays in a year in all; None where the policy names no such cap
    """
    claimed = covered = share = ZERO
    for one in sorted(items, key=lambda each: (each.issue_date, each.item_id)):
        claimed += one.amount
        base = round_cents(one.amount / (1 + vat_pct / 100))
        within = min(base, max(ZERO, (one.limit or ZERO) - taken - covered))
        covered += within
        share += round_cents(within * one.insured_pct / 100)
    expected = share if left is None else min(share, left)
    return Worth(claimed, covered, expected, share - expected)


def deadline_of(due_dates: Sequence[date], *, days: int) -> date:
    """By when the first of some documents must be declared, counted from its original due date."""
    return min(due_dates) + timedelta(days=days)


def waits_until(declared_on: date, *, waiting_days: int, is_insolvency: bool) -> date:
    """Until when the insurer may take its time (délai de carence): it pays at once for declared insolvency."""
    return declared_on if is_insolvency else declared_on + timedelta(days=waiting_days)


def outcome_problem(outcome: str, *, open_amount: Decimal, indemnity: Decimal) -> StrOrPromise | None:
    """Why a claim file may not end so; None where it may."""
    if outcome == ClaimOutcome.PAID and open_amount > 0:
        return _("Something of it is open still: the client has not paid it all.")
    if outcome == ClaimOutcome.INDEMNIFIED and indemnity <= 0:
        return _("No indemnity was entered.")
    return None
