"""What the insurer bears of a client's exposure, and when it bears no more of new deliveries (domain.md 4.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from o2c.shared.money import ZERO, round_cents

from .enums import CoverStatus
from .formulas import insured_cover

COVERED: Final = frozenset({CoverStatus.ACTIVE, CoverStatus.PARTIAL, CoverStatus.REDUCED})

# Little is left of what the insurer pays in a year: a fifth.
_LITTLE: Final = Decimal("0.2")


@dataclass(frozen=True)
class CoverFacts:
    """What insurer and policy say of one legal entity on a day.

    :ivar status: of the cover the insurer named; None where it never named one
    :ivar amount: of the named cover, or of the policy's blind cover
    :ivar extension_days: None without a policy
    """

    status: CoverStatus | None
    amount: Decimal
    insured_pct: Decimal
    since: date | None = None
    until: date | None = None
    vat_insured: bool = False
    extension_days: int | None = None
    max_term_days: int | None = None

    @property
    def is_blind(self) -> bool:
        """Whether it is the policy's cover for buyers the insurer did not name."""
        return self.status is None

    def counts_for(self, *, on: date, term_days: int, overdue: Decimal) -> bool:
        """Whether new deliveries are covered: named and in force, or blind with nothing late; the term not too long."""
        if self.max_term_days is not None and term_days > self.max_term_days:
            return False
        if self.is_blind:
            return overdue <= 0
        return self.status in COVERED and (self.until is None or on <= self.until)


def cover_of(
    facts: CoverFacts,
    *,
    nets: tuple[Decimal, Decimal],
    vat_pct: Decimal,
    counts: bool,
    secured: tuple[Decimal, Decimal] = (ZERO, ZERO),
) -> Decimal:
    """What the insurer would bear of one account: its part of what it would bear of the legal entity.

    :param nets: net exposure of the account, and of all accounts of the entity with this company
    :param vat_pct: the account's usual VAT rate, taken off where the policy does not insure VAT
    :param secured: what guarantees relieve of either: the insurer bears what they leave
    """
    own, whole = (max(net - held, ZERO) for net, held in zip(nets, secured, strict=True))
    if not own or not whole:
        return ZERO
    divisor = 1 if facts.vat_insured else 1 + vat_pct / 100
    borne = insured_cover(
        max(nets[1], ZERO) / divisor,
        insurer_limit=facts.amount,
        insured_pct=facts.insured_pct,
        active=counts,
        guarantees=secured[1] / divisor,
    )
    return round_cents(borne * own / whole)


def stops_deliveries(facts: CoverFacts, *, unpaid: Decimal, floor: Decimal) -> bool:
    """Whether what is unpaid beyond the extension ends the cover of new deliveries (impayé caractérisé).

    :param unpaid: undisputed and late by more than the days of extension
    """
    return facts.extension_days is not None and facts.status in COVERED and unpaid > floor


@dataclass(frozen=True)
class CoverYear:
    """A year of the policy, and what the insurer pays in it in all; amounts in the company's currency.

    :ivar begins: its first day
    :ivar ends: its last day
    :ivar paid: indemnities of the claims told in it
    :ivar promised: what its open claims are expected to bring still
    """

    begins: date
    ends: date
    cap: Decimal
    paid: Decimal = ZERO
    promised: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What a further claim told in this year may bring at most."""
        return max(self.cap - self.paid - self.promised, ZERO)

    @property
    def is_short(self) -> bool:
        """Whether little is left."""
        return self.left <= self.cap * _LITTLE


def insurance_year(begun: date, *, on: date) -> tuple[date, date]:
    """First and last day of the year of a policy that a day lies in.

    :param begun: a day on which one begins, of any year; 29 February is the 28th of other years
    """
    first = _anniversary(begun, on.year)
    if first > on:
        first = _anniversary(begun, on.year - 1)
    return first, _anniversary(begun, first.year + 1) - timedelta(days=1)


def _anniversary(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
