"""Readings behind late-payment interest: the table of rates."""

from __future__ import annotations

from .interest_policy import RateTable
from .models import LegalRate


def rate_table() -> RateTable:
    """The legal rates in force, by half-year."""
    return {row.half_year: row.rates for row in LegalRate.objects.filter(replaced_by=None)}
