"""The legal rates the product is delivered with, by half-year (domain.md 2.3); later ones are rows people add.

Rates in percent: main refinancing rate of the European Central Bank on the first day, legal interest rate of business
creditors ("autres cas" of the decree of the half-year).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from .interest_policy import HalfYear, HalfYearRates, RateTable

_KEY_RATES: Final = "BCE, taux des opérations principales de refinancement"


class SeededRate(NamedTuple):
    """One half-year with where its figures were read."""

    half_year: HalfYear
    ecb: str
    legal: str
    source: str
    is_assumed: bool = False


ROWS: Final = (
    SeededRate(HalfYear(2021, 1), "0.00", "0.79", f"{_KEY_RATES} ; arrêté du semestre (JO)"),
    SeededRate(HalfYear(2021, 2), "0.00", "0.76", f"{_KEY_RATES} ; arrêté du semestre (JO)"),
    SeededRate(HalfYear(2022, 1), "0.00", "0.76", f"{_KEY_RATES} ; arrêté du semestre (JO)"),
    SeededRate(HalfYear(2022, 2), "0.00", "0.77", f"{_KEY_RATES} ; arrêté du semestre (JO)"),
    SeededRate(HalfYear(2023, 1), "2.50", "2.06", f"{_KEY_RATES} au 21/12/2022 ; arrêté du semestre (JO)"),
    SeededRate(HalfYear(2023, 2), "4.00", "4.22", f"{_KEY_RATES} au 21/06/2023 ; arrêté du 27/06/2023 (JO)"),
    SeededRate(HalfYear(2024, 1), "4.50", "5.07", f"{_KEY_RATES} au 20/09/2023 ; arrêté du semestre (JO)"),
    SeededRate(HalfYear(2024, 2), "4.25", "4.92", f"{_KEY_RATES} au 12/06/2024 ; arrêté du 28/06/2024 (JO)"),
    SeededRate(HalfYear(2025, 1), "3.15", "3.71", f"{_KEY_RATES} au 18/12/2024 ; arrêté du semestre (JO)"),
    SeededRate(HalfYear(2025, 2), "2.15", "2.76", f"{_KEY_RATES} au 11/06/2025 ; arrêté du 19/06/2025 (JO)"),
    SeededRate(HalfYear(2026, 1), "2.15", "2.62", f"{_KEY_RATES} au 11/06/2025 ; arrêté du 15/12/2025 (JO)"),
    # Not read in an official text yet: shown as assumed until somebody has confirmed it.
    SeededRate(HalfYear(2026, 2), "2.40", "2.75", "À confirmer sur ecb.europa.eu et au JO", is_assumed=True),
)

SEEDED: Final[RateTable] = {
    row.half_year: HalfYearRates(Decimal(row.ecb), Decimal(row.legal), row.is_assumed) for row in ROWS
}
