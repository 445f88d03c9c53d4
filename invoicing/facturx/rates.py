"""The refinancing rate that the penalties named on a document are built on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings


def refinancing_rate(day: date) -> Decimal | None:
    """Return the rate of the half-year of ``day`` in percent, None where it is not known (design 3.21)."""
    found = settings.REFINANCING_RATES.get(f"{day.year}-S{1 if day.month <= 6 else 2}")
    return None if found is None else Decimal(found)
