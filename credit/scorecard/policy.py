"""The scorecard over plain values (domain.md 4.8): five sub-scores of 0 to 100, their weighted mean, the class.

What is not known has no sub-score: it drops out and the weights of the others are rescaled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

from accounts.enums import RiskClass
from o2c.shared.calendar import add_months
from o2c.shared.money import ZERO, quantize

from .enums import Block, InsurerAnswer, RatingScale

# Goes up when a rule below changes; each card keeps the version it was made with.
VERSION: Final = 1
WEIGHTS: Final[Mapping[Block, int]] = {
    Block.PAYMENT: 35,
    Block.STATEMENTS: 25,
    Block.EXTERNAL: 20,
    Block.AGE: 10,
    Block.DISPUTES: 10,
}
# The months behind behaviour, disputes and changes, and the age at which a balance sheet no longer counts.
MONTHS: Final = 12
STATEMENT_MONTHS: Final = 18
# A drop that brings the review of a limit forward (domain.md 4.3).
DROP: Final = Decimal(10)

_BOUNDS: Final = ((80, RiskClass.A), (65, RiskClass.B), (50, RiskClass.C), (35, RiskClass.D))
_KNOWN_FOR_BEST: Final = 60
_HUNDRED: Final = Decimal(100)
_YEAR: Final = Decimal(12)

Knots = Sequence[tuple[Decimal, Decimal]]


def _knots(*pairs: tuple[str, int]) -> Knots:
    return tuple((Decimal(at), Decimal(points)) for at, points in pairs)


_DAYS: Final = _knots(("0", 100), ("5", 85), ("10", 70), ("20", 50), ("30", 30), ("60", 0))
_EQUITY: Final = _knots(("5", 0), ("35", 100))
_CURRENT: Final = _knots(("0.8", 0), ("1.5", 100))
_MARGIN: Final = _knots(("-2", 0), ("8", 100))
_DEBT: Final = _knots(("1", 100), ("6", 0))
_AGE: Final = _knots(("1", 0), ("2", 30), ("5", 70), ("10", 100))
_DISPUTED: Final = _knots(("1", 100), ("10", 0))

_PER_RETURN, _PER_PROMISE, _PER_CHANGE, _PER_PRETEXT = 20, 10, 20, 10
# Claims made only to pay later count from the second in twelve months on (domain.md 7.5).
_PRETEXTS_FROM: Final = 2

# The ratings of the Banque de France, best first; "0" says that nothing unfavourable is known, and rates nothing.
BDF_RATINGS: Final = (
    "1+", "1", "1-", "2+", "2", "2-", "3+", "3", "3-", "4+", "4", "4-", "5+", "5", "5-", "6+", "6", "6-", "7", "8",
)  # fmt: skip
BDF_INSOLVENT: Final = "P"
BDF_NOTHING_KNOWN: Final = "0"

_INSURER: Final[Mapping[InsurerAnswer, int]] = {
    InsurerAnswer.FULL: 100,
    InsurerAnswer.PARTIAL: 60,
    InsurerAnswer.REFUSED: 0,
}


@dataclass(frozen=True, slots=True)
class Payments:
    """How a client paid in twelve months.

    :ivar paid: amount of the invoices settled by money, and ``paid_days`` their mean delay weighted by amount: signed,
        so that early payment makes up for late
    :ivar late: undisputed amount open past its due date, and ``late_days`` the mean days it is late by now
    :ivar returned: bills and direct debits that came back unpaid
    :ivar broken: promises that were not kept, or kept in part only
    """

    paid: Decimal = ZERO
    paid_days: Decimal = ZERO
    late: Decimal = ZERO
    late_days: Decimal = ZERO
    returned: int = 0
    broken: int = 0

    @property
    def days(self) -> Decimal | None:
        """Mean days late over what was paid and what is late, weighted by amount; None where there is neither."""
        weight = self.paid + self.late
        if weight <= 0:
            return None
        return quantize((self.paid * self.paid_days + self.late * self.late_days) / weight, 1)


@dataclass(frozen=True, slots=True)
class Statement:
    """A year's balance sheet and income statement in one currency; what is not given is None.

    :ivar net_debt: financial debt less cash; negative where cash is the larger
    """

    closed_on: date
    equity: Decimal | None = None
    total_assets: Decimal | None = None
    current_assets: Decimal | None = None
    current_liabilities: Decimal | None = None
    revenue: Decimal | None = None
    operating_result: Decimal | None = None
    net_debt: Decimal | None = None
    ebitda: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """One ratio of a balance sheet: its value with two decimals and the points it gives."""

    code: str
    value: Decimal | None
    points: Decimal


@dataclass(frozen=True, slots=True)
class Trade:
    """What was invoiced to a client in twelve months, what it contested of it, and claims made only to pay later."""

    invoiced: Decimal = ZERO
    disputed: Decimal = ZERO
    pretexts: int = 0

    @property
    def rate(self) -> Decimal | None:
        """Disputed of invoiced, in percent with two decimals (8.14); None where nothing was invoiced."""
        return quantize(self.disputed / self.invoiced * 100, 2) if self.invoiced > 0 else None


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a card.

    :ivar score: 0 to 100 with one decimal; None where nothing is known
    :ivar risk_class: None where nothing is known
    :ivar known: percent of the weight whose sub-scores are known
    """

    score: Decimal | None
    risk_class: RiskClass | None
    known: int


