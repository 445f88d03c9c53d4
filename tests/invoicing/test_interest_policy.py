"""Late-payment interest over plain values: the edges of the law, and what must hold whatever the figures are."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing import interest_policy as policy
from invoicing.discount_policy import cash_discount, discount_annual_rate
from invoicing.interest_policy import (
    DayBasis,
    Debt,
    HalfYear,
    HalfYearRates,
    Interest,
    InterestTerms,
    Kind,
    Movement,
    PaidFirst,
    RateMissing,
    Regime,
    late_interest,
)
from invoicing.legal_rates import ROWS, SEEDED

D = Decimal
DUE = date(2026, 1, 31)


def run(*debts: Debt, until: date, after: date | None = None, **terms: Any) -> Interest:
    found = InterestTerms(**terms)
    return late_interest(debts, as_of=until, terms=found, rates=SEEDED, after=after)


def test_what_the_product_is_delivered_with():
    assert [str(row.half_year) for row in ROWS] == [
        f"{year}-S{half}" for year in range(2021, 2027) for half in (1, 2)
    ]
    assert [str(row.half_year) for row in ROWS if row.is_assumed] == ["2026-S2"]
    rates = SEEDED[HalfYear(2024, 1)]
    assert (rates.default, rates.public, rates.floor) == (D("14.50"), D("12.50"), D("15.21"))


def test_nothing_is_due_on_the_due_date_and_the_day_after_is_the_first():
    assert run(Debt(D(1000), DUE), until=DUE) == Interest()
    found = run(Debt(D(1000), DUE), until=DUE + timedelta(days=1))
    assert (found.days, found.interest, found.fee) == (1, D("0.33"), D(40))
    assert [(s.first, s.last) for s in found.segments] == [(DUE + timedelta(days=1), DUE + timedelta(days=1))]


def test_each_day_takes_the_rate_of_its_own_half_year_and_the_last_segment_absorbs_the_cent():
    found = run(Debt(D(10000), date(2026, 4, 30)), until=date(2026, 9, 1))
    assert [(s.days, s.rate, s.amount) for s in found.segments] == [
        (61, D("12.15"), D("203.05")),
        (63, D("12.40"), D("214.03")),
    ]
    assert found.interest == D("417.08")
    assert found.is_assumed


def test_a_missing_half_year_is_named_and_never_made_up():
    with pytest.raises(RateMissing, match="2027-S1") as missing:
        run(Debt(D(1000), DUE), until=date(2027, 1, 1))
    assert missing.value.half_year == HalfYear(2027, 1)
    # A half-year in which nothing was owed any more is not asked for.
    paid = Debt(D(1000), DUE, [Movement(date(2026, 12, 31), D(1000))])
    assert run(paid, until=date(2027, 5, 1)).interest > 0


def test_a_contract_needs_no_legal_rate_and_says_which_half_years_lie_below_the_floor():
    terms: dict[str, Any] = {"regime": Regime.CONTRACT, "contract_rate": D(8)}
    found = run(Debt(D(12000), date(2025, 9, 30)), until=date(2026, 2, 28), **terms)
    assert (found.interest, found.breaches) == (D("397.15"), (HalfYear(2025, 2),))
    assert run(Debt(D(1000), DUE), until=date(2027, 2, 1), **terms).days == 366


def test_a_public_buyer_keeps_the_rate_its_delay_began_with():
    found = run(Debt(D(25000), date(2025, 5, 15)), until=date(2025, 11, 30), regime=Regime.PUBLIC8)
    assert {s.rate for s in found.segments} == {D("11.15")}
    assert found.interest == D("1519.76")


def test_a_consumer_owes_neither_interest_nor_indemnity():
    assert run(Debt(D(1000), DUE), until=date(2026, 6, 1), regime=Regime.CONSUMER) == Interest()


def test_a_retroactive_credit_note_was_never_owed_and_a_dated_one_counts_from_its_day():
    until, day = date(2026, 4, 15), date(2026, 2, 20)
    for kind, total in ((Kind.RETROACTIVE, D("89.88")), (Kind.DATED, D("97.07"))):
        debt = Debt(D(3600), date(2026, 1, 15), [Movement(day, D(600), kind)])
        assert run(debt, until=until).interest == total
    whole = Debt(D(3600), date(2026, 1, 15), [Movement(day, D(3600), Kind.RETROACTIVE)])
    assert run(whole, until=until) == Interest()
    # On the eve of the credit note nobody knew of it.
    assert run(whole, until=date(2026, 2, 19)).fee == D(40)


def test_a_judgement_stops_interest_on_its_eve_and_bars_the_indemnity_of_what_was_due_later():
    judgement = date(2026, 3, 10)
    early = run(Debt(D(6000), date(2025, 12, 15)), until=date(2026, 6, 30), judgement=judgement)
    assert (early.days, early.segments[-1].last, early.fee) == (84, date(2026, 3, 9), D(40))
    for due in (judgement, date(2026, 3, 31)):
        assert run(Debt(D(6000), due), until=date(2026, 6, 30), judgement=judgement) == Interest()
    eve = run(Debt(D(6000), date(2026, 3, 9)), until=date(2026, 6, 30), judgement=judgement)
    assert (eve.days, eve.fee) == (0, D(40))


def test_what_the_bank_took_back_bears_interest_again_from_the_day_after():
    moves = [Movement(date(2026, 2, 10), D(1000)), Movement(date(2026, 3, 10), D(-1000))]
    found = run(Debt(D(1000), DUE, moves), until=date(2026, 3, 20))
    assert [(s.first.day, s.last.day, s.days) for s in found.segments] == [(1, 10, 10), (11, 20, 10)]


def test_instalments_run_each_for_itself_with_one_rounding_and_one_indemnity():
    debts = [Debt(D("100.01"), DUE, instalment=1), Debt(D("100.01"), DUE, instalment=2)]
    alone = run(debts[0], until=date(2026, 2, 11))
    both = run(*debts, until=date(2026, 2, 11))
    assert alone.interest == D("0.37")
    assert both.interest == D("0.73")  # 0.3662… twice, rounded once
    assert (both.fee, both.days) == (D(40), 11)
    assert sum(s.amount for s in both.segments) == both.interest


def test_days_claimed_already_are_left_out():
    debt, first, last = Debt(D(10000), date(2026, 4, 30)), date(2026, 6, 15), date(2026, 9, 1)
    claimed = run(debt, until=first)
    later = run(debt, until=last, after=first)
    assert later.segments[0].first == date(2026, 6, 16)
    assert claimed.days + later.days == run(debt, until=last).days
    assert run(debt, until=last, after=last).interest == 0


def test_crumbs_that_round_up_leave_no_negative_segment():
    moves = [Movement(DUE + timedelta(days=n), D("0.01") * (-1) ** n) for n in range(1, 60)]
    found = run(Debt(D("15.02"), DUE, moves), until=DUE + timedelta(days=60))
    assert min(s.amount for s in found.segments) >= 0
    assert sum(s.amount for s in found.segments) == found.interest


@pytest.mark.parametrize(
    ("today", "known", "asked"),
    [
        (date(2026, 12, 16), None, None),
        (date(2026, 12, 17), None, HalfYear(2027, 1)),
        (date(2027, 1, 1), None, HalfYear(2027, 1)),
        (date(2027, 1, 1), HalfYear(2027, 1), None),
    ],
)
def test_the_next_half_year_is_asked_for_fifteen_days_before(today, known, asked):
    table = dict(SEEDED) | ({known: HalfYearRates(D(2), D(3))} if known else {})
    assert policy.asked_for(today, table) == asked


# --- whatever the figures ----------------------------------------------------------------------------------------

_AMOUNT = st.decimals("0.01", "999999.99", places=2)
_DAYS = st.dates(date(2021, 6, 1), date(2026, 12, 30))


@st.composite
def debts(draw: st.DrawFn) -> Debt:
    amount, due = draw(_AMOUNT), draw(_DAYS)
    moves, left = [], amount
    for _ in range(draw(st.integers(0, 4))):
        part = draw(st.decimals(0, left, places=2))
        kind = draw(st.sampled_from(Kind))
        day = due + timedelta(days=draw(st.integers(-20, 400)))
        moves.append(Movement(day, part, kind))
        left -= part
    return Debt(amount, due, moves)


_TERMS = st.builds(
    InterestTerms,
    regime=st.sampled_from([Regime.BCE10, Regime.CONTRACT, Regime.PUBLIC8]),
    contract_rate=st.just(D("9.5")),
    basis=st.sampled_from(DayBasis),
    paid_first=st.sampled_from(PaidFirst),
    judgement=st.one_of(st.none(), _DAYS),
)


def by_hand(debt: Debt, until: date, terms: InterestTerms) -> Fraction:
    """The algorithm of domain.md 2.2 day by day, principal first."""
    late = [m for m in debt.movements if m.day <= until]
    balance = debt.amount - sum(
        (m.amount for m in late if m.kind == Kind.RETROACTIVE or m.day <= debt.due_date), D(0)
    )
    last = min(until, terms.judgement - timedelta(days=1)) if terms.judgement else until
    total, day, start = Fraction(0), debt.due_date + timedelta(days=1), debt.due_date + timedelta(days=1)
    while day <= last:
        if balance > 0:
            rate = policy.rate_on(start if terms.regime == Regime.PUBLIC8 else day, terms, SEEDED)
            year = 366 if terms.basis == DayBasis.ACTUAL and day.year % 4 == 0 else 365
            total += Fraction(balance) * Fraction(rate or 0) / 100 / year
        balance -= sum((m.amount for m in late if m.day == day and m.kind != Kind.RETROACTIVE), D(0))
        day += timedelta(days=1)
    return total


@given(debts(), _DAYS, _TERMS)
def test_it_is_what_counting_day_by_day_gives(debt, until, terms):
    if terms.paid_first == PaidFirst.INTEREST:
        terms = InterestTerms(terms.regime, terms.contract_rate, terms.basis, judgement=terms.judgement)
    found = late_interest([debt], as_of=until, terms=terms, rates=SEEDED)
    assert abs(Fraction(found.interest) - by_hand(debt, until, terms)) <= Fraction(1, 200)


@given(st.lists(debts(), min_size=1, max_size=3), _DAYS, _TERMS)
def test_segments_add_up_and_do_not_overlap(found, until, terms):
    result = late_interest(
        [debt._replace(instalment=n) for n, debt in enumerate(found)], as_of=until, terms=terms, rates=SEEDED
    )
    assert sum((s.amount for s in result.segments), D(0)) == result.interest
    for number in range(len(found)):
        own = [s for s in result.segments if s.instalment == number]
        assert all(a.last < b.first for a, b in pairwise(own))
        assert all(found[number].due_date < s.first <= s.last <= until for s in own)
    assert result.fee in {0, 40}


@given(debts(), _DAYS, st.integers(1, 300), _TERMS)
def test_interest_never_falls_with_time_where_nothing_was_unowed_later(debt, until, more, terms):
    kept = debt._replace(movements=[m for m in debt.movements if m.kind != Kind.RETROACTIVE])
    later = min(until + timedelta(days=more), date(2026, 12, 31))
    before, after = (
        late_interest([kept], as_of=day, terms=terms, rates=SEEDED) for day in (min(until, later), later)
    )
    assert before.interest <= after.interest
    assert before.days <= after.days
    assert before.fee <= after.fee


@given(debts(), _DAYS, _DAYS, _TERMS)
def test_a_cut_between_two_days_changes_nothing(debt, one, other, terms):
    cut, until = sorted((one, other))
    debt = debt._replace(movements=[m for m in debt.movements if m.kind != Kind.RETROACTIVE or m.day <= cut])
    whole = late_interest([debt], as_of=until, terms=terms, rates=SEEDED)
    first = late_interest([debt], as_of=cut, terms=terms, rates=SEEDED)
    rest = late_interest([debt], as_of=until, terms=terms, rates=SEEDED, after=cut)
    assert first.days + rest.days == whole.days
    assert abs(first.interest + rest.interest - whole.interest) <= D("0.01")


@given(_AMOUNT, st.decimals("0.1", "10", places=2))
def test_a_discount_is_what_is_kept(amount, percent):
    found = cash_discount([(D(20), amount), (D("5.5"), amount)], percent)
    assert found.excl + found.off == 2 * amount
    assert found.incl == found.excl + found.vat
    assert found.gain == found.off + found.vat_without - found.vat >= 0


@pytest.mark.parametrize(
    ("percent", "full", "early"), [("2", 30, 30), ("2", 10, 30), ("100", 30, 10), ("-1", 30, 10)]
)
def test_a_discount_needs_days_to_win(percent, full, early):
    with pytest.raises(ValueError, match="instead of"):
        discount_annual_rate(D(percent), full_days=full, early_days=early)
