from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.identifiers import (
    Validity,
    check_iban,
    check_rf,
    check_siren,
    check_siret,
    check_vat,
    clean_identifier,
)

with (Path(__file__).parent.parent / "data" / "siren_cases.csv").open(encoding="utf-8") as _file:
    CASES = list(csv.DictReader(_file))
CHECKS = {"siren": check_siren, "siret": check_siret, "vat": check_vat}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kind']} {case['value']}" for case in CASES])
def test_worked_cases(case):
    check = CHECKS[case["kind"]](case["value"])
    assert check.validity == case["expected_valid"]
    assert check.valid == (case["expected_valid"] != "no")
    assert bool(check.problem) == (not check.valid)


def test_all_worked_cases_are_read():
    assert len(CASES) == 24


def test_blanks_and_dots_are_taken_out():
    assert clean_identifier(" fr 76\u00a03000.6\u202f0001 ") == "FR76300060001"
    assert check_siren("732.829\u00a0320").value == "732829320"


@pytest.mark.parametrize(
    ("check", "value", "problem"),
    [
        (check_siren, "73282932", "SIREN: 9 characters are expected, 8 were given."),
        (check_siren, "73282932A", "SIREN: only digits are expected."),
        (check_siren, "٧٣٢٨٢٩٣٢٠", "SIREN: only digits are expected."),
        (check_siren, "", "SIREN: 9 characters are expected, 0 were given."),
        (check_siren, "732829321", "SIREN: the check digit is wrong, a digit was mistyped."),
        (check_siren, "000000000", "A SIREN cannot be all zeros."),
        (
            check_siret,
            "73282932100074",
            "The SIRET starts with a wrong number. SIREN: the check digit is wrong, a digit was mistyped.",
        ),
        (check_siret, "73282932000075", "SIRET: the check digit is wrong, a digit was mistyped."),
        (
            check_vat,
            "FR45732829320",
            "The key of this VAT number is wrong: the SIREN 732829320 has the key 44.",
        ),
        (
            check_vat,
            "DE123456789",
            "A French VAT number is FR, two characters (never O or I) and the nine digits of the SIREN.",
        ),
        (check_vat, "FR12000000000", "A SIREN cannot be all zeros."),
        (check_iban, "FR14200410100505000", "IBAN: 27 characters are expected, 19 were given."),
        (
            check_iban,
            "1420041010050500013M02606",
            "An IBAN starts with two letters for the country and two digits.",
        ),
        (
            check_iban,
            "FR1420041010050500013M02607",
            "IBAN: the check digits are wrong, a character was mistyped.",
        ),
        (check_rf, "XX18539007547034", "RF: this is not the right form."),
        (check_rf, "RF17539007547034", "RF: the check digits are wrong, a character was mistyped."),
    ],
)
def test_what_is_wrong_is_said(check, value, problem):
    assert (check(value).validity, check(value).problem) == (Validity.NO, problem)


@pytest.mark.parametrize(
    ("value", "country", "verdict"),
    [
        ("FR 53 000 000 123", "MC", Validity.CHECK_VIES),
        ("FR1A732829321", "FR", Validity.CHECK_VIES),
        ("DE 136 695 976", "DE", Validity.CHECK_VIES),
        ("DE136695977", "DE", Validity.NO),
        ("136695976", "DE", Validity.NO),
        ("EL094259216", "GR", Validity.CHECK_VIES),
        ("BE0403019261", "BE", Validity.CHECK_VIES),
        ("FR44732829320", "BE", Validity.NO),
        ("CHE-123.456.788", "CH", Validity.CHECK_VIES),
        ("?", "CH", Validity.NO),
    ],
)
def test_numbers_that_only_a_register_can_confirm(value, country, verdict):
    assert check_vat(value, country=country).validity is verdict


@pytest.mark.parametrize(
    "iban",
    [
        "FR14 2004 1010 0505 0001 3M02 606",
        "fr76 3000 6000 0112 3456 7890 189",
        "MC58 1122 2000 0101 2345 6789 030",
        "DE89 3704 0044 0532 0130 00",
        "GB29NWBK60161331926819",
    ],
)
def test_right_ibans(iban):
    assert check_iban(iban).validity is Validity.YES
    assert check_iban(iban).value == iban.replace(" ", "").upper()


def test_the_bank_key_inside_a_french_iban_is_checked():
    # Check digits made for a wrong RIB key: only the key inside tells.
    rib = "20041010050500013M02607"
    digits = "".join(str(int(letter, 36)) for letter in f"{rib}FR00")
    check = check_iban(f"FR{98 - int(digits) % 97:02d}{rib}")
    assert check.problem == "The bank key (RIB) inside this IBAN is wrong."


def test_an_iban_of_nowhere_is_refused():
    assert not check_iban("XX" + f"{98 - int('1234' + '3333' + '00') % 97:02d}" + "1234").valid


@pytest.mark.parametrize("reference", ["RF18 5390 0754 7034", "rf18000000000539007547034"])
def test_creditor_references(reference):
    assert check_rf(reference).validity is Validity.YES


@given(st.integers(1, 99_999_999), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_never_passes_as_a_siren(stem, position, shift):
    digits = next(f"{stem:08d}{key}" for key in range(10) if check_siren(f"{stem:08d}{key}").valid)
    place = position % 9
    wrong = (int(digits[place]) + shift) % 10
    assert not check_siren(digits[:place] + str(wrong) + digits[place + 1 :]).valid
