from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.formulas import (
    NO_LIMIT,
    PART_CODES,
    ExposureParts,
    LimitFacts,
    LimitState,
    TemporaryAmount,
    available,
    effective_limit,
    insured_cover,
    limit_facts,
    over_limit_by,
    uncovered,
    utilisation,
)

D = Decimal
TODAY = date(2026, 11, 22)
AMOUNTS = st.decimals(min_value=0, max_value=10**7, places=2)
RAISE = TemporaryAmount(D("15000"), date(2026, 11, 1), date(2026, 11, 30))

# The worked example of the interface.
CONTRACT = ExposureParts(
    open_invoices=D("41200.00"),
    delivered_not_invoiced=D("3100.00"),
    open_orders=D("9800.00"),
    unallocated_payments=D("-1500.00"),
    unallocated_credit_notes=D("-600.00"),
)


def test_gross_and_net_of_the_worked_example():
    assert (CONTRACT.gross, CONTRACT.net) == (D("54100.00"), D("52000.00"))


def test_parts_are_shown_in_a_fixed_order():
    assert PART_CODES == (
        "open_invoices",
        "delivered_not_invoiced",
        "open_orders",
        "bills_not_matured",
        "discounted_not_matured",
        "claimed_penalties",
        "unallocated_payments",
        "unallocated_credit_notes",
        "deposits_held",
    )
    assert dict(CONTRACT.items())["open_orders"] == D("9800.00")


def test_rows_are_added_up_by_part():
    rows = [("open_orders", D("10")), ("open_invoices", D("5")), ("open_orders", D("2.50"))]
    assert ExposureParts.from_rows(rows) == ExposureParts(open_orders=D("12.50"), open_invoices=D("5"))


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="'orders' is not a part"):
        ExposureParts.from_rows([("orders", D("1"))])


def test_exposures_are_added_part_by_part():
    both = CONTRACT + CONTRACT
    assert both.open_orders == D("19600.00")
    assert (both.gross, both.net) == (D("108200.00"), D("104000.00"))


@given(
    st.dictionaries(st.sampled_from(PART_CODES[:6]), AMOUNTS),
    st.dictionaries(st.sampled_from(PART_CODES[6:]), AMOUNTS),
)
def test_net_is_gross_less_what_relieves(owed, relieving):
    parts = ExposureParts(**owed, **{code: -amount for code, amount in relieving.items()})
    assert parts.gross == sum(owed.values(), D(0))
    assert parts.net == parts.gross - sum(relieving.values(), D(0))


@pytest.mark.parametrize(
    ("base", "valid_until", "unlimited", "kind", "effective"),
    [
        (None, None, False, LimitState.NONE, D("15000")),
        (D(0), date(2026, 12, 31), False, LimitState.BASE, D("15000")),
        (D("50000"), date(2026, 11, 22), False, LimitState.BASE, D("65000")),
        (D("50000"), date(2026, 11, 21), False, LimitState.EXPIRED, D("15000")),
        (D("50000"), None, False, LimitState.BASE, D("65000")),
        (None, date(2026, 12, 31), True, LimitState.UNLIMITED, None),
        (None, date(2026, 11, 21), True, LimitState.EXPIRED, D("15000")),
    ],
)
def test_zero_none_expired_and_unlimited_are_four_things(base, valid_until, unlimited, kind, effective):
    limit = limit_facts(base, valid_until, [RAISE], TODAY, unlimited=unlimited)
    assert (limit.kind, limit.effective, limit.temporary) == (kind, effective, D("15000"))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-10-31", "50000"),
        ("2026-11-01", "65000"),
        ("2026-11-30", "65000"),
        ("2026-12-01", "50000"),
        ("2027-01-01", "0"),
    ],
)
def test_a_temporary_raise_counts_on_its_first_and_last_day(day, expected):
    assert effective_limit(D("50000"), date(2026, 12, 31), [RAISE], date.fromisoformat(day)) == D(expected)


def test_without_decision_there_is_no_credit():
    assert NO_LIMIT.effective == D(0)
    assert available(NO_LIMIT.effective, D("1000")) == D("-1000")


def test_an_unlimited_level_never_binds():
    limit = LimitFacts(LimitState.UNLIMITED)
    assert available(limit.effective, D("1000")) is None
    assert over_limit_by(None, D("1000")) == D(0)
    assert utilisation(limit.effective, D("1000")) is None


@pytest.mark.parametrize(
    ("insurable", "guarantees", "active", "cover", "left"),
    [
        ("60800", "10000", True, "36000.00", "14800.00"),
        ("30000", "0", True, "27000.00", "3000.00"),
        ("10.05", "0", True, "9.05", "1.00"),
        ("-500", "0", True, "0.00", "0.00"),
        ("5000", "8000", True, "0.00", "0.00"),
        ("90000", "0", False, "0.00", "90000.00"),
    ],
)
def test_cover_and_what_nobody_covers(insurable, guarantees, active, cover, left):
    net, held = D(insurable), D(guarantees)
    covered = insured_cover(
        net, insurer_limit=D("40000"), insured_pct=D("90"), active=active, guarantees=held
    )
    assert (covered, uncovered(net, covered, held)) == (D(cover), D(left))


@given(net=AMOUNTS, limit=AMOUNTS, pct=st.integers(0, 100), guarantees=AMOUNTS)
def test_cover_never_exceeds_the_exposure_nor_the_insurers_limit(net, limit, pct, guarantees):
    cover = insured_cover(net, insurer_limit=limit, insured_pct=D(pct), active=True, guarantees=guarantees)
    assert D(0) <= cover <= min(net, limit)
    assert D(0) <= uncovered(net, cover, guarantees) <= net


@pytest.mark.parametrize(
    ("before", "order", "over"),
    [("4200", "8000", "3800"), ("8000", "8000", "0"), ("-1000", "500", "1500"), ("-1000", "0", "1000")],
)
def test_the_limit_itself_is_within_the_limit(before, order, over):
    assert over_limit_by(D(before), D(order)) == D(over)


@pytest.mark.parametrize(
    ("effective", "net", "expected"),
    [
        ("55000", "52000", "0.9455"),
        ("80000", "4", "0.0001"),
        ("100", "-25", "-0.2500"),
        ("0", "10", None),
    ],
)
def test_utilisation_is_rounded_half_up_to_four_decimals(effective, net, expected):
    assert utilisation(D(effective), D(net)) == (None if expected is None else D(expected))
