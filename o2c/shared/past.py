"""The day a page looks at: today, or a past one that the address names (``?as_of=``, design 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from .calendar import PARIS
from .fields import parse_date

PARAMETER = "as_of"


@dataclass(frozen=True, slots=True)
class Look:
    """What a page looks at; on a past day it shows what stood then and offers no act.

    :ivar problem: what is wrong with the day asked for, empty when it could be read; the page is today's then
    :ivar back: the same address without the day
    """

    day: date
    today: date
    problem: str = ""
    back: str = ""

    @property
    def is_past(self) -> bool:
        """Whether the page is of a day that is over."""
        return self.day < self.today

    @property
    def query(self) -> str:
        """``as_of=2026-11-20`` for the links of a past page, empty today."""
        return f"{PARAMETER}={self.day.isoformat()}" if self.is_past else ""

    @property
    def first(self) -> str:
        """The query of a link that has no other: with its question mark, empty today."""
        return f"?{self.query}" if self.is_past else ""

    @property
    def more(self) -> str:
        """The query behind another parameter: with its ampersand, empty today."""
        return f"&{self.query}" if self.is_past else ""

    @property
    def end(self) -> datetime:
        """The first moment that the day no longer holds, Europe/Paris."""
        return datetime.combine(self.day + timedelta(days=1), time(), PARIS)


def look(request: HttpRequest) -> Look:
    """The day the address asks for; today without one, and with one that cannot be read or lies ahead."""
    today = timezone.localdate()
    query = request.GET.copy()
    asked = query.pop(PARAMETER, [""])[-1].strip()
    back = f"{request.path}?{query.urlencode()}" if query else request.path
    if not asked:
        return Look(today, today, back=back)
    try:
        day = parse_date(asked, today=today, prefer="past")
    except ValueError as error:
        return Look(today, today, str(error), back)
    if day > today:
        return Look(today, today, _("This day lies ahead: choose one up to today."), back)
    return Look(day, today, back=back)
