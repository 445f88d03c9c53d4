"""The address block of a letter as the French post reads it (AFNOR NF Z10-011). Plain values only."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

MOST_LINES: Final = 6
LONGEST: Final = 38
_FRENCH: Final = frozenset({"FR", "MC", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "PF", "NC", "WF"})
_POSTCODE: Final = re.compile(r"[0-9]{5}")
_PUNCTUATION: Final = re.compile(r"[.,;:]+")


class AddressProblem(models.TextChoices):
    """Why a letter cannot be addressed."""

    NO_STREET = "no_street", _("the street, or what stands for it, is missing")
    NO_CITY = "no_city", _("the town is missing")
    NO_POSTCODE = "no_postcode", _("the postcode is missing")
    BAD_POSTCODE = "bad_postcode", _("a French postcode has five digits")
    TOO_LONG = "too_long", _("the address does not fit into six lines of 38 signs")


class NoAddress(ValueError):
    """An address to which no letter can go; ``problem`` says why."""

    def __init__(self, problem: AddressProblem) -> None:
        self.problem = problem
        super().__init__(str(problem.label))


@dataclass(frozen=True)
class Address:
    """An address as somebody wrote it down; ``country`` by ISO 3166."""

    name: str
    line1: str
    postcode: str
    city: str
    country: str = "FR"
    line2: str = ""
    person: str = ""


def block_of(address: Address) -> list[str]:
    """Return the lines of an address: name, person, street, postcode and town, country.

    The last lines are in capitals without punctuation; what is longer than a line goes on in the next.

    :raises NoAddress: something is missing, or it does not fit
    """
    is_french = address.country in _FRENCH
    _check(address, is_french)
    lines: list[str] = []
    for part in (address.name, address.person, address.line2, address.line1):
        lines += textwrap.wrap(" ".join(part.split()), LONGEST)
    lines.append(_capitals(f"{address.postcode} {address.city}"))
    if not is_french:
        lines.append(address.country)
    if len(lines) > MOST_LINES or any(len(line) > LONGEST for line in lines):
        raise NoAddress(AddressProblem.TOO_LONG)
    return lines


def in_one_line(lines: Sequence[str]) -> str:
    """An address block for reading."""
    return ", ".join(lines)


def _check(address: Address, is_french: bool) -> None:
    postcode = address.postcode.strip()
    if not address.line1.strip():
        raise NoAddress(AddressProblem.NO_STREET)
    if not address.city.strip():
        raise NoAddress(AddressProblem.NO_CITY)
    if is_french and not postcode:
        raise NoAddress(AddressProblem.NO_POSTCODE)
    if is_french and not _POSTCODE.fullmatch(postcode):
        raise NoAddress(AddressProblem.BAD_POSTCODE)


def _capitals(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", text).upper().split())
