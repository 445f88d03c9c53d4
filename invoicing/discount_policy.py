"""Cash discount: what paying early saves, and what granting it costs (domain.md 1.4)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from o2c.shared.money import ZERO, quantize, round_cents

_HUNDRED = Decimal(100)
_YEAR = 365


class Discounted(NamedTuple):
    """A document with and without its discount; amounts in its currency, ``off`` excl. VAT."""

    off: Decimal
    excl: Decimal
    vat: Decimal
    vat_without: Decimal
    incl: Decimal
    incl_without: Decimal

    @property
    def gain(self) -> Decimal:
        """What the client keeps, incl. VAT."""
        return self.incl_without - self.incl


def cash_discount(bases: Iterable[tuple[Decimal, Decimal]], percent: Decimal) -> Discounted:
    """Return what is payable with a discount: it lowers the base of each VAT rate, VAT is computed on the rest.

    Settled by a credit note, unless the invoice says that VAT is deductible on the price actually paid alone.

    :param bases: VAT rate in percent and amount excl. VAT at that rate
    :param percent: of the amount excl. VAT, 0 to 100
    """
    off = excl = vat = vat_without = ZERO
    for rate, base in bases:
        less = round_cents(base * percent / _HUNDRED)
        off += less
        excl += base - less
        vat += round_cents((base - less) * rate / _HUNDRED)
        vat_without += round_cents(base * rate / _HUNDRED)
    return Discounted(off, excl, vat, vat_without, excl + vat, excl + off + vat_without)


def discount_annual_rate(percent: Decimal, *, full_days: int, early_days: int) -> Decimal:
    """Return what granting a discount costs a year, simple, in percent: compare it with the cost of financing.

    2 % for 10 days instead of 30 costs 37.24 % a year.

    :raises ValueError: early payment is not earlier, or the discount is not between 0 and 100 %
    """
    if full_days <= early_days or not 0 <= percent < _HUNDRED:
        raise ValueError(f"{percent} % for {early_days} days instead of {full_days}")
    return quantize(percent / (_HUNDRED - percent) * _YEAR / (full_days - early_days) * _HUNDRED, 2)