def total(points: Mapping[Block, Decimal | None]) -> Result:
    """Return score, class and known weight: Σ weight × sub-score / Σ known weights (4.8).

    The class follows from the score as it is shown, rounded to one decimal.
    """
    known = {block: value for block, value in points.items() if value is not None}
    weight = sum(WEIGHTS[block] for block in known)
    if not weight:
        return Result(None, None, 0)
    score = quantize(sum((WEIGHTS[block] * value for block, value in known.items()), ZERO) / weight, 1)
    return Result(score, class_of(score, known=weight), weight)


def class_of(score: Decimal, *, known: int = 100) -> RiskClass:
    """Return the class of a score: A from 80, B from 65, C from 50, D from 35, else E.

    :param known: percent of the weight known; below 60 the class is C at best
    """
    found = next((risk for bound, risk in _BOUNDS if score >= bound), RiskClass.E)
    return max(found, RiskClass.C) if known < _KNOWN_FOR_BEST else found


def payment_points(facts: Payments) -> Decimal | None:
    """Return the sub-score of payment behaviour: the days late on the scale, −20 per return, −10 per broken promise.

    None before anything was paid or fell due: then nothing is known, whatever was promised.
    """
    if facts.days is None:
        return None
    return _floored(_on_line(facts.days, _DAYS) - _PER_RETURN * facts.returned - _PER_PROMISE * facts.broken)


def statement_points(facts: Statement | None, *, on: date) -> Decimal | None:
    """Return the mean of the ratios that the balance sheet allows; None without one, or where it is too old."""
    if facts is None or not is_fresh(facts.closed_on, on=on):
        return None
    points = [ratio.points for ratio in ratios(facts)]
    return quantize(sum(points, ZERO) / len(points), 1) if points else None


def is_fresh(closed_on: date, *, on: date) -> bool:
    """Whether a year closed then still counts: within eighteen months, the last day included."""
    return add_months(on, -STATEMENT_MONTHS) <= closed_on <= on


def ratios(facts: Statement) -> tuple[Ratio, ...]:
    """Return the ratios that can be computed: equity, current ratio, margin, and debt in years of EBITDA.

    Where there is debt and no earnings to pay it, the debt ratio has no value and gives 0; without debt it gives 100.
    """
    found: list[Ratio] = []
    if (equity := _percent(facts.equity, facts.total_assets)) is not None:
        found.append(Ratio("equity", equity, _on_line(equity, _EQUITY)))
    if facts.current_assets is not None and facts.current_liabilities:
        current = quantize(facts.current_assets / facts.current_liabilities, 2)
        found.append(Ratio("current", current, _on_line(current, _CURRENT)))
    if (margin := _percent(facts.operating_result, facts.revenue)) is not None:
        found.append(Ratio("margin", margin, _on_line(margin, _MARGIN)))
    if facts.net_debt is not None and facts.ebitda is not None:
        found.append(_debt(facts.net_debt, facts.ebitda))
    return tuple(found)


