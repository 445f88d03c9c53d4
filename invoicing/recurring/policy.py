"""Which periods a schedule has and on which day each is billed. Plain values only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override, pgettext_lazy

from o2c.shared import formats
from o2c.shared.calendar import add_months

# Longest text of a line, so that the period still fits behind it.
LONGEST_DESCRIPTION: Final = 240
# A schedule may begin so long ago: what it missed is billed at once.
MONTHS_BACK: Final = 12


class Rhythm(models.TextChoices):
    """How often it comes back."""

    MONTH = "month", gettext_lazy("Every month")
    QUARTER = "quarter", gettext_lazy("Every quarter")
    YEAR = "year", gettext_lazy("Every year")


class Timing(models.TextChoices):
    """On which side of its period an invoice stands: on its first day or on its last."""

    ADVANCE = "advance", pgettext_lazy("recurring invoice", "In advance")
    ARREARS = "arrears", pgettext_lazy("recurring invoice", "In arrears")


MONTHS: Final[dict[str, int]] = {Rhythm.MONTH: 1, Rhythm.QUARTER: 3, Rhythm.YEAR: 12}


class Period(NamedTuple):
    """One period, both days included, and the day its invoice is due to be issued."""

    position: int
    first: date
    last: date
    bill_on: date


def period(first_day: date, rhythm: str, timing: str, position: int) -> Period:
    """Return the period at a position, from 0.

    Counted from the first day each time: a schedule from the 31st comes back to it after a shorter month.
    """
    step = MONTHS[rhythm]
    first = add_months(first_day, step * position)
    last = add_months(first_day, step * (position + 1)) - timedelta(days=1)
    return Period(position, first, last, first if timing == Timing.ADVANCE else last)


def periods(
    first_day: date, rhythm: str, timing: str, *, last_day: date | None, start: int = 0
) -> Iterator[Period]:
    """Yield the periods from a position on, until the last day; for ever without one."""
    for position in count(start):
        found = period(first_day, rhythm, timing, position)
        if last_day is not None and found.last > last_day:
            return
        yield found


def next_period(
    first_day: date, rhythm: str, timing: str, *, last_day: date | None, position: int
) -> Period | None:
    """Return the period at a position, None after the last one."""
    return next(periods(first_day, rhythm, timing, last_day=last_day, start=position), None)


def last_days_around(first_day: date, rhythm: str, last_day: date) -> tuple[date | None, date]:
    """Return the ends of whole periods at or before a day and after it.

    A schedule ends with a whole period: a part of one would be a price nobody agreed on.
    """
    before: date | None = None
    for found in periods(first_day, rhythm, Timing.ARREARS, last_day=None):
        if found.last > last_day:
            return before, found.last
        before = found.last
    raise AssertionError("unreachable")


def line_text(description: str, found: Period, language: str) -> str:
    """Return a line's text with its period, in the client's language."""
    with override(language):
        said = _("%(text)s (from %(first)s to %(last)s)")
    return said % {
        "text": description,
        "first": formats.date_short(found.first),
        "last": formats.date_short(found.last),
    }


def in_words(found: Period, due: date) -> str:
    """Return what happens to a period, in the reader's language."""
    return _("On %(day)s: the period from %(first)s to %(last)s, to be paid by %(due)s.") % {
        "day": formats.date_short(found.bill_on),
        "first": formats.date_short(found.first),
        "last": formats.date_short(found.last),
        "due": formats.date_short(due),
    }
