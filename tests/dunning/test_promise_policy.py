"""When a promise is kept: the bounds of its last day, of its amount, and money counted once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunning.enums import PromiseStatus
from dunning.policy import Pool, Receipt, judge, kept_rates, last_day

D = Decimal
FRIDAY = date(2026, 10, 30)


def test_two_business_days_after_a_friday_is_a_tuesday():
    assert last_day(FRIDAY) == date(2026, 11, 3)


@pytest.mark.parametrize(
    ("day", "amount", "on", "status"),
    [
        (date(2026, 11, 3), "98.00", date(2026, 11, 10), "KEPT"),
        (date(2026, 11, 3), "97.99", date(2026, 11, 10), "PARTIAL"),
        (date(2026, 11, 4), "100.00", date(2026, 11, 10), "BROKEN"),
        (date(2026, 10, 20), "100.00", date(2026, 10, 20), "KEPT"),
        (date(2026, 10, 20), "97.99", date(2026, 11, 3), "OPEN"),
        (date(2026, 10, 20), "97.99", date(2026, 11, 4), "PARTIAL"),
        (date(2026, 11, 2), "100.00", date(2026, 11, 1), "OPEN"),
    ],
)
def test_judge(day: date, amount: str, on: date, status: str):
    assert judge(D(100), FRIDAY, [Receipt(day, D(amount))], on=on) == PromiseStatus(status)


def test_nothing_that_came_breaks_it_only_after_its_last_day():
    assert judge(D(100), FRIDAY, [], on=date(2026, 11, 3)) == PromiseStatus.OPEN
    assert judge(D(100), FRIDAY, [], on=date(2026, 11, 4)) == PromiseStatus.BROKEN


def test_rates_leave_out_what_is_open_or_cancelled():
    rows = [
        (PromiseStatus.KEPT, D(100)),
        (PromiseStatus.PARTIAL, D(200)),
        (PromiseStatus.OPEN, D(500)),
        (PromiseStatus.CANCELLED, D(500)),
    ]
    assert kept_rates(rows) == (D("50.0"), D("33.3"))
    assert kept_rates(rows[2:]) == (None, None)


def test_money_on_account_counts_once():
    pool = Pool([Receipt(date(2026, 11, 2), D(150))])
    first, last = date(2026, 11, 1), date(2026, 11, 5)
    assert pool.take(D(100), since=first, until=last) == [Receipt(date(2026, 11, 2), D(100))]
    assert pool.take(D(100), since=first, until=last) == [Receipt(date(2026, 11, 2), D(50))]
    assert pool.take(D(100), since=first, until=last) == []
