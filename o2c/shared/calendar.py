"""The French calendar: public holidays, business days, office hours, months and the day in Paris.

Holidays: C. trav. L3133-1; Alsace and Moselle add Good Friday and 26 December. No function asks the clock.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

PARIS: Final = ZoneInfo("Europe/Paris")
ALSACE_MOSELLE: Final = "57"

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


@dataclass(frozen=True)
class OfficeHours:
    """The working hours of a business day, Paris time, without a break."""

    opens: time = time(9)
    closes: time = time(18)


OFFICE_HOURS: Final = OfficeHours()


@lru_cache(maxsize=256)
def public_holidays(year: int, subdiv: str | None = None) -> frozenset[date]:
    """Return the public holidays of a year; ``subdiv="57"`` adds those of Alsace and Moselle."""
    return frozenset(holidays.country_holidays("FR", subdiv=subdiv, years=year))


def is_business_day(day: date, *, subdiv: str | None = None) -> bool:
    """Tell whether ``day`` is a Monday to Friday that is no public holiday."""
    return day.weekday() < _SATURDAY and day not in public_holidays(day.year, subdiv)


def business_day_on_or_after(day: date, *, subdiv: str | None = None) -> date:
    """Return ``day`` itself if it is a business day, else the first one that follows."""
    while not is_business_day(day, subdiv=subdiv):
        day += _DAY
    return day


def business_day_on_or_before(day: date, *, subdiv: str | None = None) -> date:
    """Return ``day`` itself if it is a business day, else the last one before it."""
    while not is_business_day(day, subdiv=subdiv):
        day -= _DAY
    return day


def next_business_day(day: date, *, subdiv: str | None = None) -> date:
    """Return the first business day strictly after ``day``."""
    return business_day_on_or_after(day + _DAY, subdiv=subdiv)


def add_business_days(day: date, count: int, *, subdiv: str | None = None) -> date:
    """Return the ``count``-th business day after ``day`` (before it when negative); 0 gives ``day``."""
    step = _DAY if count > 0 else -_DAY
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day, subdiv=subdiv):
            day += step
    return day


def end_of_month(day: date) -> date:
    """Return the last day of the month of ``day``."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def add_months(day: date, count: int) -> date:
    """Return ``day`` moved by ``count`` months, clamped to the month's end: 31 January + 1 is 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    month += 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def paris_date(moment: datetime) -> date:
    """Return the civil date in Paris of an aware moment.

    :raises ValueError: the moment carries no time zone
    """
    return _in_paris(moment).date()


def add_working_hours(
    start: datetime, hours: float, *, office: OfficeHours = OFFICE_HOURS, subdiv: str | None = None
) -> datetime:
    """Return the moment, Paris time, when ``hours`` of working time have passed since ``start``.

    Nights, weekends and holidays do not count. Time used up exactly at closing ends that day, not the next.
    """
    left = timedelta(hours=hours)
    moment = _in_paris(start)
    while True:
        opening, closing = _span(moment.date(), office)
        if is_business_day(moment.date(), subdiv=subdiv) and moment <= closing:
            moment = max(moment, opening)
            # A moment of closing time itself has nothing left of this day, unless nothing is asked for.
            if moment + left <= closing:
                return moment + left
            left -= closing - moment
        moment = _span(moment.date() + _DAY, office)[0]


def business_hours_between(
    start: datetime, end: datetime, *, office: OfficeHours = OFFICE_HOURS, subdiv: str | None = None
) -> timedelta:
    """Return the working time between two aware moments; zero when ``end`` is not after ``start``."""
    start, end = _in_paris(start), _in_paris(end)
    worked = timedelta()
    day = start.date()
    while day <= end.date():
        if is_business_day(day, subdiv=subdiv):
            opening, closing = _span(day, office)
            worked += max(timedelta(), min(end, closing) - max(start, opening))
        day += _DAY
    return worked


def _span(day: date, office: OfficeHours) -> tuple[datetime, datetime]:
    return datetime.combine(day, office.opens, PARIS), datetime.combine(day, office.closes, PARIS)


def _in_paris(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} carries no time zone.")
    return moment.astimezone(PARIS)
