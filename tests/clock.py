"""The clock of a run of tests: it never passes midnight in Paris, so that the day a module read stays the day."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import time_machine

PARIS = ZoneInfo("Europe/Paris")
BACK = timedelta(hours=3)
VARIABLE = "TEST_CLOCK_BACK"


def back(now: datetime) -> timedelta:
    """How far a run beginning now is set back: from 23:00 to 00:15 in Paris by three hours, else not at all."""
    paris = now.astimezone(PARIS)
    return BACK if paris.hour == 23 or (paris.hour == 0 and paris.minute < 15) else timedelta(0)


def steady() -> None:
    """Set this process's clock back as the first process of the run decided; processes started from it follow."""
    now = datetime.now(UTC)
    seconds = int(os.environ.setdefault(VARIABLE, str(int(back(now).total_seconds()))))
    if seconds:
        time_machine.travel(now - timedelta(seconds=seconds), tick=True).start()
