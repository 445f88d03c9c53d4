"""What may be sold to a factor and what the factor pays for it (domain.md 4.7). Plain values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from o2c.shared.money import ZERO, round_cents

from .enums import LeftOut

# The first digit of a public body's SIREN (INSEE, catalogue of legal persons).
_PUBLIC_SIREN: Final = ("1", "2")


@dataclass(frozen=True)
class Terms:
    """What the agreement says of each invoice; the words of ``FactorAgreement``."""

    currency: str
    with_recourse: bool
    max_term_days: int
    max_overdue_days: int
    takes_public: bool


@dataclass(frozen=True)
class Candidate:
    """One open item as the factor looks at it on a day.

    :ivar amount: what is open of it
    :ivar disputed: what of that the client contests
    :ivar is_delivered: everything on it was delivered
    :ivar is_accepted: the platform tells no refusal, rejection or suspension of it
    :ivar has_credits: a credit of the client in this currency is open: it may set it off
    :ivar approved: the factor's limit for the debtor; None where it takes nothing of it
    """

    key: int
    debtor: int
    is_invoice: bool
    amount: Decimal
    currency: str
    issue_date: date
    due_date: date
    disputed: Decimal = ZERO
    is_sold: bool = False
    is_business: bool = True
    is_public: bool = False
    is_delivered: bool = True
    is_accepted: bool = True
    has_credits: bool = False
    is_insolvent: bool = False
    approved: Decimal | None = None


class Offer(NamedTuple):
    """A candidate with every reason not to sell it; none: it may be sold."""

    candidate: Candidate
    reasons: tuple[LeftOut, ...]


def is_public_body(siren: str) -> bool:
    """Whether a SIREN is a public body's: those begin with 1 or 2."""
    return siren.startswith(_PUBLIC_SIREN)


def reasons_against(item: Candidate, terms: Terms, *, on: date) -> tuple[LeftOut, ...]:
    """Return every reason why the factor would not take an item on a day; empty means it may be sold.

    What the debtor's limit still carries is asked of all items together (``offers``).
    """
    found = {
        LeftOut.NOT_AN_INVOICE: not item.is_invoice or item.amount <= 0,
        LeftOut.SOLD: item.is_sold,
        LeftOut.NO_BUSINESS: not item.is_business and not terms.takes_public,
        LeftOut.PUBLIC: item.is_public and not terms.takes_public,
        LeftOut.CURRENCY: item.currency != terms.currency,
        LeftOut.NOT_DELIVERED: not item.is_delivered,
        LeftOut.NOT_ACCEPTED: not item.is_accepted,
        LeftOut.DISPUTED: item.disputed > 0,
        LeftOut.OVERDUE: (on - item.due_date).days > terms.max_overdue_days,
        LeftOut.TERM: (item.due_date - item.issue_date).days > terms.max_term_days,
        LeftOut.OFFSET: item.has_credits,
        LeftOut.INSOLVENT: item.is_insolvent,
        LeftOut.NOT_APPROVED: item.approved is None,
    }
    return tuple(reason for reason, applies in found.items() if applies)


def offers(
    items: Iterable[Candidate], terms: Terms, *, outstanding: dict[int, Decimal], on: date
) -> list[Offer]:
    """Return each item with its reasons, those due first counted first against the debtor's limit.

    Without recourse the factor bears nothing beyond its limit: what exceeds it is not sold. With recourse it may be
    sold and is not financed.

    :param outstanding: what is sold of each debtor and not paid yet
    """
    left: dict[int, Decimal] = {}
    found = []
    for item in sorted(items, key=lambda each: (each.due_date, each.key)):
        reasons = reasons_against(item, terms, on=on)
        if not reasons and not terms.with_recourse and item.approved is not None:
            room = left.get(item.debtor, item.approved - outstanding.get(item.debtor, ZERO))
            if item.amount > room:
                reasons = (LeftOut.BEYOND_APPROVAL,)
            else:
                left[item.debtor] = room - item.amount
        found.append(Offer(item, reasons))
    return found


class Financing(NamedTuple):
    """What a batch brings.

    :ivar eligible: what is sold
    :ivar within: what of it the debtors' limits carry
    :ivar fund: what the factor keeps back to fill its guarantee fund
    :ivar financed: what it pays at once
    """

    eligible: Decimal
    within: Decimal
    fund: Decimal
    financed: Decimal


def financing(
    sold: Iterable[tuple[int, Decimal]],
    *,
    limits: dict[int, Decimal],
    outstanding: dict[int, Decimal],
    advance_pct: Decimal,
    fund_pct: Decimal,
    fund_held: Decimal,
) -> Financing:
    """Return ``min(eligible, approval limit) x advance rate - guarantee fund gap`` (domain.md 4.7), never negative.

    :param sold: debtor and amount of each item
    :param limits: what the factor approved of each debtor
    :param outstanding: what is sold of each debtor already and not paid yet: it uses the limit first
    :param fund_held: what the factor holds back already
    """
    by_debtor: dict[int, Decimal] = {}
    for debtor, amount in sold:
        by_debtor[debtor] = by_debtor.get(debtor, ZERO) + amount
    eligible = sum(by_debtor.values(), ZERO)
    within = sum(
        (
            min(amount, max(ZERO, limits.get(debtor, ZERO) - outstanding.get(debtor, ZERO)))
            for debtor, amount in by_debtor.items()
        ),
        ZERO,
    )
    gap = fund_gap(sum(outstanding.values(), ZERO) + eligible, fund_pct=fund_pct, held=fund_held)
    return Financing(eligible, within, gap, max(ZERO, round_cents(within * advance_pct / 100) - gap))


def fund_gap(outstanding: Decimal, *, fund_pct: Decimal, held: Decimal) -> Decimal:
    """Return what is missing in the guarantee fund: its share of all that is sold and unpaid, less what is held."""
    return max(ZERO, round_cents(outstanding * fund_pct / 100) - held)


def fund_held(kept: Decimal, outstanding: Decimal, *, fund_pct: Decimal) -> Decimal:
    """Return what the factor holds: what it kept of the batches so far, less what it gave back as debtors paid.

    It never holds more than its share of what is still unpaid.
    """
    return min(kept, round_cents(outstanding * fund_pct / 100))
