"""What a new day changes by itself: offers that ran out."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from .quotations import expire_quotations


def new_day(*, work: Any) -> dict[str, int]:
    """Work handler of the clock, shortly after midnight; doing it twice changes nothing more."""
    del work
    return {"quotations_run_out": expire_quotations(at=timezone.now())}
