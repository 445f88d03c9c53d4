"""Text messages: numbers as E.164 has them, parts as operators count them, hours in which people may be texted."""

from __future__ import annotations

from datetime import datetime

import pytest

from o2c.shared import postal, texting
from o2c.shared.calendar import PARIS
from o2c.shared.postal import Address, AddressProblem, NoAddress
from o2c.shared.texting import NoNumber, NumberProblem, Parts


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("07.12.34.56.78", "FR", "+33712345678"),
        ("+33 (0)6 12 34 56 78", "FR", "+33612345678"),
        ("0033 6 12 34 56 78", "BE", "+33612345678"),
        ("0470 12 34 56", "BE", "+32470123456"),
        ("347 123 4567", "IT", "+393471234567"),
        ("+1 415 555 2671", "FR", "+14155552671"),
    ],
)
def test_a_number_as_the_operators_want_it(written: str, country: str, number: str) -> None:
    assert texting.mobile_number(written, country) == number


@pytest.mark.parametrize(
    ("written", "country", "problem"),
    [
        ("", "FR", NumberProblem.MISSING),
        ("   ", "FR", NumberProblem.MISSING),
        ("01 23 45 67 89", "FR", NumberProblem.NOT_A_MOBILE),
        ("+33 4 72 00 00 00", "BE", NumberProblem.NOT_A_MOBILE),
        ("02 123 45 67", "BE", NumberProblem.NOT_A_MOBILE),
        ("06 12 34 56", "FR", NumberProblem.NOT_A_NUMBER),
        ("612345678", "FR", NumberProblem.NOT_A_NUMBER),
        ("poste 12", "FR", NumberProblem.NOT_A_NUMBER),
        ("06 12 34 56 78", "JP", NumberProblem.NOT_A_NUMBER),
        ("+0612345678", "FR", NumberProblem.NOT_A_NUMBER),
        ("+33612345678901234", "FR", NumberProblem.NOT_A_NUMBER),
    ],
)
def test_what_cannot_be_texted_says_why(written: str, country: str, problem: NumberProblem) -> None:
    with pytest.raises(NoNumber) as refused:
        texting.mobile_number(written, country)
    assert refused.value.problem == problem


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", Parts(0, 0, is_wide=False)),
        ("a" * 160, Parts(1, 160, is_wide=False)),
        ("a" * 161, Parts(2, 161, is_wide=False)),
        ("a" * 306, Parts(2, 306, is_wide=False)),
        ("a" * 307, Parts(3, 307, is_wide=False)),
        ("é" * 159 + "€", Parts(2, 161, is_wide=False)),
        ("a" * 152 + "€" + "a" * 153, Parts(3, 307, is_wide=False)),
        ("ç" * 70, Parts(1, 70, is_wide=True)),
        ("ç" * 71, Parts(2, 71, is_wide=True)),
        ("😀" * 35, Parts(1, 70, is_wide=True)),
        ("😀" * 36, Parts(2, 72, is_wide=True)),
    ],
)
def test_parts_as_operators_count_them(text: str, parts: Parts) -> None:
    assert texting.parts_of(text) == parts


def test_good_typography_becomes_plain() -> None:
    assert texting.plain("L’échéance : « 1\u202f200,00\u00a0€ » …") == 'L\'échéance : " 1 200,00 € " ...'
    assert not texting.parts_of(texting.plain("L’échéance : 1\u202f200,00\u00a0€ — payée ?")).is_wide
    assert texting.sender_name("Établissements Valmont & Cie") == "ETABLISSEME"


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-23 08:00", "2026-11-23 08:00"),  # a Monday
        ("2026-11-23 19:59", "2026-11-23 19:59"),
        ("2026-11-23 20:00", "2026-11-24 08:00"),
        ("2026-11-23 03:00", "2026-11-23 08:00"),
        ("2026-11-28 12:00", "2026-11-28 12:00"),  # a Saturday
        ("2026-11-28 21:00", "2026-11-30 08:00"),
        ("2026-11-29 10:00", "2026-11-30 08:00"),
        ("2026-12-24 22:00", "2026-12-26 08:00"),  # Christmas is a Friday
        ("2026-10-25 02:30", "2026-10-26 08:00"),  # the night the clock goes back, a Sunday
    ],
)
def test_nobody_is_texted_at_night_on_sundays_and_holidays(at: str, until: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=PARIS)
    expected = datetime.fromisoformat(until).replace(tzinfo=PARIS)
    assert texting.next_time(moment) == expected
    assert texting.may_text(moment) == (moment == expected)


def test_an_address_as_the_post_reads_it() -> None:
    written = Address("Menuiserie Aubert", "12, rue des Lilas", "69003", "Lyon, cedex 03", line2="Bât. B")
    assert postal.block_of(written) == [
        "Menuiserie Aubert",
        "Bât. B",
        "12, rue des Lilas",
        "69003 LYON CEDEX 03",
    ]
    abroad = Address("Firma Weber GmbH", "Hauptstr. 1", "80331", "München", country="DE")
    assert postal.block_of(abroad)[-2:] == ["80331 MÜNCHEN", "DE"]
    long = Address("Société industrielle de menuiserie et de charpente du Rhône", "1 rue A", "69003", "Lyon")
    assert postal.block_of(long)[:2] == ["Société industrielle de menuiserie et", "de charpente du Rhône"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"line1": " "}, AddressProblem.NO_STREET),
        ({"city": ""}, AddressProblem.NO_CITY),
        ({"postcode": ""}, AddressProblem.NO_POSTCODE),
        ({"postcode": "6900"}, AddressProblem.BAD_POSTCODE),
        ({"name": "Société anonyme " * 20}, AddressProblem.TOO_LONG),
        ({"city": "L" * 40}, AddressProblem.TOO_LONG),
    ],
)
def test_what_cannot_be_addressed_says_why(changed: dict[str, str], problem: AddressProblem) -> None:
    fields = {"name": "Aubert", "line1": "1 rue A", "postcode": "69003", "city": "Lyon"} | changed
    with pytest.raises(NoAddress) as refused:
        postal.block_of(Address(**fields))
    assert refused.value.problem == problem
