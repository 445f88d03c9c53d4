"""How templates write figures, dates and names: the filters of ``{% load o2c %}``, plain functions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language

from o2c.shared import formats


def lang() -> str:
    """The language of the reader."""
    return get_language() or "fr"


def money(value: Decimal | int | None, currency: Any = "EUR") -> str:
    """``{{ invoice.total|money }}``, ``{{ invoice.total|money:invoice.currency }}`` → ``1 234,56 €``."""
    return formats.money(value, lang(), str(currency or "EUR"))


def money0(value: Decimal | int | None, currency: Any = "EUR") -> str:
    """``{{ limit|money0 }}`` → ``65 000 €``: round limits in a sentence."""
    return formats.money_round(value, lang(), str(currency or "EUR"))


def amount(value: Decimal | int | None) -> str:
    """``{{ value|amount }}`` → ``1 234,56``."""
    return formats.amount(value, lang())


def number(value: Decimal | int | None, decimals: int = 0) -> str:
    """``{{ count|number }}`` → ``4 218``."""
    return formats.NOTHING if value is None else formats.number(value, lang(), decimals=int(decimals))


def pct(ratio: Decimal | None, decimals: int = 1) -> str:
    """``{{ ratio|pct }}``, ``{{ ratio|pct:0 }}``: 0.192 → ``19,2 %``."""
    return formats.percent(ratio, lang(), decimals=int(decimals))


def days(count: int | None) -> str:
    """``{{ late|days }}`` → ``31 j``."""
    return formats.days(count, lang())


def days_words(count: int) -> str:
    """``{{ late|days_words }}`` → ``31 jours``."""
    return formats.days_in_words(count, lang())


def date_short(value: date | None) -> str:
    """``{{ due|date_short }}`` → ``23/11/2026``."""
    return formats.date_short(value)


def date_weekday(value: date | None) -> str:
    """``{{ due|date_weekday }}`` → ``lun. 21/12/2026``."""
    return formats.date_weekday(value, lang())


def date_long(value: date | None) -> str:
    """``{{ today|date_long }}`` → ``lundi 23 novembre 2026``."""
    return formats.date_long(value, lang())


def duration(seconds: int | None) -> str:
    """``{{ seconds|duration }}`` → ``1 h 12``."""
    return formats.NOTHING if seconds is None else formats.duration(seconds, lang())


def wait(length: timedelta | None) -> str:
    """``{{ step.wait|wait }}`` → ``0,4 s``."""
    return formats.NOTHING if length is None else formats.wait(length.total_seconds(), lang())


def ago(seconds: int | None) -> str:
    """``{{ seconds|ago }}`` → ``il y a 1 h 12``."""
    return formats.NOTHING if seconds is None else formats.ago(seconds, lang())


def time_left(seconds: int | None) -> str:
    """``{{ seconds|time_left }}`` → ``reste 1 h 12``."""
    return formats.NOTHING if seconds is None else formats.time_left(seconds, lang())


def time_tone(seconds: int | None) -> str:
    """``class="o-{{ seconds|time_tone }}"``: bad under 30 min, warn under 1 h 30, else empty."""
    return "" if seconds is None else formats.time_tone(seconds)


def siren(value: str | None) -> str:
    """``{{ entity.siren|siren }}`` → ``812 740 504``."""
    return formats.siren(value)


def iban_masked(value: str | None) -> str:
    """``{{ account.iban|iban_masked }}`` → ``FR76 •••• 0189``."""
    return formats.iban_masked(value)


def initials(name: str) -> str:
    """``{{ user.label|initials }}`` → two letters for an avatar."""
    words = [word for word in str(name).split() if word[0].isalpha()]
    return (
        "".join(word[0] for word in (words[0], words[-1]))[:2].upper()
        if len(words) > 1
        else str(name)[:2].upper()
    )


FILTERS = (
    money, money0, amount, number, pct, days, days_words, date_short, date_weekday, date_long,
    duration, wait, ago, time_left, time_tone, siren, iban_masked, initials,
)  # fmt: skip
