"""How figures, dates and times are written for people: pure functions of a value and a language.

In French U+202F stands between thousands, U+00A0 before a unit and U+2212 for minus. English writes
``€1,234.56``. Templates reach these functions through the tag library ``o2c``.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from babel.dates import format_date
from babel.numbers import get_currency_symbol
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .money import quantize

NARROW: Final = "\u202f"  # between thousands
NBSP: Final = "\u00a0"  # before a unit
MINUS: Final = "\u2212"
NOTHING: Final = "—"

# Time left for an answer turns red, then amber, below these (seconds).
_URGENT: Final = 30 * 60
_SOON: Final = 90 * 60


def _language(language: str) -> str:
    return "fr" if language.lower().startswith("fr") else "en"


def number(value: Decimal | int, language: str, *, decimals: int = 0) -> str:
    """Write a number with ``decimals`` places, half-up, thousands grouped: ``−1 234,5`` or ``−1,234.5``."""
    rounded = quantize(Decimal(value), decimals)
    written = f"{abs(rounded):,.{decimals}f}"
    if _language(language) == "fr":
        written = written.replace(",", NARROW).replace(".", ",")
    return f"{MINUS}{written}" if rounded < 0 else written


def amount(value: Decimal | int | None, language: str) -> str:
    """Write an amount to the cent without its currency; a dash when there is none."""
    return NOTHING if value is None else number(value, language, decimals=2)


def money(value: Decimal | int | None, language: str, currency: str = "EUR") -> str:
    """Write an amount to the cent with its currency: ``1 234,56 €`` or ``€1,234.56``."""
    return (
        NOTHING if value is None else _with_currency(number(value, language, decimals=2), language, currency)
    )


def money_round(value: Decimal | int | None, language: str, currency: str = "EUR") -> str:
    """Write a round amount (a limit in a sentence) without cents; cents that matter are kept."""
    if value is None:
        return NOTHING
    whole = Decimal(value) == Decimal(value).to_integral_value()
    return _with_currency(number(value, language, decimals=0 if whole else 2), language, currency)


def _with_currency(written: str, language: str, currency: str) -> str:
    if _language(language) == "fr":
        return f"{written}{NBSP}{get_currency_symbol(currency, locale='fr')}"
    sign, digits = (MINUS, written[1:]) if written.startswith(MINUS) else ("", written)
    symbol = get_currency_symbol(currency, locale="en")
    return f"{sign}{symbol}{NBSP if symbol.isalpha() else ''}{digits}"


def percent(ratio: Decimal | int | None, language: str, *, decimals: int = 1) -> str:
    """Write a ratio (0.192) as a percentage: ``19,2 %`` or ``19.2%``."""
    if ratio is None:
        return NOTHING
    written = number(Decimal(ratio) * 100, language, decimals=decimals)
    return f"{written}{NBSP}%" if _language(language) == "fr" else f"{written}%"


def days(count: int | None, language: str) -> str:
    """Write a number of days for a table: ``31 j`` or ``31 d``."""
    if count is None:
        return NOTHING
    return f"{number(count, language)}{NBSP}{'j' if _language(language) == 'fr' else 'd'}"


def days_in_words(count: int, language: str) -> str:
    """Write a number of days for a sentence: ``31 jours``, ``1 day``."""
    return ngettext("%(count)s day", "%(count)s days", abs(count)) % {"count": number(count, language)}


def date_short(value: date | None) -> str:
    """Write a date for a table: ``23/11/2026`` in both languages."""
    return NOTHING if value is None else value.strftime("%d/%m/%Y")


def date_weekday(value: date | None, language: str) -> str:
    """Write a date with its weekday: ``lun. 21/12/2026`` or ``Mon 21/12/2026``."""
    if value is None:
        return NOTHING
    return f"{format_date(value, 'EEE', locale=_language(language))} {date_short(value)}"


def date_long(value: date | None, language: str) -> str:
    """Write a date in full: ``lundi 23 novembre 2026`` or ``Monday 23 November 2026``; ``1er`` is French."""
    if value is None:
        return NOTHING
    is_first = value.day == 1 and _language(language) == "fr"
    return format_date(
        value, "EEEE d'er' MMMM y" if is_first else "EEEE d MMMM y", locale=_language(language)
    )


def moment(value: datetime | None, today: date) -> str:
    """Write a local date and time as seen from ``today``: ``today 08:57``, ``20/11/2026 08:57``."""
    if value is None:
        return NOTHING
    distance = (value.date() - today).days
    day = {0: _("today"), -1: _("yesterday"), 1: _("tomorrow")}.get(distance) or date_short(value)
    return f"{day} {value:%H:%M}"


def relative_day(value: date | None, today: date, language: str) -> str:
    """Write how far a day is: ``today``, ``in 3 days``, ``12 days ago``."""
    if value is None:
        return NOTHING
    distance = (value - today).days
    near = {0: _("today"), -1: _("yesterday"), 1: _("tomorrow")}.get(distance)
    if near:
        return near
    words = days_in_words(abs(distance), language)
    return _("in %(days)s") % {"days": words} if distance > 0 else _("%(days)s ago") % {"days": words}


def duration(seconds: int, language: str) -> str:
    """Write a length of time in its two largest parts: ``24 min``, ``1 h 12``, ``3 j 4 h``; at least ``1 min``."""
    minutes = max(1, abs(int(seconds)) // 60)
    hours, minutes = divmod(minutes, 60)
    whole_days, hours = divmod(hours, 24)
    if whole_days:
        unit = "j" if _language(language) == "fr" else "d"
        return f"{whole_days}{NBSP}{unit}" + (f" {hours}{NBSP}h" if hours else "")
    if hours:
        return f"{hours}{NBSP}h{NBSP}{minutes:02d}"
    return f"{minutes}{NBSP}min"


def wait(seconds: float | Decimal, language: str) -> str:
    """Write how long something took: tenths of a second under a minute (``0,4 s``), else as ``duration``."""
    if seconds < 60:
        return f"{number(Decimal(str(seconds)), language, decimals=1)}{NBSP}s"
    return duration(int(seconds), language)


def ago(seconds: int, language: str) -> str:
    """Write how long ago something was: ``1 h 12 ago``, ``il y a 1 h 12``."""
    if seconds < 60:
        return _("just now")
    return _("%(time)s ago") % {"time": duration(seconds, language)}


def time_left(seconds: int, language: str) -> str:
    """Write the time left for an answer: ``1 h 12 left``; once it is over, that it is."""
    if seconds <= 0:
        return _("past due")
    return _("%(time)s left") % {"time": duration(seconds, language)}


def time_tone(seconds: int) -> str:
    """Return the colour of a remaining time: ``bad`` under 30 minutes, ``warn`` under 90, else none."""
    if seconds < _URGENT:
        return "bad"
    return "warn" if seconds < _SOON else ""


def siren(value: str | None) -> str:
    """Write a SIREN (or the first nine figures of a SIRET) in groups of three: ``812 740 504``."""
    figures = re.sub(r"\s", "", value or "")
    if not figures:
        return NOTHING
    head = NBSP.join(re.findall(r".{1,3}", figures[:9]))
    return f"{head}{NBSP}{figures[9:]}" if figures[9:] else head


def iban(value: str) -> str:
    """An IBAN in groups of four, as people read it."""
    return " ".join(value[place : place + 4] for place in range(0, len(value), 4))


def iban_masked(value: str | None) -> str:
    """Write an IBAN with all but country, check figures and the last four hidden: ``FR76 •••• 0189``."""
    bare = re.sub(r"\s", "", value or "").upper()
    if len(bare) < 8:
        return NOTHING
    return f"{bare[:4]}{NBSP}••••{NBSP}{bare[-4:]}"


def month_length(day: date) -> int:
    """Return the number of days of the month that ``day`` lies in."""
    return calendar.monthrange(day.year, day.month)[1]
