"""One line of the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise

EVENING: Final = time(18)
ORDERS, LIMITS, ALERTS = "orders", "limits", "alerts"

Text = str | Promise


@dataclass(frozen=True)
class Retry:
    """A button at the end of a line: where it posts, and for which document."""

    url: str
    key: int
    document: str


@dataclass(frozen=True)
class Waiting:
    """One line of the inbox; ``due`` is what the lines are sorted by."""

    kind: str
    tone: str
    icon: str
    word: Text
    title: Text
    sub: Text
    url: str
    due: datetime
    amount: Decimal | None = None
    currency: str = "EUR"
    seconds: int | None = None
    note: Text = ""
    retry: Retry | None = None
