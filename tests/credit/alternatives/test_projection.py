"""The simulator: the worked cases, and a recomputation day by day over random ones."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from credit.alternatives.projection import (
    Deposit,
    EarlyPayment,
    Instalment,
    Measure,
    OverdueSchedule,
    Receipt,
    ShorterTerm,
    Situation,
    TemporaryRaise,
    net_of_credits,
    project,
)
from credit.formulas import TemporaryAmount

TODAY = date(2026, 11, 23)
BASE = Situation(
    on=TODAY,
    net=Decimal(46000),
    order=Decimal(12000),
    paid_on=date(2027, 1, 29),
    base=Decimal(50000),
    receipts=(
        Receipt("F1", Decimal(8000), date(2026, 12, 21)),
        Receipt("F2", Decimal(14000), date(2027, 1, 8)),
        Receipt("F3", Decimal(24000), date(2027, 1, 22)),
    ),
)


def test_measures_combine() -> None:
    """The picture of the design: a deposit of 3 600 and a raise of 5 000, together what none does alone."""
    deposit = Deposit(Decimal(3600), date(2026, 11, 26))
    raised = TemporaryRaise(Decimal(5000), date(2026, 12, 31))
    assert project(BASE, [deposit]).within_limit_from == date(2026, 12, 21)
    assert project(BASE, [raised]).within_limit_from == date(2026, 12, 21)
    both = project(BASE, [deposit, raised])
    assert both.within_limit_from == date(2026, 11, 26)
    assert both.within_base_limit_from == date(2026, 12, 21)
    assert both.peak_exposure == 58000


def test_a_raise_that_ends_too_early_does_not_count() -> None:
    early = project(BASE, [TemporaryRaise(Decimal(8000), date(2026, 12, 1))])
    assert early.within_limit_from == date(2026, 12, 21)


def test_a_limit_that_ends_within_sight_is_seen() -> None:
    ends = Situation(**{**BASE.__dict__, "base_until": date(2026, 12, 31)})
    found = project(ends)
    assert found.within_limit_from == date(2027, 1, 29)
    assert found.least_over == 0


def test_nothing_within_sight_is_none() -> None:
    never = Situation(**{**BASE.__dict__, "receipts": (), "paid_on": None})
    found = project(never)
    assert (found.within_limit_from, found.days_to_within_limit) == (None, None)
    assert found.least_over == 8000


def test_paying_early_never_delays() -> None:
    moved = project(BASE, [EarlyPayment(("F1",), date(2027, 2, 1))])
    assert moved == project(BASE)


def test_what_a_calendar_leaves_open_stays_where_it_was() -> None:
    part = OverdueSchedule(("F1",), (Instalment(date(2026, 11, 27), Decimal(3000)),))
    points = {point.day: point.exposure for point in project(BASE, [part]).points}
    assert points[date(2026, 11, 27)] == 55000
    assert points[date(2026, 12, 21)] == 50000


def test_credits_are_deducted_from_the_money_expected_next() -> None:
    rows = net_of_credits(BASE.receipts, Decimal(9000))
    assert rows == (Receipt("F2", Decimal(13000), date(2027, 1, 8)), BASE.receipts[2])


# --- against a recomputation day by day ----------------------------------------------------------------------

amounts = st.integers(1, 3_000_000).map(lambda cents: Decimal(cents) / 100)
days = st.integers(0, 150).map(lambda number: TODAY + timedelta(days=number))
receipts = st.lists(st.tuples(amounts, st.none() | days), max_size=6).map(
    lambda rows: tuple(Receipt(f"F{number}", amount, day) for number, (amount, day) in enumerate(rows))
)
situations = st.builds(
    Situation,
    on=st.just(TODAY),
    net=st.integers(-500_000, 9_000_000).map(lambda cents: Decimal(cents) / 100),
    order=amounts,
    paid_on=st.none() | days,
    base=amounts,
    base_until=st.none() | days,
    raises=st.lists(st.builds(TemporaryAmount, amounts, st.just(TODAY), days), max_size=2).map(tuple),
    receipts=receipts,
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Situation, list[Measure]]:
    situation = draw(situations)
    refs = [row.ref for row in situation.receipts]
    chosen = draw(st.lists(st.sampled_from(refs), unique=True)) if refs else []
    half = len(chosen) // 2
    late = sum((row.amount for row in situation.receipts if row.ref in chosen[half:]), Decimal(0))
    measures: list[Measure] = []
    if draw(st.booleans()):
        share = Decimal(draw(st.integers(1, 100)))
        measures.append(Deposit((situation.order * share / 100).quantize(Decimal("0.01")), draw(days)))
    if half and draw(st.booleans()):
        measures.append(EarlyPayment(tuple(chosen[:half]), draw(days)))
    if late and draw(st.booleans()):
        parts = draw(st.integers(1, 4))
        part = (late / parts).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
        instalments = tuple(Instalment(draw(days), part) for _n in range(parts)) if part else ()
        if instalments:
            measures.append(OverdueSchedule(tuple(chosen[half:]), instalments))
    if draw(st.booleans()):
        measures.append(ShorterTerm(draw(days)))
    if draw(st.booleans()):
        measures.append(TemporaryRaise(draw(amounts), draw(days)))
    return situation, measures


def expected_on(day: date, situation: Situation, measures: list[Measure]) -> tuple[Decimal, Decimal]:
    """Exposure and limit of one day, counted afresh from everything that has happened by then."""
    deposit = next((m for m in measures if isinstance(m, Deposit)), None)
    early = next((m for m in measures if isinstance(m, EarlyPayment)), None)
    calendar = next((m for m in measures if isinstance(m, OverdueSchedule)), None)
    term = next((m for m in measures if isinstance(m, ShorterTerm)), None)
    raised = next((m for m in measures if isinstance(m, TemporaryRaise)), None)
    paid = Decimal(0)
    if calendar:
        paid += sum((part.amount for part in calendar.instalments if part.day <= day), Decimal(0))
        left = sum((part.amount for part in calendar.instalments), Decimal(0))
        for row in sorted(
            (row for row in situation.receipts if row.ref in calendar.refs),
            key=lambda row: row.day or date.max,
        ):
            taken = min(left, row.amount)
            left -= taken
            if row.day and row.day <= day:
                paid += row.amount - taken
    for row in situation.receipts:
        if calendar and row.ref in calendar.refs:
            continue
        on = row.day
        if early and row.ref in early.refs:
            on = min(early.day, on) if on else early.day
        if on and on <= day:
            paid += row.amount
    advance = deposit.amount if deposit else Decimal(0)
    if deposit and deposit.day <= day:
        paid += advance
    order_paid = term.day if term else situation.paid_on
    if order_paid and order_paid <= day:
        paid += situation.order - advance
    limit = situation.base if not situation.base_until or day <= situation.base_until else Decimal(0)
    limit += sum(
        (each.amount for each in situation.raises if each.valid_from <= day <= each.valid_until), Decimal(0)
    )
    if raised and day <= raised.until:
        limit += raised.amount
    return situation.net + situation.order - paid, limit


@settings(max_examples=1000, deadline=None)
@given(cases())
def test_the_curve_is_a_recomputation_day_by_day(case: tuple[Situation, list[Measure]]) -> None:
    situation, measures = case
    found = project(situation, measures)
    by_day = [
        expected_on(situation.on + timedelta(days=number), situation, measures) for number in range(121)
    ]
    assert [(point.exposure, point.limit) for point in found.points] == by_day
    fits = [exposure <= limit for exposure, limit in by_day]
    first = next((number for number in range(121) if all(fits[number:])), None)
    assert found.days_to_within_limit == first
