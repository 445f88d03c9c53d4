"""Amounts in words: the turns of French and English numerals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from o2c.shared.number_words import amount_in_words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "zéro euro"),
        ("0.01", "zéro euro et un centime"),
        ("1", "un euro"),
        ("1.50", "un euro et cinquante centimes"),
        ("2", "deux euros"),
        ("16", "seize euros"),
        ("17", "dix-sept euros"),
        ("21", "vingt et un euros"),
        ("61", "soixante et un euros"),
        ("70", "soixante-dix euros"),
        ("71", "soixante et onze euros"),
        ("77", "soixante-dix-sept euros"),
        ("80", "quatre-vingts euros"),
        ("81", "quatre-vingt-un euros"),
        ("91", "quatre-vingt-onze euros"),
        ("99", "quatre-vingt-dix-neuf euros"),
        ("100", "cent euros"),
        ("101", "cent un euros"),
        ("200", "deux cents euros"),
        ("201", "deux cent un euros"),
        ("1000", "mille euros"),
        ("1080", "mille quatre-vingts euros"),
        ("2000", "deux mille euros"),
        ("3003", "trois mille trois euros"),
        ("80000", "quatre-vingt mille euros"),
        ("200000", "deux cent mille euros"),
        ("206000", "deux cent six mille euros"),
        ("1000000", "un million d’euros"),
        ("200000000", "deux cents millions d’euros"),
        ("1000100", "un million cent euros"),
        ("2000000000", "deux milliards d’euros"),
        (
            "12345.67",
            "douze mille trois cent quarante-cinq euros et soixante-sept centimes",
        ),
    ],
)
def test_french(amount: str, words: str):
    assert amount_in_words(Decimal(amount), "EUR", "fr") == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("0.01", "EUR", "zero euros and one cent"),
        ("1", "EUR", "one euro"),
        ("42", "USD", "forty-two dollars"),
        ("100", "EUR", "one hundred euros"),
        ("1001", "EUR", "one thousand and one euros"),
        ("1200", "EUR", "one thousand two hundred euros"),
        ("12345.67", "EUR", "twelve thousand three hundred and forty-five euros and sixty-seven cents"),
        ("2000000", "CHF", "two million CHF"),
        ("1.50", "CHF", "one CHF and fifty /100"),
    ],
)
def test_english(amount: str, currency: str, words: str):
    assert amount_in_words(Decimal(amount), currency, "en") == words


@pytest.mark.parametrize("amount", ["-1", "1.005", "1000000000000"])
def test_what_has_no_words(amount: str):
    with pytest.raises(ValueError, match="no words"):
        amount_in_words(Decimal(amount), "EUR", "fr")


def test_no_number_is_spoken_twice():
    numbers = [*range(2200), *range(79000, 102000, 7), *range(10**6, 2 * 10**6, 99991)]
    for language in ("fr", "en"):
        assert len({amount_in_words(Decimal(number), "EUR", language) for number in numbers}) == len(numbers)
