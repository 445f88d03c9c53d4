"""How figures and dates are written: French and English side by side."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from o2c.shared import formats

NARROW, NBSP, MINUS = "\u202f", "\u00a0", "\u2212"


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        ("1234.56", f"1{NARROW}234,56{NBSP}€", "€1,234.56"),
        ("-1234567.89", f"{MINUS}1{NARROW}234{NARROW}567,89{NBSP}€", f"{MINUS}€1,234,567.89"),
        ("0", f"0,00{NBSP}€", "€0.00"),
        ("0.005", f"0,01{NBSP}€", "€0.01"),
        ("-0.001", f"0,00{NBSP}€", "€0.00"),
        ("999.994", f"999,99{NBSP}€", "€999.99"),
    ],
)
def test_money_in_both_languages(value: str, french: str, english: str) -> None:
    assert formats.money(Decimal(value), "fr") == french
    assert formats.money(Decimal(value), "en") == english


def test_money_in_other_currencies() -> None:
    assert formats.money(Decimal("12.5"), "en", "USD") == "$12.50"
    assert formats.money(Decimal("12.5"), "fr", "GBP") == f"12,50{NBSP}£GB"
    assert formats.money(Decimal("12.5"), "en", "CHF") == f"CHF{NBSP}12.50"


def test_nothing_is_a_dash() -> None:
    assert formats.money(None, "fr") == formats.amount(None, "fr") == formats.percent(None, "en") == "—"
    assert formats.days(None, "fr") == formats.date_short(None) == formats.siren("") == "—"


def test_round_limits_lose_their_cents_only_when_they_have_none() -> None:
    assert formats.money_round(Decimal("65000.00"), "fr") == f"65{NARROW}000{NBSP}€"
    assert formats.money_round(Decimal("65000.50"), "fr") == f"65{NARROW}000,50{NBSP}€"
    assert formats.money_round(Decimal("65000"), "en") == "€65,000"


def test_percent_days_and_numbers() -> None:
    assert formats.percent(Decimal("0.192"), "fr") == f"19,2{NBSP}%"
    assert formats.percent(Decimal("1.18"), "en", decimals=0) == "118%"
    assert formats.days(31, "fr") == f"31{NBSP}j"
    assert formats.days(1200, "en") == f"1,200{NBSP}d"
    assert formats.number(4218, "fr") == f"4{NARROW}218"


def test_dates() -> None:
    day = date(2026, 12, 21)
    assert formats.date_short(day) == "21/12/2026"
    assert formats.date_weekday(day, "fr") == "lun. 21/12/2026"
    assert formats.date_weekday(day, "en") == "Mon 21/12/2026"
    assert formats.date_long(day, "fr") == "lundi 21 décembre 2026"


def test_moments_and_distances_are_told_from_today() -> None:
    today = date(2026, 11, 23)
    with translation.override("en"):
        assert formats.moment(datetime(2026, 11, 23, 8, 57), today) == "today 08:57"  # noqa: DTZ001 local time
        assert formats.moment(datetime(2026, 11, 2, 8, 57), today) == "02/11/2026 08:57"  # noqa: DTZ001
        assert formats.relative_day(date(2026, 11, 26), today, "en") == "in 3 days"
        assert formats.relative_day(date(2026, 11, 22), today, "en") == "yesterday"
        assert formats.relative_day(date(2026, 11, 11), today, "en") == "12 days ago"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, f"1{NBSP}min"),
        (24 * 60, f"24{NBSP}min"),
        (72 * 60, f"1{NBSP}h{NBSP}12"),
        (3600, f"1{NBSP}h{NBSP}00"),
        (76 * 3600, f"3{NBSP}j 4{NBSP}h"),
    ],
)
def test_durations(seconds: int, written: str) -> None:
    assert formats.duration(seconds, "fr") == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, f"0,0{NBSP}s"), (0.44, f"0,4{NBSP}s"), (59.9, f"59,9{NBSP}s"), (60, f"1{NBSP}min")],
)
def test_what_something_took_is_told_in_tenths_of_a_second_under_a_minute(
    seconds: float, written: str
) -> None:
    assert formats.wait(seconds, "fr") == written


def test_time_left_turns_amber_then_red_then_is_over() -> None:
    assert [formats.time_tone(s) for s in (-1, 1799, 1800, 5399, 5400)] == ["bad", "bad", "warn", "warn", ""]
    with translation.override("en"):
        assert formats.time_left(4320, "en") == f"1{NBSP}h{NBSP}12 left"
        assert formats.time_left(0, "en") == "past due"
        assert formats.ago(30, "en") == "just now"


def test_identifiers() -> None:
    assert formats.siren("812740504") == f"812{NBSP}740{NBSP}504"
    assert formats.siren("81274050400017") == f"812{NBSP}740{NBSP}504{NBSP}00017"
    assert formats.iban_masked("FR76 3000 6000 0112 3456 7890 189") == f"FR76{NBSP}••••{NBSP}0189"
    assert formats.iban_masked("FR") == "—"
