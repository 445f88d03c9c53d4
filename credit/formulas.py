"""The arithmetic of exposure and limits (domain: components, cover, limit life). Plain values only.

The exposure statement, the credit check and the worked cases all compute with these functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from o2c.shared.money import ZERO, quantize, round_cents

_UTILISATION_PLACES: Final = 4


class LimitState(StrEnum):
    """What is decided about a limit: nothing yet, an amount, one past its review, or no bound at all."""

    NONE = "none"
    BASE = "base"
    EXPIRED = "expired"
    UNLIMITED = "unlimited"


@dataclass(frozen=True)
class ExposureParts:
    """The parts of an exposure in one currency, signed as they are shown: what relieves is negative."""

    open_invoices: Decimal = ZERO
    delivered_not_invoiced: Decimal = ZERO
    open_orders: Decimal = ZERO
    bills_not_matured: Decimal = ZERO
    discounted_not_matured: Decimal = ZERO
    claimed_penalties: Decimal = ZERO
    unallocated_payments: Decimal = ZERO
    unallocated_credit_notes: Decimal = ZERO
    deposits_held: Decimal = ZERO

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, Decimal]]) -> Self:
        """Add up ``(part, amount)`` rows, amounts signed as shown.

        :raises ValueError: a part that does not exist
        """
        sums = dict.fromkeys(PART_CODES, ZERO)
        for part, amount in rows:
            if part not in sums:
                raise ValueError(f"{part!r} is not a part of the exposure: {', '.join(PART_CODES)}.")
            sums[part] += amount
        return cls(**sums)

    def items(self) -> tuple[tuple[str, Decimal], ...]:
        """Return ``(code, amount)`` in the order they are shown."""
        return tuple((code, getattr(self, code)) for code in PART_CODES)

    def __add__(self, other: Self) -> Self:
        """Add two exposures part by part, as a legal entity adds its accounts."""
        return type(self)(**{code: amount + getattr(other, code) for code, amount in self.items()})

    @property
    def gross(self) -> Decimal:
        """Everything the customer owes or will owe."""
        return sum((amount for code, amount in self.items() if code not in RELIEVING_PARTS), ZERO)

    @property
    def net(self) -> Decimal:
        """Gross less what was received and not yet allocated; negative when the customer is in credit."""
        return sum((amount for _code, amount in self.items()), ZERO)


PART_CODES: Final = tuple(field.name for field in fields(ExposureParts))
RELIEVING_PARTS: Final = frozenset({"unallocated_payments", "unallocated_credit_notes", "deposits_held"})


@dataclass(frozen=True)
class TemporaryAmount:
    """A temporary raise, both days included."""

    amount: Decimal
    valid_from: date
    valid_until: date

    def active_on(self, as_of: date) -> bool:
        """Tell whether the raise counts on a day."""
        return self.valid_from <= as_of <= self.valid_until


@dataclass(frozen=True)
class LimitFacts:
    """The limit of one level as it counts on one day: the base decision and the active temporary raises.

    ``base`` is the decided amount (None without decision or when unlimited); an expired one is kept to show.
    """

    kind: LimitState
    base: Decimal | None = None
    temporary: Decimal = ZERO
    valid_until: date | None = None

    @property
    def effective(self) -> Decimal | None:
        """What may be used: base if it counts, plus temporary raises; None when unlimited."""
        if self.kind is LimitState.UNLIMITED:
            return None
        base = self.base if self.kind is LimitState.BASE and self.base is not None else ZERO
        return base + self.temporary


NO_LIMIT: Final = LimitFacts(LimitState.NONE)


def limit_facts(
    base: Decimal | None,
    valid_until: date | None,
    temporaries: Iterable[TemporaryAmount],
    as_of: date,
    *,
    unlimited: bool = False,
) -> LimitFacts:
    """Tell what a level's limit is on a day.

    :param base: the decided amount, zero being a decision; None when nothing is decided, or when unlimited
    :param valid_until: last day the decision counts, included; None for no end. An unlimited decision past it
        has expired as any other.
    :param temporaries: all temporary raises; those not active on the day are left out
    """
    temporary = sum((raised.amount for raised in temporaries if raised.active_on(as_of)), ZERO)
    if base is None and not unlimited:
        return LimitFacts(LimitState.NONE, temporary=temporary)
    if valid_until is not None and valid_until < as_of:
        return LimitFacts(LimitState.EXPIRED, base, temporary, valid_until)
    if unlimited:
        return LimitFacts(LimitState.UNLIMITED, temporary=temporary, valid_until=valid_until)
    return LimitFacts(LimitState.BASE, base, temporary, valid_until)


def effective_limit(
    base: Decimal | None, valid_until: date | None, temporaries: Iterable[TemporaryAmount], as_of: date
) -> Decimal:
    """Return the amount that counts on a day: base if not expired, plus the active temporary raises."""
    return limit_facts(base, valid_until, temporaries, as_of).effective or ZERO


def insured_cover(
    insurable: Decimal,
    *,
    insurer_limit: Decimal,
    insured_pct: Decimal,
    active: bool,
    guarantees: Decimal = ZERO,
) -> Decimal:
    """Return what the insurer would bear: the insured share of the exposure left after guarantees.

    :param insurable: net exposure as the policy counts it (excluding VAT unless the policy insures VAT)
    :param active: the cover counts for new risk on the day and the terms are within the policy's
    :param guarantees: eligible guarantees not expired, after their haircut
    """
    if not active:
        return ZERO
    return round_cents(min(max(insurable - guarantees, ZERO), insurer_limit) * insured_pct / 100)


def uncovered(net: Decimal, cover: Decimal, guarantees: Decimal = ZERO) -> Decimal:
    """Return the part of the net exposure that neither guarantee nor insurer bears; never negative."""
    return max(ZERO, net - guarantees - cover)


def available(effective: Decimal | None, net: Decimal) -> Decimal | None:
    """Return what may still be used, negative when over the limit; None when unlimited."""
    return None if effective is None else effective - net


def over_limit_by(available_before: Decimal | None, order: Decimal = ZERO) -> Decimal:
    """Return what the limit does not carry of ``order`` and of what is over already; never negative."""
    return ZERO if available_before is None else max(ZERO, order - available_before)


def utilisation(effective: Decimal | None, net: Decimal) -> Decimal | None:
    """Return net exposure over effective limit to four decimals; None when unlimited or the limit is 0."""
    return None if not effective else quantize(net / effective, _UTILISATION_PLACES)
