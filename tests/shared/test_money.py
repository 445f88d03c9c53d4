from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from o2c.shared.money import convert, parse_decimal, quantize, round_cents, split_shares

D = Decimal


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.005", "1.01"), ("1.0049", "1.00"), ("2.675", "2.68"), ("-1.005", "-1.01"), ("3", "3.00")],
)
def test_cents_are_rounded_half_up(value, expected):
    assert str(round_cents(D(value))) == expected


def test_quantize_keeps_large_figures():
    assert quantize(D("123456789012345678901234567.123456789"), 8) == D(
        "123456789012345678901234567.12345679"
    )


@pytest.mark.parametrize(
    ("total", "shares", "expected"),
    [
        ("1000", ["30", "30", "40"], ["300.00", "300.00", "400.00"]),
        ("999.99", ["33.33", "33.33", "33.34"], ["333.30", "333.30", "333.39"]),
        ("100.01", ["25", "25", "25", "25"], ["25.00", "25.00", "25.00", "25.01"]),
        ("100", ["33.33", "33.33", "33.33"], ["33.33", "33.33", "33.34"]),
        ("-100.01", ["50", "50"], ["-50.01", "-50.00"]),
        ("80", ["100"], ["80.00"]),
    ],
)
def test_shares_are_rounded_and_the_last_takes_the_remainder(total, shares, expected):
    assert [str(amount) for amount in split_shares(D(total), [D(share) for share in shares])] == expected


@pytest.mark.parametrize(
    ("total", "shares", "said"),
    [
        ("100", [], "At least one share"),
        ("100", ["60", "30"], "make 90 %"),
        ("100", ["120", "-20"], "above 0 %"),
        ("100.001", ["50", "50"], "more than two decimals"),
        ("0.02", ["25", "25", "25", "25"], "too small"),
    ],
)
def test_shares_that_make_no_sense_are_refused(total, shares, said):
    with translation.override("en"), pytest.raises(ValueError, match=said):
        split_shares(D(total), [D(share) for share in shares])


@given(
    # From 100 on, no number of shares here is too small for a cent each.
    total=st.decimals(min_value=100, max_value=10**9, places=2),
    weights=st.lists(st.integers(min_value=1, max_value=1000), min_size=1, max_size=12),
)
def test_shares_add_up_and_stay_near_their_percentage(total, weights):
    shares = [quantize(D(100 * weight) / sum(weights), 4) for weight in weights]
    if min(shares) <= 0:
        return
    amounts = split_shares(total, shares)
    assert sum(amounts) == total
    for amount, share in zip(amounts[:-1], shares[:-1], strict=True):
        assert abs(amount - total * share / 100) <= D("0.005")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234\u00a0567,89", "1234567.89"),
        ("1\u202f234,56\u00a0€", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("1,234", "1.234"),
        ("0.75", "0.75"),
        (",5", "0.5"),
        ("12,", "12"),
        ("−12,50", "-12.50"),
        ("12,50-", "-12.50"),
        ("(1 234,56)", "-1234.56"),
        ("+7", "7"),
        ("  42 ", "42"),
    ],
)
def test_numbers_are_read_in_french_and_in_english(text, expected):
    assert parse_decimal(text) == D(expected)


@pytest.mark.parametrize(
    ("text", "mark", "expected"), [("1,234", ".", "1234"), ("1.234", ",", "1234"), ("1,234", ",", "1.234")]
)
def test_a_named_decimal_mark_settles_the_doubt(text, mark, expected):
    assert parse_decimal(text, decimal_mark=mark) == D(expected)


@pytest.mark.parametrize(
    "text", ["abc", "1e5", "12 34", "1.23.456,7", "NaN", "1,2.3,4", "--5", ".", "1 2345,00", "٣", "12 USD"]
)
def test_what_is_no_number_is_named(text):
    with translation.override("en"), pytest.raises(ValueError, match="is not a number") as refusal:
        parse_decimal(text)
    assert text in str(refusal.value)


@pytest.mark.parametrize("text", ["", "  ", "\u00a0", "€", "-"])
def test_a_missing_number_is_said_to_be_missing(text):
    with translation.override("en"), pytest.raises(ValueError, match="A number is missing"):
        parse_decimal(text)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_what_the_screen_shows_can_be_read_back(amount):
    shown = f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",").replace("-", "−")
    assert parse_decimal(shown) == amount


def test_currencies_are_converted_through_the_euro():
    assert convert(D("100"), D(1), D("1.0856")) == D("108.56")
    assert convert(D("108.56"), D("1.0856"), D(1)) == D("100.00")
    assert convert(D("100"), D("1.25"), D("0.80")) == D("64.00")


def test_a_rate_of_zero_is_refused():
    with translation.override("en"), pytest.raises(ValueError, match="above 0"):
        convert(D("100"), D(1), D(0))
