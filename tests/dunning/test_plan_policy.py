"""When a payment plan is sound, respected, late or broken: the bounds of days and amounts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunning.enums import PlanStatus
from dunning.plan_policy import (
    MOST_INSTALMENTS,
    Part,
    PartJudged,
    calendar_faults,
    covered,
    expected_of,
    insurer_to_ask,
    judge,
    spread,
)
from dunning.policy import Receipt

D = Decimal
FRIDAY = date(2026, 10, 30)
PARTS = (Part(FRIDAY, D(400)), Part(date(2026, 11, 30), D(400)), Part(date(2026, 12, 31), D(200)))


def test_a_sound_calendar_has_no_fault():
    assert calendar_faults(PARTS, D(1000), currency="EUR", on=FRIDAY) == []


@pytest.mark.parametrize(
    ("parts", "amount", "on"),
    [
        ((), D(0), FRIDAY),
        (PARTS, D("1000.01"), FRIDAY),
        (PARTS, D(1000), FRIDAY + timedelta(days=1)),
        ((PARTS[1], PARTS[0]), D(800), FRIDAY),
        ((PARTS[0], PARTS[0]), D(800), FRIDAY),
        ((Part(FRIDAY, D(0)),), D(0), FRIDAY),
        ((Part(FRIDAY, D("0.005")),), D("0.005"), FRIDAY),
        ((Part(date(2028, 10, 31), D(1)),), D(1), FRIDAY),
        (spread(D(1000), MOST_INSTALMENTS + 1, first=FRIDAY, months=False), D(1000), FRIDAY),
    ],
)
def test_what_is_no_calendar(parts: tuple[Part, ...], amount: Decimal, on: date):
    assert len(calendar_faults(parts, amount, currency="EUR", on=on)) == 1


def test_the_last_day_of_two_years_is_still_within():
    assert calendar_faults((Part(date(2028, 10, 30), D(1)),), D(1), currency="EUR", on=FRIDAY) == []


def test_equal_instalments_carry_the_cents_in_the_last():
    assert spread(D("100.01"), 3, first=date(2026, 12, 31)) == (
        Part(date(2026, 12, 31), D("33.34")),
        Part(date(2027, 1, 31), D("33.34")),
        Part(date(2027, 2, 28), D("33.33")),
    )


@pytest.mark.parametrize(
    ("receipts", "on", "noticed", "status", "first", "late_since"),
    [
        ([], date(2026, 11, 4), None, "ACTIVE", (None, None), None),
        ([], date(2026, 11, 5), None, "ACTIVE", (None, date(2026, 11, 5)), date(2026, 11, 5)),
        ([(4, "392.00")], date(2026, 11, 5), None, "ACTIVE", (date(2026, 11, 4), None), None),
        ([(4, "391.99")], date(2026, 11, 5), None, "ACTIVE", (None, date(2026, 11, 5)), date(2026, 11, 5)),
        ([(5, "400")], date(2026, 11, 6), None, "ACTIVE", (date(2026, 11, 5), date(2026, 11, 5)), None),
        ([], date(2026, 11, 17), date(2026, 11, 9), "ACTIVE", (None, date(2026, 11, 5)), date(2026, 11, 5)),
        ([], date(2026, 11, 18), date(2026, 11, 9), "BROKEN", (None, date(2026, 11, 5)), date(2026, 11, 5)),
        ([(1, "996")], date(2026, 11, 2), None, "COMPLETED", (date(2026, 11, 1), None), None),
        ([(1, "995.99")], date(2026, 11, 2), None, "ACTIVE", (date(2026, 11, 1), None), None),
        ([(1, "400"), (2, "-400")], date(2026, 11, 5), None, "ACTIVE", (None, date(2026, 11, 5)), date(2026, 11, 5)),
    ],
)  # fmt: skip
def test_judged_by_the_money(
    receipts: list[tuple[int, str]],
    on: date,
    noticed: date | None,
    status: str,
    first: tuple,
    late_since: date | None,
):
    rows = [Receipt(date(2026, 11, day), D(amount)) for day, amount in receipts]
    judged = judge(PARTS, rows, noticed_on=noticed, on=on)
    assert (judged.status, judged.parts[0], judged.late_since) == (
        PlanStatus(status),
        PartJudged(*first),
        late_since,
    )


def test_who_pays_ahead_need_not_pay_again_and_what_comes_later_is_not_known_yet():
    rows = [Receipt(FRIDAY, D(800)), Receipt(date(2026, 12, 31), D(300))]
    judged = judge(PARTS, rows, on=date(2026, 12, 15))
    assert [part.paid_on for part in judged.parts] == [FRIDAY, FRIDAY, None]
    assert judged.received == D(800)
    assert judge(PARTS, rows, on=date(2026, 12, 31)).received == D(1000)


def test_documents_are_paid_in_their_order():
    assert covered([(1, D(300)), (2, D(500)), (3, D(9))], D(700)) == {1: D(300), 2: D(400)}
    assert expected_of([(1, D(300)), (2, D(500))], PARTS) == [
        (1, FRIDAY, D(300)),
        (2, FRIDAY, D(100)),
        (2, PARTS[1].day, D(400)),
    ]
    assert expected_of([(1, D(2000))], PARTS[:1]) == [(1, FRIDAY, D(400))]


@pytest.mark.parametrize(
    ("days", "insured", "ask"), [(60, True, False), (61, True, True), (61, False, False)]
)
def test_beyond_sixty_days_the_insurer_is_asked(days: int, insured: bool, ask: bool):
    assert insurer_to_ask(FRIDAY, FRIDAY + timedelta(days=days), is_insured=insured) is ask
