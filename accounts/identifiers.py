"""Identifiers of companies and bank accounts: cleaned, checked, and a sentence that says what is wrong.

A right check digit proves nothing about activity: registers and banks are asked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _
from stdnum import iban, iso11649, luhn
from stdnum.eu import vat
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError


class Validity(StrEnum):
    """The outcome of a check: right, wrong, or right in form and to be looked up in VIES."""

    YES = "yes"
    NO = "no"
    CHECK_VIES = "check_vies"


@dataclass(frozen=True)
class IdentifierCheck:
    """An identifier as it is to be stored, the outcome, and what is wrong with it (empty when nothing is)."""

    value: str
    validity: Validity
    problem: str = ""

    @property
    def valid(self) -> bool:
        """True unless the outcome is no."""
        return self.validity is not Validity.NO


LA_POSTE: Final = "356000000"

_BLANKS: Final = re.compile(r"[\s.\u00a0\u2007\u2009\u202f\u200b\u2060\ufeff]+")
_SIREN_LENGTH: Final = 9
_SIRET_LENGTH: Final = 14
_VAT_FORM: Final = re.compile(r"FR([0-9A-HJ-NP-Z]{2})([0-9]{9})")
_VAT_ABROAD: Final = re.compile(r"[A-Z0-9][A-Z0-9/\-]{3,19}")
_FRENCH_IBAN_LENGTH: Final = 27
# Letters of a French account number stand for digits in its key: A and J for 1, B, K and S for 2, …
_RIB_DIGITS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")


def clean_identifier(text: str) -> str:
    """Return ``text`` in upper case without blanks of any kind and without dots, as it is stored."""
    return _BLANKS.sub("", text).upper()


def check_siren(text: str) -> IdentifierCheck:
    """Check a SIREN: nine digits, Luhn, not all zeros."""
    value = clean_identifier(text)
    if problem := _digits_problem(value, _SIREN_LENGTH, "SIREN"):
        return _wrong(value, problem)
    if value == "0" * _SIREN_LENGTH:
        return _wrong(value, _("A SIREN cannot be all zeros."))
    if not luhn.is_valid(value):
        return _wrong(value, _("SIREN: the check digit is wrong, a digit was mistyped."))
    return IdentifierCheck(value, Validity.YES)


def check_siret(text: str) -> IdentifierCheck:
    """Check a SIRET: fourteen digits, a right SIREN in front, Luhn over the whole.

    Branches of La Poste also pass when the plain sum of the digits is a multiple of five.
    """
    value = clean_identifier(text)
    if problem := _digits_problem(value, _SIRET_LENGTH, "SIRET"):
        return _wrong(value, problem)
    siren = check_siren(value[:_SIREN_LENGTH])
    if not siren.valid:
        return _wrong(
            value, _("The SIRET starts with a wrong number. %(problem)s") % {"problem": siren.problem}
        )
    la_poste = siren.value == LA_POSTE and sum(map(int, value)) % 5 == 0
    if not (la_poste or luhn.is_valid(value)):
        return _wrong(value, _("SIRET: the check digit is wrong, a digit was mistyped."))
    return IdentifierCheck(value, Validity.YES)


def check_vat(text: str, *, country: str = "FR") -> IdentifierCheck:
    """Check a VAT number of a country.

    French: ``FR``, a key of two characters, the SIREN. A numeric key is computed; a key with letters (never O
    or I) and numbers of Monaco (000 in front) are right in form and wait for VIES, as do all other countries
    of the Union. Outside it only the length and the characters can be judged.
    """
    value = clean_identifier(text)
    country = country.upper()
    if country in {"FR", "MC"}:
        return _check_french_vat(value)
    if country.lower() not in vat.MEMBER_STATES:
        form_is_right = bool(_VAT_ABROAD.fullmatch(value))
    else:
        form_is_right = value.startswith("EL" if country == "GR" else country) and vat.is_valid(value)
    if not form_is_right:
        return _wrong(value, _("This is not the form of a VAT number of %(country)s.") % {"country": country})
    return IdentifierCheck(value, Validity.CHECK_VIES)


def _check_french_vat(value: str) -> IdentifierCheck:
    match = _VAT_FORM.fullmatch(value)
    if match is None:
        return _wrong(
            value,
            _("A French VAT number is FR, two characters (never O or I) and the nine digits of the SIREN."),
        )
    key, siren = match[1], match[2]
    if siren == "0" * _SIREN_LENGTH:
        return _wrong(value, _("A SIREN cannot be all zeros."))
    if siren.startswith("000") or not key.isdigit():
        return IdentifierCheck(value, Validity.CHECK_VIES)
    identity = check_siren(siren)
    if not identity.valid:
        return _wrong(value, identity.problem)
    expected = (12 + 3 * (int(siren) % 97)) % 97
    if int(key) != expected:
        return _wrong(
            value,
            _("The key of this VAT number is wrong: the SIREN %(siren)s has the key %(key)02d.")
            % {"siren": siren, "key": expected},
        )
    return IdentifierCheck(value, Validity.YES)


def check_iban(text: str) -> IdentifierCheck:
    """Check an IBAN: country, length, check digits, and for France and Monaco the RIB key inside."""
    value = clean_identifier(text)
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", value):
        return _wrong(value, _("An IBAN starts with two letters for the country and two digits."))
    french = value[:2] in {"FR", "MC"}
    if french and len(value) != _FRENCH_IBAN_LENGTH:
        return _wrong(value, _length_problem("IBAN", _FRENCH_IBAN_LENGTH, len(value)))
    problem = _stdnum_problem(iban.validate, value, "IBAN")
    if not problem and french and not rib_key_is_right(value[4:]):
        problem = _("The bank key (RIB) inside this IBAN is wrong.")
    return _wrong(value, problem) if problem else IdentifierCheck(value, Validity.YES)


def rib_key_is_right(rib: str) -> bool:
    """Tell whether a French bank account has the right key (bank 5, branch 5, account 11, key 2)."""
    bank, branch, account = rib[:5], rib[5:10], rib[10:21].translate(_RIB_DIGITS)
    return int(rib[21:23]) == 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(account)) % 97


def check_rf(text: str) -> IdentifierCheck:
    """Check a creditor reference (ISO 11649): ``RF``, two check digits, one to twenty-one characters."""
    value = clean_identifier(text)
    problem = _stdnum_problem(iso11649.validate, value, "RF")
    return _wrong(value, problem) if problem else IdentifierCheck(value, Validity.YES)


def _wrong(value: str, problem: str) -> IdentifierCheck:
    return IdentifierCheck(value, Validity.NO, problem)


def _digits_problem(value: str, length: int, name: str) -> str:
    """Say what keeps ``value`` from being ``length`` digits; empty when nothing does."""
    if not re.fullmatch(r"[0-9]*", value):
        return _("%(name)s: only digits are expected.") % {"name": name}
    return "" if len(value) == length else _length_problem(name, length, len(value))


def _length_problem(name: str, length: int, found: int) -> str:
    return _("%(name)s: %(length)d characters are expected, %(found)d were given.") % {
        "name": name,
        "length": length,
        "found": found,
    }


def _stdnum_problem(validate: Callable[[str], str], value: str, name: str) -> str:
    """Turn the library's verdict into a sentence; empty when the value is right."""
    try:
        validate(value)
    except InvalidChecksum:
        return _("%(name)s: the check digits are wrong, a character was mistyped.") % {"name": name}
    except InvalidLength:
        return _("%(name)s: too short or too long.") % {"name": name}
    except InvalidComponent:
        return _("%(name)s: the country is unknown or a part is wrong.") % {"name": name}
    except ValidationError:
        return _("%(name)s: this is not the right form.") % {"name": name}
    return ""
