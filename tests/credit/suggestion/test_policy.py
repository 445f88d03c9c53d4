"""The four bounds of a suggested limit over plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.policy import mean_days
from credit.enums import CoverStatus
from credit.suggestion.enums import Bound, Unknown
from credit.suggestion.policy import (
    BoundFound,
    Cover,
    Equity,
    Facts,
    Purchases,
    Suggestion,
    months_begun,
    suggest,
)

ON = date(2026, 11, 27)
COVER = Cover(CoverStatus.ACTIVE, Decimal(36000), Decimal(90), date(2026, 1, 1))
# 120 000 in twelve months at 30 days, 6 days late: 1.2 × 10 000 × 36 / 30.
KNOWN = Facts(
    term_days=30,
    cap=Decimal(50000),
    cover=COVER,
    equity=Equity(Decimal(300000), date(2025, 12, 31)),
    purchases=Purchases(Decimal(120000), date(2024, 3, 1)),
    delay=Decimal(6),
)


def found(facts: Facts, bound: Bound) -> BoundFound:
    return next(each for each in suggest(facts, on=ON).bounds if each.bound is bound)


def test_the_least_of_four_is_suggested() -> None:
    suggestion = suggest(KNOWN, on=ON)
    assert [(each.bound, each.amount) for each in suggestion.bounds] == [
        (Bound.POLICY_CAP, Decimal(50000)),
        (Bound.INSURER, Decimal("40000.00")),
        (Bound.EQUITY, Decimal("30000.00")),
        (Bound.PURCHASES, Decimal("14400.00")),
    ]
    assert suggestion.amount == Decimal("14400.00")
    assert suggestion.binding is suggestion.bounds[3]


@pytest.mark.parametrize(
    ("changed", "bound"),
    [
        ({"cap": Decimal(14399)}, Bound.POLICY_CAP),
        ({"cap": Decimal("14400.00")}, Bound.POLICY_CAP),
        ({"cap": Decimal("14400.01")}, Bound.PURCHASES),
        ({"cover": replace(COVER, amount=Decimal(9000))}, Bound.INSURER),
        ({"equity": Equity(Decimal(143000), date(2025, 12, 31))}, Bound.EQUITY),
    ],
)
def test_which_one_binds(changed: dict[str, Any], bound: Bound) -> None:
    binding = suggest(replace(KNOWN, **changed), on=ON).binding
    assert binding is not None
    assert binding.bound is bound


@pytest.mark.parametrize(
    ("changed", "bound", "unknown"),
    [
        ({"cap": None}, Bound.POLICY_CAP, Unknown.NO_CAP),
        ({"cover": None}, Bound.INSURER, Unknown.NO_COVER),
        ({"cover": replace(COVER, status=CoverStatus.REQUESTED)}, Bound.INSURER, Unknown.COVER_ASKED),
        ({"cover": replace(COVER, status=CoverStatus.EXPIRED)}, Bound.INSURER, Unknown.COVER_ENDED),
        ({"cover": replace(COVER, until=ON - timedelta(days=1))}, Bound.INSURER, Unknown.COVER_ENDED),
        ({"cover": replace(COVER, amount=None)}, Bound.INSURER, Unknown.NO_RATE),
        ({"equity": None}, Bound.EQUITY, Unknown.NO_STATEMENT),
        ({"equity": Equity(Decimal(1), date(2025, 5, 26))}, Bound.EQUITY, Unknown.STATEMENT_OLD),
        ({"equity": Equity(None, date(2025, 12, 31))}, Bound.EQUITY, Unknown.NO_RATE),
        ({"purchases": None}, Bound.PURCHASES, Unknown.NO_PURCHASES),
        ({"purchases": Purchases(None, date(2024, 3, 1))}, Bound.PURCHASES, Unknown.NO_RATE),
        ({"purchases": Purchases(Decimal(9), date(2026, 8, 28))}, Bound.PURCHASES, Unknown.SHORT_HISTORY),
    ],
)
def test_what_is_not_known_drops_out_and_says_why(
    changed: dict[str, Any], bound: Bound, unknown: Unknown
) -> None:
    facts = replace(KNOWN, **changed)
    assert (found(facts, bound).amount, found(facts, bound).unknown) == (None, unknown)
    others = [each.amount for each in suggest(KNOWN, on=ON).bounds if each.bound is not bound and each.amount]
    assert suggest(facts, on=ON).amount == min(others)


def test_the_last_day_still_counts() -> None:
    assert found(replace(KNOWN, cover=replace(COVER, until=ON)), Bound.INSURER).amount == Decimal("40000.00")
    assert found(
        replace(KNOWN, equity=Equity(Decimal(10), date(2025, 5, 27))), Bound.EQUITY
    ).amount == Decimal("1.00")
    young = replace(KNOWN, purchases=Purchases(Decimal(3000), date(2026, 8, 27)))
    assert found(young, Bound.PURCHASES).amount == Decimal("1440.00")


@pytest.mark.parametrize("status", [CoverStatus.REFUSED, CoverStatus.CANCELLED])
def test_who_the_insurer_refuses_is_suggested_nothing(status: CoverStatus) -> None:
    assert suggest(replace(KNOWN, cover=replace(COVER, status=status)), on=ON).amount == 0


@pytest.mark.parametrize(
    ("changed", "amount"),
    [
        ({"delay": None}, "12000.00"),
        ({"delay": Decimal("-6.5")}, "9400.00"),
        ({"delay": Decimal(-40)}, "0.00"),
        ({"purchases": Purchases(Decimal(-50), date(2024, 3, 1))}, "0.00"),
        ({"term_days": 0, "delay": None}, "0.00"),
    ],
)
def test_purchases_by_delay(changed: dict[str, Any], amount: str) -> None:
    assert found(replace(KNOWN, **changed), Bound.PURCHASES).amount == Decimal(amount)


def test_losses_leave_no_equity_to_lend_on() -> None:
    assert found(
        replace(KNOWN, equity=Equity(Decimal(-5000), date(2025, 12, 31))), Bound.EQUITY
    ).amount == Decimal("0.00")


def test_nothing_known_suggests_nothing() -> None:
    suggestion = suggest(Facts(term_days=30), on=ON)
    assert (suggestion.amount, suggestion.binding) == (None, None)
    assert Suggestion(()).amount is None


@pytest.mark.parametrize(
    ("first", "months"),
    [(ON, 1), (date(2026, 10, 27), 1), (date(2026, 10, 26), 2), (date(2025, 12, 27), 11), (date(2025, 12, 26), 12),
     (date(2019, 1, 1), 12)],
)  # fmt: skip
def test_months_begun(first: date, months: int) -> None:
    assert months_begun(first, ON) == months


@pytest.mark.parametrize(
    ("term", "days"),
    [("PREPAID", 0), ("COD", 0), ("NET30", 30), ("RCV45", 45), ("30D_EOM", 45), ("45D_EOM", 60)],
)
def test_days_of_a_term_on_average(term: str, days: int) -> None:
    assert mean_days(term) == days
