"""Rules of the committee without a database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from disputes import committee_policy as rules
from disputes.committee_policy import AgendaReason as Why
from disputes.committee_policy import CaseFacts, Escalation
from disputes.enums import Department, DisputeStatus
from o2c.shared.problems import Invalid

TODAY = date(2026, 11, 24)


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


@pytest.mark.parametrize(
    ("there", "enough"),
    [
        ([Department.CREDIT, Department.SALES, Department.ADV], True),
        ([Department.INVOICING, Department.LEGAL, Department.QUALITY], True),
        ([Department.CREDIT, Department.SALES], False),
        ([Department.CREDIT, Department.INVOICING, Department.ADV], False),
        ([Department.SALES, Department.LEGAL, Department.ADV, Department.LOGISTICS], False),
        ([], False),
    ],
)
def test_three_with_finance_and_sales_are_a_quorum(there: list[Department], enough: bool):
    assert rules.has_quorum(there) == enough
    if not enough:
        with pytest.raises(rules.NoQuorum):
            rules.check_quorum(there)


def case(**facts: Any) -> CaseFacts:
    usual: dict[str, Any] = {
        "status": DisputeStatus.IN_PROGRESS, "opened_on": days(-5), "agreed_due_on": days(5), "amount": Decimal(100)
    }  # fmt: skip
    return CaseFacts(**usual | facts)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, ()),
        ({"agreed_due_on": None}, ()),
        ({"agreed_due_on": days(0)}, ()),
        ({"agreed_due_on": days(-1)}, (Why.BREACHED,)),
        ({"amount": Decimal("10000.00")}, ()),
        ({"amount": Decimal("10000.01")}, (Why.LARGE,)),
        ({"status": DisputeStatus.REOPENED}, (Why.REOPENED,)),
        ({"blocks_order": True}, (Why.BLOCKING,)),
        ({"opened_on": days(-30)}, ()),
        ({"opened_on": days(-31)}, (Why.OLD,)),
        ({"action_due_on": days(-1)}, (Why.ACTION_OVERDUE,)),
        ({"postponed": True}, (Why.POSTPONED,)),
        ({"agreed_due_on": days(-9), "opened_on": days(-40)}, (Why.BREACHED, Why.OLD)),
    ],
)
def test_the_agenda_builds_itself(facts: dict[str, Any], why: tuple[Why, ...]):
    assert rules.agenda_reasons(case(**facts), TODAY) == why


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (3, ()),
        (2, (Escalation.DUE_SOON,)),
        (0, (Escalation.DUE_SOON,)),
        (-1, (Escalation.BREACHED,)),
        (-9, (Escalation.BREACHED,)),
        (-10, (Escalation.BREACHED, Escalation.DIRECTORS)),
    ],
)
def test_who_is_told_follows_the_clock(left: int, told: tuple[Escalation, ...]):
    assert rules.escalations(days(left), TODAY) == told
    assert rules.escalations(None, TODAY) == ()


def test_the_scoreboard_counts_what_came_to_its_date():
    cases = [
        ("SALES", days(-5), days(-6)),
        ("SALES", days(-5), days(-4)),
        ("SALES", days(-1), None),
        ("SALES", days(1), None),
        ("QUALITY", days(0), days(0)),
        ("ADV", None, None),
    ]
    found = rules.scoreboard(cases, TODAY)
    assert [(row.department, row.kept, row.missed) for row in found] == [
        (Department.SALES, 1, 2),
        (Department.QUALITY, 1, 0),
    ]
    assert found[1].share == 1
    assert rules.Score(Department.ADV, 0, 0).share is None


def test_an_agreed_date_lies_ahead():
    rules.check_agreed(TODAY, TODAY)
    for wrong in (None, days(-1)):
        with pytest.raises(Invalid):
            rules.check_agreed(wrong, TODAY)


@pytest.mark.parametrize(
    ("first", "rhythm", "until", "expected"),
    [
        (date(2026, 12, 1), "once", None, ["2026-12-01"]),
        # Christmas and New Year are days off: the sitting moves to the next working day.
        (
            date(2026, 12, 11),
            "fortnight",
            date(2027, 1, 31),
            ["2026-12-11", "2026-12-28", "2027-01-08", "2027-01-22"],
        ),
        (date(2026, 12, 1), "week", date(2026, 12, 15), ["2026-12-01", "2026-12-08", "2026-12-15"]),
    ],
)
def test_a_calendar_of_sittings(first: date, rhythm: str, until: date | None, expected: list[str]):
    found = rules.sitting_days(first, rules.Rhythm(rhythm), until)
    assert [f"{day}" for day in found] == expected


@pytest.mark.parametrize("until", [None, TODAY - timedelta(days=1), TODAY + timedelta(days=367)])
def test_a_calendar_ends_within_a_year(until: date | None):
    with pytest.raises(Invalid):
        rules.sitting_days(TODAY, rules.Rhythm.WEEK, until)


@pytest.mark.parametrize(("late", "at_stake"), [(49, False), (50, True), (90, True)])
def test_cover_is_at_stake_ten_days_before_the_declaration(late: int, at_stake: bool):
    assert rules.is_cover_at_stake(days(-late), TODAY) is at_stake
    assert not rules.is_cover_at_stake(None, TODAY)
