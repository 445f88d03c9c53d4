"""Which months an owner is to be told of."""

from __future__ import annotations

from datetime import date

import pytest

from o2c.reports.monthly.policy import full_months, last_full_month, months_due


@pytest.mark.parametrize(
    ("since", "today", "due"),
    [
        (date(2026, 10, 31), date(2026, 10, 31), []),
        (date(2026, 10, 31), date(2026, 11, 1), [date(2026, 10, 1)]),
        (date(2026, 11, 1), date(2026, 11, 30), []),
        (date(2026, 8, 15), date(2026, 11, 2), [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]),
    ],
)
def test_the_months_that_ended_in_an_owners_time(since: date, today: date, due: list[date]):
    assert months_due(since=since, today=today) == due


def test_a_year_is_caught_up_at_most():
    due = months_due(since=date(2020, 1, 1), today=date(2026, 1, 1))
    assert (len(due), due[0], due[-1]) == (12, date(2025, 1, 1), date(2025, 12, 1))


def test_full_months_are_over():
    assert last_full_month(date(2026, 1, 31)) == date(2025, 12, 1)
    assert full_months(date(2026, 3, 1), most=2) == [date(2026, 2, 1), date(2026, 1, 1)]
