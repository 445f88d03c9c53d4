"""Legal routes and the last day on which a debt can be claimed, over plain values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunning.enums import LegalRoute
from dunning.handover_policy import ROUTES, alert_step, limitation_date, routes_open_to


@pytest.mark.parametrize(
    ("due", "interruptions", "is_carriage", "last"),
    [
        (date(2024, 2, 29), (), False, date(2029, 2, 28)),
        (date(2026, 1, 31), (), True, date(2027, 1, 31)),
        (date(2022, 1, 15), (date(2023, 6, 1), date(2022, 12, 1)), False, date(2028, 6, 1)),
        # What happened before the debt was due starts nothing.
        (date(2022, 1, 15), (date(2021, 6, 1),), False, date(2027, 1, 15)),
        (date(2026, 1, 31), (date(2026, 3, 1),), True, date(2027, 3, 1)),
    ],
)
def test_the_last_day(due: date, interruptions: tuple[date, ...], is_carriage: bool, last: date):
    assert limitation_date(due, interruptions, is_carriage=is_carriage) == last


@pytest.mark.parametrize(("is_carriage", "last"), [(False, date(2028, 1, 31)), (True, date(2027, 1, 31))])
def test_a_consumer_for_two_years_a_carrier_for_one(is_carriage: bool, last: date):
    assert limitation_date(date(2026, 1, 31), is_carriage=is_carriage, is_consumer=True) == last


@pytest.mark.parametrize(
    ("on", "is_carriage", "step"),
    [
        (date(2026, 6, 29), False, None),
        (date(2026, 6, 30), False, 12),
        (date(2026, 12, 29), False, 12),
        (date(2026, 12, 30), False, 6),
        (date(2027, 3, 29), False, 6),
        (date(2027, 3, 30), False, 3),
        (date(2027, 6, 30), False, 3),
        (date(2027, 7, 1), False, None),
        (date(2026, 12, 29), True, None),
        (date(2026, 12, 30), True, 6),
    ],
)
def test_somebody_is_told_at_twelve_six_and_three_months(on: date, is_carriage: bool, step: int | None):
    assert alert_step(date(2027, 6, 30), on, is_carriage=is_carriage) == step


def test_the_routes_that_fit():
    small, large = (routes_open_to(Decimal(amount), is_contested=False) for amount in ("5000.00", "5000.01"))
    assert small == list(LegalRoute)
    assert large == [route for route in LegalRoute if route != LegalRoute.SMALL_CLAIM]
    assert routes_open_to(Decimal(1), is_contested=True) == [LegalRoute.AMICABLE, LegalRoute.ASSIGNMENT]
    assert set(ROUTES) == set(LegalRoute)
