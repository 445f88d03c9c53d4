"""VAT once per rate on the sum of line nets, half-up (domain.md 3.1, BR-CO-17)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from .money import ZERO, round_cents


@dataclass(frozen=True)
class RateTotal:
    """Base and VAT of one rate."""

    rate: Decimal
    base: Decimal
    vat: Decimal


@dataclass(frozen=True)
class VatTotals:
    """Totals of a document, with the breakdown per rate in rising order."""

    excl: Decimal
    vat: Decimal
    incl: Decimal
    by_rate: tuple[RateTotal, ...]


def line_net(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Net of one line, rounded to the cent."""
    return round_cents(quantity * unit_price)


def vat_totals(lines: Iterable[tuple[Decimal, Decimal, Decimal]]) -> VatTotals:
    """Total lines of ``(quantity, unit price excl. VAT, VAT rate in percent)``."""
    bases: dict[Decimal, Decimal] = {}
    for quantity, unit_price, rate in lines:
        bases[rate] = bases.get(rate, ZERO) + line_net(quantity, unit_price)
    by_rate = tuple(
        RateTotal(rate, base, round_cents(base * rate / 100)) for rate, base in sorted(bases.items())
    )
    excl = sum((r.base for r in by_rate), ZERO)
    vat = sum((r.vat for r in by_rate), ZERO)
    return VatTotals(excl, vat, excl + vat, by_rate)
