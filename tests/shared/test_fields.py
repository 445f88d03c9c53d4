"""Amounts and dates as people type them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django import forms
from django.utils import translation

from o2c.shared.fields import DateField, MoneyField, parse_amount, parse_date

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12000", "12000.00"),
        ("12 000,00", "12000.00"),
        ("12\u202f000,5", "12000.50"),
        ("12000.50", "12000.50"),
        ("12k", "12000.00"),
        ("1,5K", "1500.00"),
        ("0,25m", "250000.00"),
        ("1.234,56 €", "1234.56"),
        ("€1,234.56", "1234.56"),
        ("−8,10", "-8.10"),
    ],
)
def test_amounts_are_read_as_typed(typed: str, amount: str) -> None:
    assert parse_amount(typed, language="fr") == Decimal(amount)


@pytest.mark.parametrize(
    "typed", ["12.000", "1,230", "1,234", "12,345", "abc", "1e5", "k", "", "12 00", "1,234567k"]
)
def test_amounts_that_may_mean_two_things_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_amount(typed, language="fr")


def test_a_comma_groups_thousands_in_english() -> None:
    assert parse_amount("1,234", language="en") == Decimal("1234.00")
    assert parse_amount("1,234,567", language="en") == Decimal("1234567.00")
    with pytest.raises(ValueError, match="two decimals"):
        parse_amount("1.234", language="en")


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-12-01", date(2026, 12, 1)),
        ("01/12/2026", date(2026, 12, 1)),
        ("1.12.2026", date(2026, 12, 1)),
        ("1/12", date(2026, 12, 1)),
        ("1/2", date(2027, 2, 1)),
        ("1/9", date(2026, 9, 1)),
        ("+3", date(2026, 11, 26)),
        ("+30 j", date(2026, 12, 23)),
        ("-1", date(2026, 11, 22)),
        ("ven", date(2026, 11, 27)),
        ("Fri", date(2026, 11, 27)),
        ("lundi", date(2026, 11, 30)),
        ("auj", MONDAY),
        ("demain", date(2026, 11, 24)),
        ("aujourd’hui", MONDAY),
        ("29/2/2028", date(2028, 2, 29)),
    ],
)
def test_dates_are_read_as_typed(typed: str, day: date) -> None:
    assert parse_date(typed, today=MONDAY) == day


def test_a_missing_year_goes_the_way_the_field_looks() -> None:
    assert parse_date("1/9", today=MONDAY, prefer="future") == date(2027, 9, 1)
    assert parse_date("23/11", today=MONDAY, prefer="future") == MONDAY
    assert parse_date("1/12", today=MONDAY, prefer="past") == date(2025, 12, 1)
    assert parse_date("lun", today=MONDAY, prefer="past") == date(2026, 11, 16)
    assert parse_date("dim", today=MONDAY, prefer="past") == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("31/11/2026", "November has 30 days"),
        ("29/2/2027", "February has 28 days"),
        ("29/2", "February has 28 days"),
        ("1/13/2026", "12 months"),
        ("1/12/26", "four figures"),
        ("mars", "is not a date"),
        ("1/12/0026", "too far"),
        ("0/12/2026", "December has 31 days"),
    ],
)
def test_dates_that_cannot_be_read_are_explained(typed: str, said: str) -> None:
    with translation.override("en"), pytest.raises(ValueError, match=said):
        parse_date(typed, today=MONDAY)


class Question(forms.Form):
    """A form with both kinds of fields."""

    amount = MoneyField(min_value=Decimal("0.01"))
    day = DateField(today=lambda: MONDAY, prefer="future", required=False)


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    with translation.override("en"):
        form = Question({"amount": "12.000", "day": "31/11/2026"})
        assert not form.is_valid()
        assert "two decimals" in form.errors["amount"][0]
        assert 'value="12.000"' in str(form["amount"])
        assert 'value="31/11/2026"' in str(form["day"])


def test_a_form_gives_values_and_writes_them_in_the_readers_format() -> None:
    with translation.override("fr"):
        form = Question({"amount": "12k", "day": "+3"})
        assert form.is_valid()
        assert form.cleaned_data == {"amount": Decimal("12000.00"), "day": date(2026, 11, 26)}
        shown = Question(initial={"amount": Decimal("12000"), "day": MONDAY})
        assert 'value="12\u202f000,00"' in str(shown["amount"])
        assert 'value="23/11/2026"' in str(shown["day"])
        assert 'data-date="future"' in str(shown["day"])


def test_amounts_outside_the_bounds_are_refused() -> None:
    with translation.override("en"):
        form = Question({"amount": "0"})
        assert form.errors["amount"] == ["The smallest amount accepted is 0.01."]
