"""Amounts written out in words, French and English, as an acknowledgement of debt states them beside the figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_FR: Final = (
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize",
    "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
)  # fmt: skip
_FR_TENS: Final = (
    "", "", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt", "quatre-vingt",
)  # fmt: skip
_EN: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_EN_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# One and several of a currency and of its hundredth; another currency keeps its code.
_UNITS: Final = {
    ("EUR", "fr"): ("euro", "euros", "centime", "centimes"),
    ("EUR", "en"): ("euro", "euros", "cent", "cents"),
    ("USD", "fr"): ("dollar", "dollars", "cent", "cents"),
    ("USD", "en"): ("dollar", "dollars", "cent", "cents"),
}


def amount_in_words(amount: Decimal, currency: str, language: str) -> str:
    """An amount in words, below a thousand billions: ``mille deux cents euros et cinq centimes``.

    :raises ValueError: below zero, beyond, or with fractions of a cent
    """
    cents = amount * 100
    if not 0 <= amount < 10**12 or cents != int(cents):
        raise ValueError(f"no words for {amount}")
    whole, rest = divmod(int(cents), 100)
    names = _UNITS.get((currency, language)) or (currency, currency, "/100", "/100")
    words = _french(whole) if language == "fr" else _english(whole)
    # Un million d'euros, mais un million cent euros.
    of = ""
    if language == "fr" and whole and whole % 10**6 == 0:
        of = "d’" if names[1][:1] in "aeiou" else "de "
    # In French one and a half is still one.
    several = whole >= 2 if language == "fr" else whole != 1
    text = f"{words} {of}{names[1] if several else names[0]}"
    if not rest:
        return text
    part = _french(rest) if language == "fr" else _english(rest)
    return f"{text} {'et' if language == 'fr' else 'and'} {part} {names[3] if rest > 1 else names[2]}"


def _french(number: int) -> str:
    if number < 100:
        return _french_below_hundred(number)
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        head = "cent" if hundreds == 1 else f"{_FR[hundreds]} cent"
        return f"{head} {_french_below_hundred(rest)}" if rest else head + ("s" if hundreds > 1 else "")
    if number < 10**6:
        thousands, rest = divmod(number, 1000)
        count = "" if thousands == 1 else f"{_french(thousands)} "
        if thousands % 100 in {0, 80}:
            # Mille never changes, and what counts it loses its own plural: quatre-vingt mille, deux cent mille.
            count = count.rstrip().removesuffix("s") + " "
        return f"{count}mille {_french(rest)}" if rest else f"{count}mille"
    size, name = (10**9, "milliard") if number >= 10**9 else (10**6, "million")
    count_of, rest = divmod(number, size)
    head = f"{_french(count_of)} {name}{'s' if count_of > 1 else ''}"
    return f"{head} {_french(rest)}" if rest else head


def _french_below_hundred(number: int) -> str:
    if number < 20:
        return _FR[number]
    ten, unit = divmod(number, 10)
    name = _FR_TENS[ten]
    if ten in {7, 9}:
        joint = " et " if number == 71 else "-"
        return f"{name}{joint}{_FR[10 + unit]}"
    if unit == 0:
        return "quatre-vingts" if ten == 8 else name
    return f"{name} et un" if unit == 1 and ten != 8 else f"{name}-{_FR[unit]}"


def _english(number: int) -> str:
    if number < 20:
        return _EN[number]
    if number < 100:
        ten, unit = divmod(number, 10)
        return _EN_TENS[ten] + (f"-{_EN[unit]}" if unit else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_EN[hundreds]} hundred" + (f" and {_english(rest)}" if rest else "")
    size, name = next(each for each in _EN_SIZES if number >= each[0])
    count, rest = divmod(number, size)
    joint = " and " if 0 < rest < 100 else " "
    return f"{_english(count)} {name}" + (f"{joint}{_english(rest)}" if rest else "")


_EN_SIZES: Final = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"))
