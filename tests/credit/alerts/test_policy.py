"""When the figures of a client ask for a look."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from credit.alerts import policy
from credit.alerts.policy import ClientFacts, Use
from credit.policy import Thresholds

D = Decimal
TODAY = date(2026, 11, 26)


def facts(**given: Any) -> ClientFacts:
    fields: dict[str, Any] = {
        "currency": "EUR",
        "uses": [Use(D(0), D(1000))],
        "gross": D(1000),
        "overdue": D(0),
        "oldest_due": None,
        "debts": [],
        "thresholds": Thresholds(overdue_days=15, overdue_floor=D(100), grace_days=2),
    }
    return ClientFacts(**fields | given)


def kinds(client: ClientFacts) -> list[tuple[str, str]]:
    return [(alert.kind.value, alert.key) for alert in policy.alerts_of(client, TODAY)]


@pytest.mark.parametrize(
    ("net", "step"), [("799.99", None), ("800", "80"), ("999.99", "80"), ("1000", "100"), ("1500", "100")]
)
def test_the_steps_of_the_use(net: str, step: str | None):
    assert kinds(facts(uses=[Use(D(net), D(1000))])) == ([("UTILISATION", step)] if step else [])


def test_the_worst_level_is_told_and_no_limit_is_no_use():
    client = facts(uses=[Use(D(10), D(1000)), Use(D(900), D(1000)), Use(D(9999), None), Use(D(9999), D(0))])
    (alert,) = policy.alerts_of(client, TODAY)
    assert (alert.key, alert.figures["used_pct"]) == ("80", 90)


@pytest.mark.parametrize(("days", "found"), [(15, False), (16, True)])
def test_long_overdue_begins_after_fifteen_days(days: int, found: bool):
    client = facts(overdue=D(5), oldest_due=TODAY - timedelta(days=days))
    assert (("OVERDUE", "") in kinds(client)) is found


@pytest.mark.parametrize(("amount", "large"), [("100.00", False), ("100.01", True)])
def test_a_dispute_is_large_above_a_tenth_of_the_exposure(amount: str, large: bool):
    assert policy.is_large(D(amount), D(1000)) is large


def ahead(**given: Any) -> tuple[date, str, Decimal] | None:
    found = policy.block_ahead(facts(**given), TODAY)
    return (found.day, found.reason.value, found.amount) if found else None


def test_age_holds_from_the_day_after_the_days_allowed():
    due = TODAY - timedelta(days=10)
    assert ahead(debts=[(due, D(101))], gross=D(100000)) == (
        due + timedelta(days=16), "OVERDUE_DAYS", D(101),
    )  # fmt: skip
    assert ahead(debts=[(due, D(100))], gross=D(100000)) is None  # the floor itself is allowed


def test_an_amount_holds_after_the_days_of_grace():
    due = TODAY + timedelta(days=1)
    assert ahead(debts=[(due, D(101))]) == (due + timedelta(days=3), "OVERDUE_AMOUNT", D(101))


def test_small_debts_add_up():
    debts = [(TODAY + timedelta(days=day), D(40)) for day in range(4)]
    assert ahead(debts=debts) == (TODAY + timedelta(days=5), "OVERDUE_AMOUNT", D(120))


def test_a_limit_that_ends_holds_from_the_next_day():
    until = TODAY + timedelta(days=4)
    assert ahead(limit_until=until) == (until + timedelta(days=1), "REVIEW_EXPIRED", D(0))


def test_nothing_ahead_of_what_is_there_already_or_too_far():
    assert ahead(is_held=True, limit_until=TODAY) is None
    assert ahead(limit_until=TODAY - timedelta(days=1)) is None
    assert ahead(limit_until=TODAY + timedelta(days=10)) is None
    assert ahead(debts=[(TODAY - timedelta(days=30), D(500))]) is None


def test_the_answer_is_due_on_the_last_working_day_before():
    monday = date(2026, 11, 30)
    client = facts(limit_until=monday - timedelta(days=1))
    (alert,) = policy.alerts_of(client, TODAY)
    assert (alert.figures["day"], alert.until) == (monday, date(2026, 11, 27))
