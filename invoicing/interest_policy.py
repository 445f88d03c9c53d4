"""Late-payment interest and the 40 € over plain values (domain.md 2; C. com. L441-10 II, D441-5).

Interest runs by itself from the day after the due date to the day the money is there, that day included, on what is
left unpaid incl. VAT. Every day takes the rate of its own half-year. Exact fractions are kept to the end, so that one
rounding per invoice is the only one, wherever the days are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from o2c.shared.money import ZERO, round_cents
from o2c.shared.problems import RuleRefused

# C. com. D441-5: fixed sum for the cost of recovery, in euro, once per invoice.
RECOVERY_FEE: Final = Decimal("40.00")
FEE_CURRENCY: Final = "EUR"
# Points above the rate of the central bank: between businesses, and for public buyers.
_BUSINESS_POINTS: Final = Decimal(10)
_PUBLIC_POINTS: Final = Decimal(8)
# A contract's rate is at least so many times the legal interest rate.
_FLOOR_TIMES: Final = 3
# From so many days before a half-year begins its rate is asked for.
ASKED_BEFORE: Final = timedelta(days=15)


class Regime(TextChoices):
    """Where a client's rate comes from."""

    BCE10 = "BCE10", _("Legal: central bank + 10 points")
    CONTRACT = "CONTRACT", _("Rate of the contract")
    PUBLIC8 = "PUBLIC8", _("Public buyer: central bank + 8 points")
    CONSUMER = "CONSUMER", _("Consumer: none before a formal notice")


class DayBasis(TextChoices):
    """What a year has for the count of days."""

    FIXED = "365", _("365 days, leap years too")
    ACTUAL = "ACT", _("Days of the year: 365 or 366")


class PaidFirst(StrEnum):
    """What a payment in parts settles first: the debt, as the ledger does, or the interest (C. civ. 1343-1)."""

    PRINCIPAL = "PRINCIPAL"
    INTEREST = "INTEREST_FIRST"


class RateMissing(RuleRefused):
    code = "rate_missing"
    message = _("The legal rates of a half-year are missing.")

    def __init__(self, half_year: HalfYear) -> None:
        super().__init__(
            _("The legal rates of %(half_year)s are missing: add them to the table of rates, then claim.")
            % {"half_year": half_year}
        )
        self.half_year = half_year


class HalfYear(NamedTuple):
    """January to June (1) or July to December (2) of a year."""

    year: int
    half: int

    @classmethod
    def of(cls, day: date) -> HalfYear:
        """The half-year a day lies in."""
        return cls(day.year, 1 if day.month <= 6 else 2)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 1 if self.half == 1 else 7, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, 6, 30) if self.half == 1 else date(self.year, 12, 31)

    @property
    def following(self) -> HalfYear:
        """The one after it."""
        return HalfYear(self.year, 2) if self.half == 1 else HalfYear(self.year + 1, 1)

    def __str__(self) -> str:
        return f"{self.year}-S{self.half}"


@dataclass(frozen=True)
class HalfYearRates:
    """The legal figures of a half-year, in percent.

    :ivar ecb: main refinancing rate of the European Central Bank on its first day
    :ivar legal: legal interest rate where the creditor is a business ("autres cas")
    :ivar is_assumed: not read in an official text: a demonstration or a forecast
    """

    ecb: Decimal
    legal: Decimal
    is_assumed: bool = False

    @property
    def default(self) -> Decimal:
        """The rate between businesses that agreed on none."""
        return self.ecb + _BUSINESS_POINTS

    @property
    def public(self) -> Decimal:
        """The rate public buyers owe."""
        return self.ecb + _PUBLIC_POINTS

    @property
    def floor(self) -> Decimal:
        """The least a contract may say."""
        return self.legal * _FLOOR_TIMES


RateTable = Mapping[HalfYear, HalfYearRates]


# A credit note for this reason is a gesture: it counts from its own day on, any other says it was never owed.
_GESTURE: Final = "GOODWILL"


def is_retroactive(reason_code: str) -> bool:
    """Whether a credit note of an invoice says that its amount was never owed: price, quantity, quality, error."""
    return reason_code != _GESTURE


def rates_of(day: date, table: RateTable) -> HalfYearRates:
    """Return the figures of a day's half-year; a missing one is never made up from another.

    :raises RateMissing: names the half-year
    """
    half_year = HalfYear.of(day)
    if half_year not in table:
        raise RateMissing(half_year)
    return table[half_year]


def asked_for(today: date, table: RateTable) -> HalfYear | None:
    """Return the half-year whose rates somebody should enter now: this one, or the next shortly before it begins."""
    running = HalfYear.of(today)
    if running not in table:
        return running
    following = running.following
    return following if following not in table and today >= following.first - ASKED_BEFORE else None


