"""The credit check and the delegation matrix as rules: no database, every border named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from credit.enums import Finding, Level, Severity, Verdict
from credit.policy import (
    CreditFacts,
    Mandate,
    OrderFacts,
    Stake,
    Thresholds,
    assess,
    limit_level,
    over_limit_by,
    release_level,
    verdict_of,
)

CLASS_C = Thresholds(overdue_days=15)
CLEAN = CreditFacts(
    available=Decimal(500),
    has_decision=True,
    expired_levels=(),
    effective_limit=Decimal(1000),
    gross_exposure=Decimal(500),
    late_beyond_class=Decimal(0),
    late_beyond_grace=Decimal(0),
    oldest_days=0,
    disputed=Decimal(0),
)
ORDER = OrderFacts(amount=Decimal(100))
MATRIX = (
    Mandate(1, "adv_officer", Decimal(500), Decimal(2), False, Decimal(0)),
    Mandate(2, "credit_analyst", Decimal(10000), None, True, Decimal(25000)),
    Mandate(3, "credit_manager", Decimal(50000), None, True, Decimal(150000)),
    Mandate(4, "finance_director", Decimal(250000), None, True, Decimal(500000)),
    Mandate(5, "executive", None),
)


def codes(
    credit: CreditFacts = CLEAN, order: OrderFacts = ORDER, allowed: Thresholds = CLASS_C
) -> dict[str, str]:
    return {f.code.value: f.severity.value for f in assess(credit, order, allowed)}


@pytest.mark.parametrize(("amount", "expected"), [("500.00", {}), ("500.01", {"OVER_LIMIT": "hold"})])
def test_the_limit_itself_is_within_the_limit(amount: str, expected: dict[str, str]) -> None:
    assert codes(order=replace(ORDER, amount=Decimal(amount))) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("530.00", {"OVER_LIMIT": "warn"}), ("530.01", {"OVER_LIMIT": "hold"})],
)
def test_a_tolerance_is_the_lower_of_share_and_amount(amount: str, expected: dict[str, str]) -> None:
    allowed = replace(CLASS_C, tolerance_pct=Decimal(5), tolerance_amount=Decimal(30))
    assert codes(order=replace(ORDER, amount=Decimal(amount)), allowed=allowed) == expected


def test_a_tolerance_is_used_once() -> None:
    allowed = replace(CLASS_C, tolerance_pct=Decimal(5), tolerance_amount=Decimal(30))
    used = replace(CLEAN, available=Decimal(-30))
    assert codes(used, replace(ORDER, amount=Decimal("0.01")), allowed) == {"OVER_LIMIT": "hold"}


def test_no_decision_raises_only_no_limit() -> None:
    assert codes(replace(CLEAN, has_decision=False, available=Decimal(-500))) == {"NO_LIMIT": "hold"}


def test_an_expired_limit_is_named_and_may_still_suffice() -> None:
    expired = replace(CLEAN, expired_levels=(Level.ACCOUNT,))
    assert codes(expired) == {"REVIEW_EXPIRED": "hold"}


def test_unlimited_has_no_excess() -> None:
    assert codes(replace(CLEAN, available=None), replace(ORDER, amount=Decimal(10**9))) == {}
    assert over_limit_by(None, Decimal(5)) == 0


@pytest.mark.parametrize(("late", "expected"), [("100.00", {}), ("100.01", {"OVERDUE_DAYS": "hold"})])
def test_late_items_count_above_the_floor(late: str, expected: dict[str, str]) -> None:
    assert codes(replace(CLEAN, late_beyond_class=Decimal(late))) == expected


@pytest.mark.parametrize(
    ("gross", "late", "expected"),
    [
        ("54100", "5000.00", {}),
        ("54100", "5000.01", {"OVERDUE_AMOUNT": "hold"}),
        ("20000", "2000.00", {}),
        ("20000", "2000.01", {"OVERDUE_AMOUNT": "hold"}),
        ("500", "100.00", {}),
        ("500", "100.01", {"OVERDUE_AMOUNT": "hold"}),
    ],
)
def test_overdue_amount_against_share_cap_and_floor(gross: str, late: str, expected: dict[str, str]) -> None:
    assert codes(replace(CLEAN, gross_exposure=Decimal(gross), late_beyond_grace=Decimal(late))) == expected


@pytest.mark.parametrize(
    ("disputed", "expected"), [("100.00", {}), ("100.01", {"DISPUTE_OPEN": "hold"}), ("0", {})]
)
def test_disputes_above_a_fifth_of_exposure(disputed: str, expected: dict[str, str]) -> None:
    assert codes(replace(CLEAN, disputed=Decimal(disputed))) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (replace(ORDER, term_is_later=True), {"TERMS_CHANGED": "warn"}),
        (replace(ORDER, term_is_later=True, term_beyond_cap=True), {"TERMS_CHANGED": "hold"}),
        (replace(ORDER, mean_order=Decimal(50), orders_in_year=3), {}),
        (replace(ORDER, mean_order=Decimal("49.99"), orders_in_year=3), {"UNUSUAL_ORDER": "warn"}),
        (replace(ORDER, mean_order=Decimal(1), orders_in_year=2), {}),
        (replace(ORDER, account_age_days=179, has_paid_invoice=False), {"NEW_ACCOUNT": "warn"}),
        (replace(ORDER, account_age_days=180, has_paid_invoice=False), {}),
        (replace(ORDER, account_age_days=10, has_paid_invoice=True), {}),
        (replace(ORDER, account_age_days=10, has_paid_invoice=None), {}),
    ],
)
def test_what_only_warns_confirms(order: OrderFacts, expected: dict[str, str]) -> None:
    assert codes(order=order) == expected


def test_prepaid_skips_the_limit_and_waits_for_the_money() -> None:
    broke = replace(CLEAN, has_decision=False, available=Decimal(-500))
    assert codes(broke, replace(ORDER, prepaid=True)) == {"DEPOSIT_MISSING": "hold"}
    assert codes(broke, replace(ORDER, prepaid=True, deposit_received=Decimal(100))) == {}


def test_all_reasons_are_found_not_only_the_first() -> None:
    bad = replace(
        CLEAN,
        available=Decimal(0),
        late_beyond_class=Decimal(400),
        late_beyond_grace=Decimal(400),
        disputed=Decimal(200),
        blocked_since=date(2026, 1, 1),
        missing_rates=("USD",),
    )
    found = assess(bad, ORDER, CLASS_C)
    assert [f.code for f in found] == [
        Finding.OVER_LIMIT,
        Finding.OVERDUE_DAYS,
        Finding.OVERDUE_AMOUNT,
        Finding.DISPUTE_OPEN,
        Finding.ACCOUNT_BLOCKED,
        Finding.RATE_MISSING,
    ]
    assert all(f.article for f in found)
    assert verdict_of(found) is Verdict.HOLD
    assert {f.severity for f in found} == {Severity.HOLD}


def stake(
    over: str = "0", order: str = "1000", limit: str | None = "10000", *found: Finding, risk: str = "C"
) -> Stake:
    return Stake(Decimal(over), Decimal(order), Decimal(limit) if limit else None, frozenset(found), risk)


@pytest.mark.parametrize(
    ("case", "level"),
    [
        (stake("200", "9000"), 1),
        (stake("200.01", "9000"), 2),
        (stake("500", "9000", "30000"), 1),
        (stake("500.01", "9000", "30000"), 2),
        (stake("200", "9000", "10000", Finding.OVER_LIMIT, Finding.OVERDUE_DAYS), 2),
        (stake("10000", "30000"), 2),
        (stake("10000.01", "30000"), 3),
        (stake("0", "10000.01"), 3),
        (stake("50000.01", "60000"), 4),
        (stake("250000.01", "300000"), 5),
        (stake("1", "10", "10000", Finding.ACCOUNT_BLOCKED), 3),
        (stake("200", "9000", risk="E"), 2),
        (stake("300000", "300000", risk="E"), 5),
    ],
)
def test_the_lowest_level_that_may_release(case: Stake, level: int) -> None:
    assert release_level(case, MATRIX).level == level


@pytest.mark.parametrize(
    ("amount", "risk", "role"),
    [
        ("0", "C", "credit_analyst"),
        ("25000", "C", "credit_analyst"),
        ("25000.01", "C", "credit_manager"),
        ("25000", "E", "credit_manager"),
        ("500000.01", "A", "executive"),
        (None, "A", "executive"),
    ],
)
def test_the_lowest_level_that_may_grant_a_limit(amount: str | None, risk: str, role: str) -> None:
    assert limit_level(None if amount is None else Decimal(amount), risk, MATRIX).role == role
