"""When a limit must be looked at again, over plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from credit.alerts.review_policy import Card, ReviewFacts, compared_with, review_day, reviews_of

ON = date(2026, 11, 27)
DAY = timedelta(days=1)
# Ten months ago, looked at again in a year, nothing to say.
QUIET = ReviewFacts(decided_on=date(2026, 1, 27), review_on=date(2027, 1, 27), net=Decimal(10000))
CARD = Card(7, Decimal("52.0"), "C", Decimal("66.0"), "B")


def kinds(**changed: Any) -> list[str]:
    return [alert.kind.value for alert in reviews_of(replace(QUIET, **changed), ON)]


def test_nothing_asks_for_a_look_at_a_quiet_client() -> None:
    assert kinds() == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"review_on": ON + 30 * DAY}, ["REVIEW_DUE"]),
        ({"review_on": ON + 31 * DAY}, []),
        ({"review_on": ON - 100 * DAY}, ["REVIEW_DUE"]),
        ({"review_on": None}, []),
        ({"card": CARD}, ["SCORE_FALL"]),
        ({"broken": (2, ON - 3 * DAY)}, ["BROKEN_PROMISE"]),
        ({"broken": (2, QUIET.decided_on)}, []),
        ({"overdue": Decimal(5), "oldest_due": ON - 31 * DAY}, ["FIRST_OVERDUE"]),
        ({"overdue": Decimal(5), "oldest_due": ON - 30 * DAY}, []),
        ({"overdue": Decimal(0), "oldest_due": ON - 31 * DAY}, []),
        ({"overdue": Decimal(5), "oldest_due": QUIET.decided_on - 31 * DAY}, []),
        ({"overdue": Decimal(5), "oldest_due": QUIET.decided_on - 30 * DAY}, ["FIRST_OVERDUE"]),
        ({"insolvent_on": ON}, ["INSOLVENT"]),
        ({"net_before": Decimal("7692.31")}, []),
        ({"net_before": Decimal("7692.30")}, ["GROWTH"]),
        ({"net": Decimal(1500), "net_before": Decimal(501)}, []),
        ({"net": Decimal(1500), "net_before": Decimal(500)}, ["GROWTH"]),
        ({"net_before": Decimal(0)}, []),
        ({"net_before": Decimal(-1)}, []),
        ({"card": CARD, "insolvent_on": ON}, ["SCORE_FALL", "INSOLVENT"]),
    ],
)
def test_what_asks_for_a_look(changed: dict[str, Any], found: list[str]) -> None:
    assert kinds(**changed) == found


def test_a_review_is_due_on_its_day_and_a_late_one_within_a_working_week() -> None:
    def due(review_on: date) -> date:
        return reviews_of(replace(QUIET, review_on=review_on), ON)[0].until

    assert due(ON + 12 * DAY) == ON + 12 * DAY
    assert due(ON) == date(2026, 12, 4)
    assert due(ON - 90 * DAY) == date(2026, 12, 4)


@pytest.mark.parametrize(
    ("months", "until", "day"),
    [(3, date(2027, 11, 30), date(2027, 2, 28)), (12, date(2027, 6, 1), date(2027, 6, 1))],
)
def test_the_day_of_a_review(months: int, until: date, day: date) -> None:
    assert review_day(date(2026, 11, 30), months, until) == day


def test_growth_is_since_three_months_or_the_decision() -> None:
    assert compared_with(date(2026, 1, 1), ON) == date(2026, 8, 27)
    assert compared_with(date(2026, 10, 1), ON) == date(2026, 10, 1)
