"""What a scenario may look like and the days it foresees: plain rules, no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from dunning.defaults import STEPS
from dunning.step_policy import Foreseen, Pace, StepGiven, StepRules, Why, foreseen, problems_of
from dunning.step_words import in_plain_words, when_in_words

D = Decimal
PACE = Pace(grace_days=2, min_amount=D(15), min_gap_days=5)
RULES = [StepRules(step.number, step.day, step.min_amount) for step in STEPS]
# A Monday; the due date of a document is counted from here.
MONDAY = date(2026, 9, 7)


def given(number: int, day: int, **fields: Any) -> StepGiven:
    values: dict[str, Any] = {
        "channel": "email", "owner": "adv", "contact": "BUYER", "subject_fr": "a", "body_fr": "b", "subject_en": "c",
        "body_en": "d",
    }  # fmt: skip
    return StepGiven(number=number, day=day, **values | fields)


def said(*steps: StepGiven, **options: Any) -> list[tuple[int | None, str]]:
    found = problems_of(steps, PACE, automatic_until=options.get("automatic_until"))
    return [(problem.place, problem.field) for problem in found]


def test_the_steps_of_the_default_scenario_are_one():
    steps = [StepGiven(**vars(step)) for step in STEPS]
    assert problems_of(steps, PACE, automatic_until=2) == []


@pytest.mark.parametrize(
    ("steps", "problems"),
    [
        ([], [(None, "name")]),
        ([given(n, 10 * n) for n in range(1, 12)], [(None, "name")]),
        ([given(1, 0)], [(0, "day")]),
        ([given(1, 2)], [(0, "day")]),
        ([given(1, 3)], []),
        ([given(0, -61)], [(0, "day")]),
        ([given(1, 401)], [(0, "day")]),
        ([given(1, 3), given(2, 7)], [(1, "day")]),
        ([given(1, 3), given(2, 8)], []),
        ([given(2, 3), given(2, 8)], [(1, "number")]),
        ([given(1, 3, body_en=" ")], [(0, "body_en")]),
        ([given(1, 3, body_en="", channel="call")], []),
        ([given(1, 3, body_fr="Bonjour $nobody")], [(0, "body_fr")]),
        ([given(1, 3, subject_fr="5 $")], [(0, "subject_fr")]),
        ([given(1, 30, is_formal=True)], [(0, "channel")]),
        (
            [
                given(1, 30, is_formal=True, channel="registered"),
                given(2, 40, is_formal=True, channel="letter"),
            ],
            [(1, "is_formal")],
        ),
    ],
)
def test_what_is_refused_is_named_with_its_place(
    steps: list[StepGiven], problems: list[tuple[int | None, str]]
):
    assert said(*steps) == problems


def test_firm_steps_do_not_leave_alone():
    assert said(given(1, 3), automatic_until=3) == [(None, "automatic_until")]


def days(due: date, amount: str = "5000", **options: Any) -> dict[int, tuple[int | None, Why]]:
    found = foreseen(RULES, PACE, due=due, amount=D(amount), since=due - timedelta(days=30), **options)
    return {row.number: (None if row.day is None else (row.day - due).days, row.why) for row in found}


def test_each_step_on_its_day_the_one_before_the_due_date_too():
    # Due on a Tuesday: every step falls on a working day but one.
    assert days(MONDAY + timedelta(days=1)) == {
        0: (-7, Why.ON_ITS_DAY),
        1: (3, Why.ON_ITS_DAY),
        2: (8, Why.ON_ITS_DAY),
        3: (15, Why.ON_ITS_DAY),
        4: (22, Why.ON_ITS_DAY),
        5: (30, Why.ON_ITS_DAY),
        6: (45, Why.ON_ITS_DAY),
    }


def test_a_saturday_is_put_off_and_what_follows_keeps_its_distance():
    found = days(MONDAY + timedelta(days=2))  # a Wednesday: three days later is a Saturday
    assert found[1] == (5, Why.NO_BUSINESS_DAY)
    assert found[2] == (12, Why.GAP)  # five days after the call is a Saturday again


def test_small_and_late_ones_pass_steps_over():
    assert days(MONDAY, "999.99")[0] == (None, Why.TOO_SMALL)
    assert days(MONDAY, "999.99", is_watched=True)[0] == (-7, Why.ON_ITS_DAY)
    assert {why for _day, why in days(MONDAY, "14.99").values()} == {Why.NOT_REMINDED}
    taken_over = foreseen(RULES, PACE, due=MONDAY, amount=D(5000), since=MONDAY + timedelta(days=60))
    assert [row.number for row in taken_over if row.day is not None] == [3, 4, 5, 6]
    assert taken_over[3].why == Why.CAUGHT_UP
    assert taken_over[0] == Foreseen(0, None, Why.TOO_LATE)
    assert taken_over[1] == Foreseen(1, None, Why.ENTERED_LATER)


def test_a_sunday_leaves_no_day_before_it():
    rules = [StepRules(0, -1)]
    assert foreseen(
        rules, PACE, due=MONDAY - timedelta(days=1), amount=D(99), since=MONDAY - timedelta(days=9)
    ) == [Foreseen(0, None, Why.TOO_LATE)]


def test_what_was_done_stays_and_the_next_keeps_its_distance():
    done = {0: MONDAY - timedelta(days=7), 1: MONDAY + timedelta(days=3)}
    found = foreseen(
        RULES, PACE, due=MONDAY, amount=D(5000), since=MONDAY + timedelta(days=8), done=done,
        contacted=[MONDAY + timedelta(days=7)],
    )  # fmt: skip
    assert [found[0].day, found[1].day] == list(done.values())
    assert found[2] == Foreseen(2, MONDAY + timedelta(days=14), Why.GAP)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (-7, {"en": "7 days before the due date", "fr": "7 jours avant l’échéance"}),
        (-1, {"en": "1 day before the due date", "fr": "1 jour avant l’échéance"}),
        (45, {"en": "45 days after the due date", "fr": "45 jours après l’échéance"}),
    ],
)
def test_the_day_in_words_has_the_sign_of_its_number(day: int, words: dict[str, str]):
    for language, expected in words.items():
        with translation.override(language):
            assert when_in_words(day) == expected


def test_a_step_in_plain_words():
    step = replace(given(1, 12, channel="call", contact="ACCOUNTS_PAYABLE"), min_amount=D(1000))
    with translation.override("en"):
        assert in_plain_words(step, currency="EUR", language="en") == (
            "12 days after the due date, on a working day: a call, by sales administration, to accounts payable"
            " (from €1,000.00, or a client on watch)"
        )
