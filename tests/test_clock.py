"""A run of tests keeps one day in Paris from its first test to its last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from .clock import BACK, PARIS, back


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("month", [1, 3, 7, 10])
def test_a_run_of_three_quarters_of_an_hour_keeps_its_day(month: int, hour: int):
    for minute in range(0, 60, 5):
        began = datetime(2026, month, 28, hour, minute, tzinfo=UTC)
        began -= back(began)
        ended = began + timedelta(minutes=45)
        assert began.astimezone(PARIS).date() == ended.astimezone(PARIS).date()


def test_by_day_the_clock_is_left_alone():
    assert back(datetime(2026, 6, 1, 9, tzinfo=UTC)) == timedelta(0)
    assert back(datetime(2026, 6, 1, 21, 30, tzinfo=UTC)) == BACK
