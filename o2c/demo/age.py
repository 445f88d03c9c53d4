"""How old the demonstration data are: their dates are relative to the day they were made."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from o2c.shared.calendar import paris_date

FRESH = timedelta(days=7)


def notice() -> str:
    """What pages say of demonstration data older than a week; empty while they are fresh."""
    made = _made_on()
    if made is None or timezone.localdate() - made <= FRESH:
        return ""
    return _(
        "These demonstration data are from %(day)s: what was due then is late by now."
        " ./portal demo --reset makes new ones."
    ) % {"day": f"{made:%d/%m/%Y}"}


@cache
def _made_on() -> date | None:
    """The day the first demo sign-in was made; asked for once, since a reset begins with new processes."""
    from .services import CODE

    first = User.objects.filter(home_company__code=CODE).aggregate(first=Min("date_joined"))["first"]
    return paris_date(first) if first else None