def rating_points(scale: RatingScale, rating: str) -> Decimal | None:
    """Return what a rating is worth: a bureau's score as it is; the Banque de France's twenty steps evenly to 0.

    ``P`` (insolvency proceedings) gives 0, and ``0`` (nothing unfavourable known) says nothing: None.

    :raises ValueError: a rating that the scale does not have
    """
    if scale is RatingScale.BUREAU:
        value = Decimal(rating)
        if not ZERO <= value <= _HUNDRED:
            raise ValueError(rating)
        return quantize(value, 1)
    if rating == BDF_NOTHING_KNOWN:
        return None
    if rating == BDF_INSOLVENT:
        return quantize(ZERO, 1)
    if rating not in BDF_RATINGS:
        raise ValueError(rating)
    steps = len(BDF_RATINGS) - 1
    return quantize(_HUNDRED * (steps - BDF_RATINGS.index(rating)) / steps, 1)


def external_points(rating: Decimal | None, insurer: InsurerAnswer | None) -> Decimal | None:
    """Return the lower of a rating's points and the insurer's answer (full 100, in part 60, refused 0)."""
    known = [] if rating is None else [rating]
    if insurer is not None:
        known.append(Decimal(_INSURER[insurer]))
    return min(known, default=None)


def age_points(founded_on: date | None, changed_on: date | None, *, on: date) -> Decimal | None:
    """Return the sub-score of age: whole months since the creation on the scale, −20 for a change.

    :param changed_on: last change of control or of address; it counts for twelve months
    """
    if founded_on is None or founded_on > on:
        return None
    recent = changed_on is not None and add_months(on, -MONTHS) < changed_on <= on
    return _floored(_on_line(years(founded_on, on=on), _AGE) - (_PER_CHANGE if recent else 0))


def years(founded_on: date, *, on: date) -> Decimal:
    """Return the years between two days in whole months, with two decimals."""
    months = (on.year - founded_on.year) * 12 + on.month - founded_on.month - (on.day < founded_on.day)
    return quantize(max(months, 0) / _YEAR, 2)


def dispute_points(facts: Trade) -> Decimal | None:
    """Return the sub-score of disputes: ≤ 1 % → 100 … ≥ 10 % → 0, −10 per pretext from the second on."""
    if facts.rate is None:
        return None
    pretexts = facts.pretexts if facts.pretexts >= _PRETEXTS_FROM else 0
    return _floored(_on_line(facts.rate, _DISPUTED) - _PER_PRETEXT * pretexts)


def dependence(invoiced: Decimal, revenue: Decimal | None) -> Decimal | None:
    """Return our invoices of twelve months in percent of the client's revenue: shown, never scored."""
    return _percent(invoiced, revenue)


def needs_review(before: Result | None, after: Result) -> bool:
    """Whether a new card brings the review of the limit forward: ten points lost, or another class (4.3)."""
    if before is None or before.score is None or after.score is None:
        return False
    return before.score - after.score >= DROP or before.risk_class != after.risk_class


def _debt(net_debt: Decimal, ebitda: Decimal) -> Ratio:
    if ebitda <= 0:
        return Ratio("debt", None, _HUNDRED if net_debt <= 0 else quantize(ZERO, 1))
    times = quantize(net_debt / ebitda, 2)
    return Ratio("debt", times, _on_line(times, _DEBT))


def _percent(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    if part is None or whole is None or whole <= 0:
        return None
    return quantize(part / whole * 100, 2)


def _on_line(value: Decimal, knots: Knots) -> Decimal:
    """Linear between the knots, flat outside; one decimal."""
    if value <= knots[0][0]:
        return quantize(knots[0][1], 1)
    for (left, low), (right, high) in pairwise(knots):
        if value <= right:
            return quantize(low + (high - low) * (value - left) / (right - left), 1)
    return quantize(knots[-1][1], 1)


def _floored(points: Decimal) -> Decimal:
    return max(points, quantize(ZERO, 1))
