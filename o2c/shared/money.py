"""Amounts: rounding, sharing out, reading and converting. Money is a ``Decimal``, never a float."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from django.utils.translation import gettext as _

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")

_HUNDRED: Final = Decimal(100)
# Every blank and apostrophe that spreadsheets, banks and web pages put between thousands.
_GROUP_MARKS: Final = re.compile(r"[\s\u00a0\u2007\u2009\u202f'’]")
_EDGE_MARKS: Final = " \t\r\n\u00a0\u2007\u2009\u202f\u200b\ufeff€"
_PLAIN: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")


def quantize(value: Decimal, places: int) -> Decimal:
    """Return ``value`` rounded half-up (away from zero at the half) to ``places`` decimals."""
    with localcontext() as context:
        context.prec = 60  # the default 28 digits would refuse large figures with many places
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def round_cents(value: Decimal) -> Decimal:
    """Return ``value`` rounded half-up to two decimals; once, at the end of a calculation."""
    return quantize(value, 2)


def split_shares(total: Decimal, shares_pct: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Share ``total`` out by percentages: each share half-up to the cent, the last takes the remainder.

    The percentages must make 100; thirds written as 33.33 are near enough (0.01 for each share).

    :raises ValueError: no share, a share not above zero, percentages that do not make 100, a total with more
        than two decimals, or a total too small for so many shares
    """
    if not shares_pct:
        raise ValueError(_("At least one share is needed."))
    if any(share <= 0 for share in shares_pct):
        raise ValueError(_("Every share must be above 0 %."))
    whole = sum(shares_pct, Decimal(0))
    if abs(whole - _HUNDRED) > CENT * len(shares_pct):
        raise ValueError(_("The shares make %(sum)s %%, not 100 %%.") % {"sum": whole})
    if total != round_cents(total):
        raise ValueError(_("%(total)s has more than two decimals.") % {"total": total})
    amounts = [round_cents(total * share / _HUNDRED) for share in shares_pct[:-1]]
    remainder = total - sum(amounts, Decimal(0))
    if remainder * total < 0:
        raise ValueError(
            _("%(total)s is too small to be shared out in %(count)s.")
            % {"total": total, "count": len(shares_pct)}
        )
    return (*amounts, round_cents(remainder))


def parse_decimal(text: str, *, decimal_mark: str | None = None) -> Decimal:
    """Read a number as people and programs write it, French or English.

    ``1 234,56`` (any blank), ``1.234,56``, ``1,234.56``, ``1'234.56``, ``1234.56``, ``−12,5``, ``12,50-``,
    ``(12,50)`` and a ``€`` at either end are understood. A comma or point that stands alone is the decimal
    mark, unless ``decimal_mark`` ("," or ".") settles it. Scientific notation is refused.

    :raises ValueError: says what is wrong, in the reader's language
    """
    shown = text.strip()
    number, negative = _without_sign(text.strip(_EDGE_MARKS))
    if not number:
        raise ValueError(_("A number is missing."))
    mark = decimal_mark or _guess_mark(number)
    whole, _mark, decimals = number.partition(mark)
    groups = re.split(r"[.,]", _GROUP_MARKS.sub(".", whole))
    grouped_rightly = len(groups) == 1 or (
        1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    )
    plain = "".join(groups) + (f".{decimals}" if decimals else "")
    if not grouped_rightly or not _PLAIN.fullmatch(plain):
        raise ValueError(_("“%(text)s” is not a number.") % {"text": shown})
    return Decimal(f"-{plain}" if negative else plain)


def _without_sign(number: str) -> tuple[str, bool]:
    """Take the sign off: in front, behind, or as an accountant's brackets."""
    number = number.replace("−", "-")
    if number.startswith("(") and number.endswith(")"):
        return number[1:-1].strip(_EDGE_MARKS), True
    if number.startswith(("+", "-")):
        return number[1:].strip(_EDGE_MARKS), number[0] == "-"
    if number.endswith("-"):
        return number[:-1].strip(_EDGE_MARKS), True
    return number, False


def _guess_mark(number: str) -> str:
    """Tell the decimal mark: of two kinds the last; a kind written several times only groups thousands."""
    comma, point = number.rfind(","), number.rfind(".")
    last = "," if comma > point else "."
    if number.count(last) > 1:
        return "." if last == "," else ","
    return last


def convert(amount: Decimal, rate_from: Decimal, rate_to: Decimal) -> Decimal:
    """Convert between two currencies whose rates are units per euro (the euro's own rate is 1).

    Rounded half-up to the cent, once.

    :raises ValueError: a rate that is not above zero
    """
    if rate_from <= 0 or rate_to <= 0:
        raise ValueError(_("An exchange rate must be above 0."))
    return round_cents(amount * rate_to / rate_from)
