from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o2c.shared.calendar import (
    ALSACE_MOSELLE,
    PARIS,
    OfficeHours,
    add_business_days,
    add_months,
    add_working_hours,
    business_day_on_or_after,
    business_day_on_or_before,
    business_hours_between,
    end_of_month,
    is_business_day,
    next_business_day,
    paris_date,
    public_holidays,
)

DATA = Path(__file__).parent.parent / "data"
DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def test_public_holidays_are_those_of_the_published_table():
    with (DATA / "holidays_fr.csv").open(encoding="utf-8") as file:
        expected = {date.fromisoformat(row["date"]) for row in csv.DictReader(file)}
    assert len(expected) == 77
    assert {day for year in range(2024, 2031) for day in public_holidays(year)} == expected


def test_alsace_and_moselle_have_two_holidays_more():
    more = public_holidays(2026, ALSACE_MOSELLE) - public_holidays(2026)
    assert more == {date(2026, 4, 3), date(2026, 12, 26)}
    assert is_business_day(date(2026, 4, 3))
    assert not is_business_day(date(2026, 4, 3), subdiv=ALSACE_MOSELLE)


@pytest.mark.parametrize(
    ("day", "before", "after", "following"),
    [
        ("2026-05-01", "2026-04-30", "2026-05-04", "2026-05-04"),
        ("2026-05-07", "2026-05-07", "2026-05-07", "2026-05-11"),
        ("2026-05-14", "2026-05-13", "2026-05-15", "2026-05-15"),
        ("2026-12-25", "2026-12-24", "2026-12-28", "2026-12-28"),
    ],
)
def test_neighbouring_business_days(day, before, after, following):
    start = date.fromisoformat(day)
    assert business_day_on_or_before(start).isoformat() == before
    assert business_day_on_or_after(start).isoformat() == after
    assert next_business_day(start).isoformat() == following


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-10-30", 2, "2026-11-03"),
        ("2026-10-31", 1, "2026-11-02"),
        ("2026-11-01", 0, "2026-11-01"),
        ("2026-11-03", -2, "2026-10-30"),
        ("2026-12-23", 3, "2026-12-29"),
    ],
)
def test_business_days_are_counted_over_weekends_and_holidays(day, count, expected):
    assert add_business_days(date.fromisoformat(day), count).isoformat() == expected


@given(DAYS, st.integers(1, 30))
def test_business_days_come_back(day, count):
    start = business_day_on_or_after(day)
    there = add_business_days(start, count)
    assert is_business_day(there)
    assert add_business_days(there, -count) == start


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-05", -13, "2024-12-05"),
    ],
)
def test_months_are_clamped(day, count, expected):
    assert add_months(date.fromisoformat(day), count).isoformat() == expected


@given(DAYS)
def test_the_end_of_the_month_is_followed_by_another_month(day):
    last = end_of_month(day)
    assert (last.year, last.month) == (day.year, day.month)
    assert (last + timedelta(days=1)).day == 1


def test_the_day_is_that_of_paris():
    assert paris_date(datetime(2026, 11, 22, 22, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert paris_date(datetime(2026, 11, 22, 23, 0, tzinfo=UTC)) == date(2026, 11, 23)
    assert paris_date(datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == date(2026, 7, 1)


def test_a_moment_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        paris_date(datetime(2026, 11, 22, 12))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-23T10:00", 4, "2026-11-23T14:00"),
        ("2026-11-23T14:00", 4, "2026-11-23T18:00"),
        ("2026-11-23T16:30", 4, "2026-11-24T11:30"),
        ("2026-11-20T17:00", 4, "2026-11-23T12:00"),
        ("2026-11-23T07:00", 4, "2026-11-23T13:00"),
        ("2026-11-23T18:00", 1, "2026-11-24T10:00"),
        ("2026-11-21T11:00", 0, "2026-11-23T09:00"),
        ("2026-11-10T17:30", 10, "2026-11-13T09:30"),
    ],
)
def test_working_hours_leave_out_nights_weekends_and_holidays(start, hours, expected):
    assert add_working_hours(paris(start), hours) == paris(expected)


def test_working_hours_follow_the_hours_of_the_office():
    office = OfficeHours(time(8), time(12))
    assert add_working_hours(paris("2026-11-23T11:00"), 2, office=office) == paris("2026-11-24T09:00")
    hours = business_hours_between(paris("2026-11-23T00:00"), paris("2026-11-25T00:00"), office=office)
    assert hours == timedelta(hours=8)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23T10:00", "2026-11-23T14:30", 4.5),
        ("2026-11-20T17:00", "2026-11-23T10:00", 2),
        ("2026-11-23T20:00", "2026-11-24T08:00", 0),
        ("2026-11-24T10:00", "2026-11-23T10:00", 0),
        ("2026-11-10T09:00", "2026-11-12T18:00", 18),
    ],
)
def test_working_time_between_two_moments(start, end, hours):
    assert business_hours_between(paris(start), paris(end)) == timedelta(hours=hours)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 1)),  # noqa: DTZ001
    st.integers(1, 60),
)
def test_adding_hours_and_measuring_them_agree(moment, hours):
    start = moment.replace(tzinfo=UTC)
    assert business_hours_between(start, add_working_hours(start, hours)) == timedelta(hours=hours)
