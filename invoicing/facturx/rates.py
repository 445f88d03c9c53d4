"""The refinancing rate that the penalties named on a document are built on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from invoicing.interest_policy import HalfYear
from invoicing.models import LegalRate


def refinancing_rate(day: date) -> Decimal | None:
    """Return the rate of the half-year of ``day`` in percent, None where it is not known (design 3.21)."""
    rows = LegalRate.objects.filter(replaced_by=None, starts_on=HalfYear.of(day).first)
    return rows.values_list("ecb_rate", flat=True).first()