class Kind(StrEnum):
    """What lowers a debt: money, a credit note from its own day on, or one for what was never owed."""

    PAYMENT = "PAYMENT"
    DATED = "DATED"
    RETROACTIVE = "RETRO"


class Movement(NamedTuple):
    """What changes the balance after a day; positive lowers it, negative is an undoing."""

    day: date
    amount: Decimal
    kind: Kind = Kind.PAYMENT


class Debt(NamedTuple):
    """One instalment of an invoice, incl. VAT, with what lowered it."""

    amount: Decimal
    due_date: date
    movements: Sequence[Movement] = ()
    instalment: int = 1


@dataclass(frozen=True)
class InterestTerms:
    """What a client owes when late.

    :ivar contract_rate: percent a year, under ``CONTRACT`` alone
    :ivar judgement: day on which insolvency proceedings opened: interest stops on its eve (L622-28)
    """

    regime: Regime = Regime.BCE10
    contract_rate: Decimal | None = None
    basis: DayBasis = DayBasis.FIXED
    paid_first: PaidFirst = PaidFirst.PRINCIPAL
    judgement: date | None = None


@dataclass(frozen=True)
class Segment:
    """Days in a row with one balance and one rate; ``rate`` in percent a year, ``amount`` of interest rounded."""

    instalment: int
    first: date
    last: date
    balance: Decimal
    rate: Decimal
    year_days: int
    amount: Decimal

    @property
    def days(self) -> int:
        """How many days, both ends counted."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Interest:
    """What an invoice has run up by a day.

    :ivar days: on which something was owed, of the instalment that was late longest
    :ivar interest: the sum of the segments, in the currency of the invoice
    :ivar fee: 40 € or nothing, in euro
    :ivar breaches: half-years in which the contract's rate is below the floor: said, never mended silently
    :ivar is_assumed: a rate that nobody has read in an official text took part
    """

    segments: tuple[Segment, ...] = ()
    days: int = 0
    interest: Decimal = ZERO
    fee: Decimal = ZERO
    breaches: tuple[HalfYear, ...] = ()
    is_assumed: bool = False

    @property
    def floor_breach(self) -> bool:
        """Whether the contract says less than the law allows."""
        return bool(self.breaches)


@dataclass
class _Stretch:
    """Days of one balance within one half-year, with their exact interest."""

    instalment: int
    first: date
    last: date
    balance: Fraction
    rate: Decimal
    year_days: int
    amount: Fraction = field(init=False)

    def __post_init__(self) -> None:
        days = (self.last - self.first).days + 1
        self.amount = self.balance * Fraction(self.rate) * days / (100 * self.year_days)


def late_interest(
    debts: Iterable[Debt],
    *,
    as_of: date,
    terms: InterestTerms,
    rates: RateTable,
    after: date | None = None,
) -> Interest:
    """Return what the instalments of one invoice have run up by the end of a day, the day included.

    :param as_of: the day the money came, or of the question; what happens later is left out
    :param after: days up to this one are claimed already: those that follow are counted alone
    :raises RateMissing: a day that counts lies in a half-year nobody has entered
    """
    debts = tuple(debts)
    if terms.regime == Regime.CONSUMER:
        return Interest()
    stretches = [part for debt in debts for part in _stretches(debt, as_of, terms, rates)]
    counted = _since(stretches, after)
    halves = _halves(counted)
    return Interest(
        segments=_rounded(counted),
        days=max((_days(counted, debt.instalment) for debt in debts), default=0),
        interest=_cents(sum((part.amount for part in counted), Fraction(0))),
        fee=RECOVERY_FEE if any(_is_late(debt, as_of, terms) for debt in debts) else ZERO,
        breaches=_breaches(halves, terms, rates),
        is_assumed=_assumed(halves, counted, terms, rates),
    )


def rate_on(day: date, terms: InterestTerms, rates: RateTable) -> Decimal | None:
    """Return the percentage a year of a day, None of a consumer.

    :raises RateMissing: it depends on a half-year nobody has entered
    """
    match terms.regime:
        case Regime.CONSUMER:
            return None
        case Regime.CONTRACT:
            assert terms.contract_rate is not None
            return terms.contract_rate
        case Regime.PUBLIC8:
            return rates_of(day, rates).public
        case _:
            return rates_of(day, rates).default


def _opening(debt: Debt, as_of: date) -> Decimal:
    """What was owed when interest began: less what was paid by then, and less what was never owed at all."""
    lowered = (
        move.amount
        for move in debt.movements
        if move.day <= as_of and (move.kind == Kind.RETROACTIVE or move.day <= debt.due_date)
    )
    return debt.amount - sum(lowered, ZERO)


def _is_late(debt: Debt, as_of: date, terms: InterestTerms) -> bool:
    """Whether something of it was unpaid after its due date; none is due from a judgement on (L441-10 II)."""
    if terms.judgement is not None and debt.due_date >= terms.judgement:
        return False
    return as_of > debt.due_date and _opening(debt, as_of) > 0


def _stretches(debt: Debt, as_of: date, terms: InterestTerms, rates: RateTable) -> Iterator[_Stretch]:
    """The days of a debt on which something was owed, cut where the balance or the half-year changes."""
    last = as_of if terms.judgement is None else min(as_of, terms.judgement - timedelta(days=1))
    start = debt.due_date + timedelta(days=1)
    balance, accrued = Fraction(_opening(debt, as_of)), Fraction(0)
    dated = sorted(
        move for move in debt.movements if start <= move.day <= last and move.kind != Kind.RETROACTIVE
    )
    fixed: Decimal | None = None
    if terms.regime == Regime.PUBLIC8 and balance > 0 and start <= last:
        # A public buyer keeps the rate of the half-year in which its delay began.
        fixed = rate_on(start, terms, rates)
    for day in [*sorted({move.day for move in dated}), last]:
        for first, end in _by_half_year(start, day):
            if balance > 0:
                rate = rate_on(first, terms, rates) if fixed is None else fixed
                assert rate is not None
                part = _Stretch(debt.instalment, first, end, balance, rate, _year_days(first, terms))
                accrued += part.amount
                yield part
        start = max(start, day + timedelta(days=1))
        for move in dated:
            if move.day == day:
                balance, accrued = _lowered(balance, accrued, move, terms)


def _lowered(
    balance: Fraction, accrued: Fraction, move: Movement, terms: InterestTerms
) -> tuple[Fraction, Fraction]:
    """Take a movement off: a payment off the interest first, where that is asked for."""
    amount = Fraction(move.amount)
    if terms.paid_first == PaidFirst.INTEREST and move.kind == Kind.PAYMENT and amount > 0:
        paid = min(accrued, amount)
        return balance - (amount - paid), accrued - paid
    return balance - amount, accrued


def _by_half_year(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(last, HalfYear.of(first).last)
        yield first, end
        first = end + timedelta(days=1)


def _year_days(day: date, terms: InterestTerms) -> int:
    if terms.basis == DayBasis.FIXED:
        return 365
    return (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days


def _since(stretches: Iterable[_Stretch], after: date | None) -> list[_Stretch]:
    """The days that are not claimed yet."""
    if after is None:
        return list(stretches)
    start = after + timedelta(days=1)
    return [
        _Stretch(p.instalment, max(p.first, start), p.last, p.balance, p.rate, p.year_days)
        for p in stretches
        if p.last >= start
    ]


def _cents(amount: Fraction) -> Decimal:
    """Round half-up; the one rounding of an invoice."""
    return round_cents(Decimal(amount.numerator) / Decimal(amount.denominator))


def _rounded(stretches: Sequence[_Stretch]) -> tuple[Segment, ...]:
    """Segments whose amounts add up: each rounded, the last absorbs the cent."""
    total = _cents(sum((part.amount for part in stretches), Fraction(0)))
    amounts = [_cents(part.amount) for part in stretches[:-1]]
    rest = total - sum(amounts, ZERO)
    if rest < 0:  # so many crumbs rounded up that nothing is left for the last: round what they make together
        run = [
            _cents(sum((p.amount for p in stretches[: n + 1]), Fraction(0))) for n in range(len(stretches))
        ]
        amounts, rest = [b - a for a, b in zip([ZERO, *run], run[:-1], strict=False)], run[-1] - run[-2]
    return tuple(
        Segment(p.instalment, p.first, p.last, _cents(p.balance), p.rate, p.year_days, amount)
        for p, amount in zip(stretches, [*amounts, rest], strict=False)
    )


def _days(stretches: Iterable[_Stretch], instalment: int) -> int:
    return sum((p.last - p.first).days + 1 for p in stretches if p.instalment == instalment)


def _halves(stretches: Iterable[_Stretch]) -> list[HalfYear]:
    return sorted({HalfYear.of(part.first) for part in stretches})


def _breaches(halves: Iterable[HalfYear], terms: InterestTerms, rates: RateTable) -> tuple[HalfYear, ...]:
    """Half-years whose floor lies above the contract's rate; the floor binds a contract alone."""
    if terms.regime != Regime.CONTRACT or terms.contract_rate is None:
        return ()
    return tuple(half for half in halves if half in rates and terms.contract_rate < rates[half].floor)


def _assumed(
    halves: Iterable[HalfYear], counted: Sequence[_Stretch], terms: InterestTerms, rates: RateTable
) -> bool:
    if terms.regime == Regime.CONTRACT:
        return False
    return any(half in rates and rates[half].is_assumed for half in halves)
