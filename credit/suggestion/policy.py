"""The suggested base limit: the least of four bounds, each over plain values (domain.md 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from o2c.shared.calendar import add_months
from o2c.shared.money import ZERO, round_cents

from ..enums import CoverStatus
from ..scorecard.policy import is_fresh
from .enums import Bound, Unknown

EQUITY_SHARE: Final = Decimal("0.10")
PURCHASE_FACTOR: Final = Decimal("1.2")
MONTH_DAYS: Final = 30
# The months purchases are looked at, and the fewest that tell anything.
MONTHS: Final = 12
FEWEST_MONTHS: Final = 3
_REFUSED: Final = frozenset({CoverStatus.REFUSED, CoverStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Cover:
    """The insurer's last word by name; ``amount`` is None where no rate turns it into the company's currency."""

    status: CoverStatus
    amount: Decimal | None
    insured_pct: Decimal
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Equity:
    """The equity of the last year that tells it; ``amount`` as for ``Cover``."""

    amount: Decimal | None
    closed_on: date


@dataclass(frozen=True, slots=True)
class Purchases:
    """What was invoiced in twelve months incl. VAT, less credit notes; since when it buys at all."""

    amount: Decimal | None
    first_on: date


@dataclass(slots=True)
class Facts:
    """What a suggestion rests on, in the currency of the client's company; what nobody knows is None.

    :ivar term_days: days from invoice to due date, on average
    :ivar delay: mean days late of what was paid in twelve months, below zero where it pays early
    """

    term_days: int
    cap: Decimal | None = None
    cover: Cover | None = None
    equity: Equity | None = None
    purchases: Purchases | None = None
    delay: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BoundFound:
    """One bound: its amount, or why it is not known, and the figures behind it."""

    bound: Bound
    amount: Decimal | None
    unknown: Unknown | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The four bounds, in the order of ``Bound``."""

    bounds: tuple[BoundFound, ...]

    @property
    def binding(self) -> BoundFound | None:
        """The least of what is known; the first of equal ones; None where nothing is known."""
        known = [found for found in self.bounds if found.amount is not None]
        return min(known, key=lambda found: found.amount or ZERO, default=None)

    @property
    def amount(self) -> Decimal | None:
        """The suggested base limit; None where nothing is known."""
        return self.binding.amount if self.binding else None


def suggest(facts: Facts, *, on: date) -> Suggestion:
    """Return the four bounds of a base limit on a day (domain.md 4.3): unknown ones drop out and say why."""
    return Suggestion((_cap(facts), _insurer(facts, on), _equity(facts, on), _purchases(facts, on)))


def months_begun(first_on: date, on: date) -> int:
    """Months from the first invoice to a day, the one that runs counted whole; twelve at most."""
    return next((months for months in range(1, MONTHS) if add_months(first_on, months) >= on), MONTHS)


def _cap(facts: Facts) -> BoundFound:
    return BoundFound(Bound.POLICY_CAP, facts.cap, Unknown.NO_CAP if facts.cap is None else None)


def _insurer(facts: Facts, on: date) -> BoundFound:
    cover = facts.cover
    if cover is None:
        return BoundFound(Bound.INSURER, None, Unknown.NO_COVER)
    figures = {"status": cover.status, "since": cover.since, "until": cover.until}
    if cover.status in _REFUSED:
        # Known, and nothing: who is refused does not get more than who was never asked for.
        return BoundFound(Bound.INSURER, ZERO, figures=figures)
    if cover.status == CoverStatus.REQUESTED:
        return BoundFound(Bound.INSURER, None, Unknown.COVER_ASKED, figures)
    if cover.status == CoverStatus.EXPIRED or (cover.until is not None and cover.until < on):
        return BoundFound(Bound.INSURER, None, Unknown.COVER_ENDED, figures)
    figures |= {"limit": cover.amount, "insured_pct": cover.insured_pct}
    if cover.amount is None:
        return BoundFound(Bound.INSURER, None, Unknown.NO_RATE, figures)
    if cover.insured_pct <= 0:
        return BoundFound(Bound.INSURER, ZERO, figures=figures)
    return BoundFound(Bound.INSURER, round_cents(cover.amount * 100 / cover.insured_pct), figures=figures)


def _equity(facts: Facts, on: date) -> BoundFound:
    equity = facts.equity
    if equity is None:
        return BoundFound(Bound.EQUITY, None, Unknown.NO_STATEMENT)
    figures = {"equity": equity.amount, "closed_on": equity.closed_on}
    if not is_fresh(equity.closed_on, on=on):
        return BoundFound(Bound.EQUITY, None, Unknown.STATEMENT_OLD, figures)
    if equity.amount is None:
        return BoundFound(Bound.EQUITY, None, Unknown.NO_RATE, figures)
    return BoundFound(Bound.EQUITY, round_cents(max(ZERO, equity.amount) * EQUITY_SHARE), figures=figures)


def _purchases(facts: Facts, on: date) -> BoundFound:
    bought = facts.purchases
    if bought is None:
        return BoundFound(Bound.PURCHASES, None, Unknown.NO_PURCHASES)
    months = months_begun(bought.first_on, on)
    figures: dict[str, Any] = {"first_on": bought.first_on, "months": months}
    if add_months(bought.first_on, FEWEST_MONTHS) > on:
        return BoundFound(Bound.PURCHASES, None, Unknown.SHORT_HISTORY, figures)
    if bought.amount is None:
        return BoundFound(Bound.PURCHASES, None, Unknown.NO_RATE, figures)
    monthly = max(ZERO, bought.amount) / months
    days = max(Decimal(0), facts.term_days + (facts.delay or Decimal(0)))
    figures |= {"monthly": round_cents(monthly), "term_days": facts.term_days, "delay": facts.delay}
    return BoundFound(
        Bound.PURCHASES, round_cents(PURCHASE_FACTOR * monthly * days / MONTH_DAYS), figures=figures
    )
