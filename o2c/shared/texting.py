"""Text messages (SMS): to which number, when, and in how many parts. Plain values only.

Numbers are written as ITU-T E.164 has them; parts are counted as 3GPP TS 23.038 and 23.040 do.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from .calendar import PARIS, public_holidays
from .text import search_key

# Nobody is texted before or after, on a Sunday or on a public holiday, Paris time.
OPENS: Final = time(8)
CLOSES: Final = time(20)
_SUNDAY: Final = 6
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_TRUNK: Final = re.compile(r"\(0\)")
_SEPARATORS: Final = re.compile(r"[\s.\-/()]")
# How a number is written at home: code of the country, and what stands before it there.
_AT_HOME: Final = {
    "FR": ("33", "0"), "MC": ("377", ""), "BE": ("32", "0"), "LU": ("352", ""), "CH": ("41", "0"),
    "DE": ("49", "0"), "AT": ("43", "0"), "NL": ("31", "0"), "GB": ("44", "0"), "IE": ("353", "0"),
    "IT": ("39", ""), "ES": ("34", ""), "PT": ("351", ""),
}  # fmt: skip
# Where the first digits tell a mobile number from another one: ARCEP's plan for France, 06 and 07.
_MOBILE: Final = {"+33": re.compile(r"\+33[67][0-9]{8}"), "+32": re.compile(r"\+324[0-9]{8}")}
# The alphabet of 7 bits, and the signs that take two places in it.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE: Final = frozenset("\f^{}\\[~]|€")
# Signs of good typography that would more than halve what fits into a part.
_PLAIN: Final = str.maketrans(
    {
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"',
        "«": '"', "»": '"', "–": "-", "—": "-", "\u2011": "-", "−": "-", "…": "...", "•": "-", "œ": "oe",
        "Œ": "OE",
    }
)  # fmt: skip
_SENDER: Final = 11


class NumberProblem(models.TextChoices):
    """Why a number cannot be texted."""

    MISSING = "missing", _("no number is known")
    NOT_A_NUMBER = "not_a_number", _("this is no telephone number")
    NOT_A_MOBILE = "not_a_mobile", _("this is no mobile number")


class NoNumber(ValueError):
    """A number that cannot be texted; ``problem`` says why."""

    def __init__(self, problem: NumberProblem) -> None:
        self.problem = problem
        super().__init__(str(problem.label))


class Parts(NamedTuple):
    """How a text travels: in how many parts, and how many places it takes of those there are.

    :ivar is_wide: it has signs beyond the alphabet of 7 bits: 70 places a message instead of 160
    """

    number: int
    used: int
    is_wide: bool


def mobile_number(written: str, country: str = "FR") -> str:
    """Return a mobile number in the form of E.164, ``+33612345678``.

    :param written: as somebody wrote it down, at home or with its country
    :param country: where it is meant when it is written as at home, ISO 3166
    :raises NoNumber: nothing is written, it is no number, or no mobile one
    """
    if not written.strip():
        raise NoNumber(NumberProblem.MISSING)
    bare = _SEPARATORS.sub("", _TRUNK.sub("", written))
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    elif not bare.startswith("+"):
        code, trunk = _AT_HOME.get(country, ("", ""))
        if not code or not bare.startswith(trunk):
            raise NoNumber(NumberProblem.NOT_A_NUMBER)
        bare = f"+{code}{bare[len(trunk) :]}"
    if not _E164.fullmatch(bare) or (bare.startswith("+33") and len(bare) != 12):
        raise NoNumber(NumberProblem.NOT_A_NUMBER)
    known = next((shape for code, shape in _MOBILE.items() if bare.startswith(code)), None)
    if known is not None and not known.fullmatch(bare):
        raise NoNumber(NumberProblem.NOT_A_MOBILE)
    return bare


def plain(text: str) -> str:
    """The same words with signs that fit into 7 bits where there are such: straight quotes, ordinary blanks."""
    return text.translate(_PLAIN)


def parts_of(text: str) -> Parts:
    """Count the parts of a text: 160 places alone, 153 in each of several; 70 and 67 where a sign needs 16 bits."""
    is_wide = any(sign not in _BASIC and sign not in _DOUBLE for sign in text)
    if is_wide:
        sizes, alone, each = [1 + (ord(sign) > 0xFFFF) for sign in text], 70, 67
    else:
        sizes, alone, each = [1 + (sign in _DOUBLE) for sign in text], 160, 153
    used = sum(sizes)
    if used <= alone:
        return Parts(int(used > 0), used, is_wide)
    count, room = 1, each
    for size in sizes:
        if size > room:  # a sign of two places is not cut in two
            count, room = count + 1, each
        room -= size
    return Parts(count, used, is_wide)


def sender_name(company: str) -> str:
    """The name a text message comes from: at most eleven letters and digits."""
    return search_key(company).upper().replace(" ", "")[:_SENDER]


def may_text(at: datetime) -> bool:
    """Tell whether somebody may be texted at a moment: by day, no Sunday, no public holiday."""
    there = at.astimezone(PARIS)
    day = there.date()
    if day.weekday() == _SUNDAY or day in public_holidays(day.year):
        return False
    return OPENS <= there.time() < CLOSES


def next_time(at: datetime) -> datetime:
    """Return the first moment from ``at`` on at which somebody may be texted."""
    if may_text(at):
        return at
    there = at.astimezone(PARIS)
    day = there.date() + timedelta(days=there.time() >= OPENS)
    while not may_text(datetime.combine(day, OPENS, PARIS)):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, PARIS)
