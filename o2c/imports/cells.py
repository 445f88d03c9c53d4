"""Cells as people write them: text, days, numbers; what several kinds of files read the same way."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel.numbers import list_currencies
from django.utils.translation import gettext as _

from .reader import Cell

LARGEST: Final = Decimal("999999999999.99")

_YEARS: Final = range(1900, 2200)
_ISO: Final = re.compile(r"(?P<YYYY>\d{4})-(?P<MM>\d{1,2})-(?P<DD>\d{1,2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_TWO_DIGIT_YEAR: Final = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{2}|\d{2}([/.-])\d{1,2}\2\d{1,2}")
# Figures before the point of a number that is worth rounding: beyond, arithmetic itself gives up.
_MOST_FIGURES: Final = 20


def is_plain(value: Decimal) -> bool:
    """Whether a number can be rounded and compared at all: neither endless nor beyond all measure."""
    return value.is_finite() and value.adjusted() < _MOST_FIGURES


def text_of(cell: Cell) -> str:
    """A cell as text: codes that a spreadsheet took for numbers get their figures back."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, date):
        return cell.isoformat()
    if not is_plain(cell):
        return str(cell)
    return str(int(cell)) if cell == cell.to_integral_value() else format(cell, "f")


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """The codes of all currencies there are."""
    return frozenset(list_currencies())


@lru_cache(maxsize=16)
def _pattern(date_format: str) -> re.Pattern[str]:
    pattern = re.escape(date_format)
    for token, figures in (("YYYY", r"\d{4}"), ("MM", r"\d{1,2}"), ("DD", r"\d{1,2}")):
        pattern = pattern.replace(token, f"(?P<{token}>{figures})")
    return re.compile(pattern)


def read_date(text: str, date_format: str) -> date:
    """Read a date written in a format of DD, MM and YYYY, or in ISO.

    :raises ValueError: another form, a day that does not exist, a year of two figures
    """
    match = _pattern(date_format).fullmatch(text) or _ISO.fullmatch(text)
    if match is None:
        if _TWO_DIGIT_YEAR.fullmatch(text):
            raise ValueError(_("“%(text)s” has a year of two figures") % {"text": text})
        raise ValueError(
            _("“%(text)s” is not a date written as %(format)s") % {"text": text, "format": date_format}
        )
    year, month, day = int(match["YYYY"]), int(match["MM"]), int(match["DD"])
    try:
        if year not in _YEARS:
            raise ValueError
        return date(year, month, day)
    except ValueError:
        raise ValueError(_("“%(text)s” is a date that does not exist") % {"text": text}) from None
