"""Why a mention that stands in a paper may still be wrong: another number than ours, no figure, one out of bounds."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .policy import Hit, Ours

Doubt = Callable[[Hit, Ours], str | Promise | None]

LONGEST_TERM: Final = 60
LONGEST_END_OF_MONTH: Final = 45
_PERCENT: Final = re.compile(r"(\d{1,2}(?:[.,]\d{1,4})?)\s?%")
_DAY: Final = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}(?:er)? (?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
    r"|january|february|march|april|may|june|july|august|september|october|november|december)"
    r"|\{\{|\[|<|_{3}|\.{4}",
    re.IGNORECASE,
)
_DAYS: Final = re.compile(r"(\d{1,3}) ?(?:jours|days)(.{0,40})", re.IGNORECASE)
_OFFICIAL_RATE: Final = re.compile(
    r"banque centrale|\bbce\b|\becb\b|european central bank|interet legal|legal (?:interest )?rate|refinancement",
    re.IGNORECASE,
)
_FEE: Final = re.compile(r"40(?:[.,]00)? ?(?:€|eur)|(?:€|eur) ?40\b|quarante euros", re.IGNORECASE)


def _only(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def other_siren(hit: Hit, ours: Ours) -> str | Promise | None:
    """Another SIREN than the company's."""
    if not ours.siren or _only(hit.match[0]).find(ours.siren) >= 0:
        return None
    return _("This is not the SIREN of the company.")


def other_vat_number(hit: Hit, ours: Ours) -> str | Promise | None:
    """Another VAT number than the company's."""
    if not ours.vat_number or _only(hit.match[0]) == _only(ours.vat_number):
        return None
    return _("This is not the VAT number of the company.")


def other_iban(hit: Hit, ours: Ours) -> str | Promise | None:
    """Another bank account than the company's."""
    if not ours.iban or _only(hit.match[0]).startswith(_only(ours.iban)):
        return None
    return _("This is not the bank account of “Our details”.")


def other_town(hit: Hit, ours: Ours) -> str | Promise | None:
    """A register without its town, or another one's."""
    if not ours.register_town:
        return None
    wanted = _folded(ours.register_town)
    return (
        None
        if wanted in _folded(hit.near(40, 40))
        else _("The town of the register is missing, or another one.")
    )


def other_address(hit: Hit, ours: Ours) -> str | Promise | None:
    """An address that is not the company's."""
    if not ours.postcode or (
        ours.postcode in hit.match[0] and _folded(ours.city) in _folded(hit.near(0, 40))
    ):
        return None
    return _("No address here is that of “Our details”.")


def other_capital(hit: Hit, ours: Ours) -> str | Promise | None:
    """A share capital that is not the company's."""
    if ours.capital is None:
        return None
    figures = re.sub(r"[ .](?=\d{3})", "", hit.near(0, 30))
    amounts = {Decimal(found.replace(",", ".")) for found in re.findall(r"\d+(?:,\d{2})?", figures)}
    return None if ours.capital in amounts else _("This is not the capital of “Our details”.")


def no_day(hit: Hit, ours: Ours) -> str | Promise | None:
    """A due date that is no calendar date: "30 days" tells nobody when."""
    del ours
    near = hit.near(0, 60)
    if _DAY.search(near) or not _DAYS.search(near):
        return None
    return _("A number of days is no date: the invoice says the day itself.")


def no_fee(hit: Hit, ours: Ours) -> str | Promise | None:
    """The indemnity without its figure."""
    del ours
    return None if _FEE.search(hit.near(120, 200)) else _("The sum of 40 € is not written in figures.")


def no_rate(hit: Hit, ours: Ours) -> str | Promise | None:
    """Penalties without their rate, or with one below the floor of the law."""
    near = hit.near(60, 260)
    rates = [Decimal(found.replace(",", ".")) for found in _PERCENT.findall(near)]
    if _OFFICIAL_RATE.search(near):
        return None
    if not rates:
        return _("The rate of the penalties is not written.")
    if ours.rate_floor is not None and max(rates) < ours.rate_floor:
        return _("A rate below three times the legal interest rate is not allowed.")
    return None


def term_over_cap(hit: Hit, ours: Ours) -> str | Promise | None:
    """A term of payment longer than the law allows."""
    del ours
    for found in _DAYS.finditer(hit.near(80, 160)):
        days, after = int(found[1]), found[2].lower()
        is_end_of_month = "fin de mois" in after or "end of month" in after
        if days > (LONGEST_END_OF_MONTH if is_end_of_month else LONGEST_TERM):
            return _("A term above 60 days, or 45 days end of month, is not allowed (C. com. L441-10).")
    return None


def without_vat_word(hit: Hit, ours: Ours) -> str | Promise | None:
    """A price that does not say whether VAT is in it."""
    del ours
    is_said = re.search(r"\bh\.?t\b|hors taxe|excl|net", hit.near(10, 30), re.IGNORECASE)
    return None if is_said else _("It is not written whether the price is without VAT.")


def one_siren_only(hit: Hit, ours: Ours) -> str | Promise | None:
    """Only the seller's number."""
    numbers = {
        _only(found) for words in hit.every for found in re.findall(r"\b\d{3} ?\d{3} ?\d{3}\b", words.bare)
    }
    labels = sum(len(re.findall(r"\bsire[nt]\b", words.bare, re.IGNORECASE)) for words in hit.every)
    return (
        None if numbers - {ours.siren} or labels > 1 else _("Only one SIREN is written: that of the seller.")
    )


def _folded(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower().replace("é", "e").replace("è", "e").replace("ô", "o"))
