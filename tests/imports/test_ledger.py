"""Ledger lines: what is understood, and each refusal with its line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from o2c.imports.cells import read_date
from o2c.imports.ledger import read_ledger
from o2c.imports.mapping import parse_mapping
from o2c.imports.reader import Row, Table

TODAY = date(2026, 11, 23)
COLUMNS = (
    "client", "name", "siren", "number", "issued", "due", "amount", "currency", "settled", "disputed", "contested",
    "term", "country",
)  # fmt: skip
MAPPING = """
[values]
currency = "EUR"
negatives = "{negatives}"
[columns]
client = "customer_code"
name = "customer_name"
siren = "siren"
number = "number"
issued = "issue_date"
due = "due_date"
amount = "amount"
currency = "currency"
settled = "settled_on"
disputed = "disputed"
contested = "disputed_amount"
term = "term"
country = "country"
"""
LINE = {
    "client": "C1", "name": "Acme", "siren": "732 829 320", "number": "F1", "issued": "01/02/2026",
    "due": "03/03/2026", "amount": "1 234,56", "settled": "", "disputed": "",
}  # fmt: skip


def read(*changes, negatives="refuse", columns=COLUMNS):
    rows = (
        Row(number, {name: (LINE | change).get(name, "") for name in columns})
        for number, change in enumerate(changes, start=2)
    )
    return read_ledger(
        Table(tuple(columns), iter(rows)), parse_mapping(MAPPING.format(negatives=negatives)), today=TODAY
    )


def errors(*changes, **options):
    return [(error.line, error.message) for error in read(*changes, **options).errors]


def test_a_line_is_understood():
    ledger = read(
        {"settled": "2026-03-10", "disputed": "Oui", "currency": "usd", "term": "net45", "country": "be"}
    )
    line, customer = ledger.lines[0], ledger.customers["C1"]
    assert ledger.errors == []
    assert (line.line, line.number, line.issue_date, line.due_date, line.settled_on) == (
        2, "F1", date(2026, 2, 1), date(2026, 3, 3), date(2026, 3, 10),
    )  # fmt: skip
    assert (line.amount, line.currency, line.disputed) == (Decimal("1234.56"), "USD", Decimal("1234.56"))
    assert (customer.name, customer.siren, customer.term, customer.country) == (
        "Acme", "732829320", "NET45", "BE",
    )  # fmt: skip


def test_what_a_line_leaves_out_comes_from_the_mapping():
    ledger = read({"name": ""})
    line, customer = ledger.lines[0], ledger.customers["C1"]
    assert (line.currency, line.settled_on, line.disputed) == ("EUR", None, Decimal(0))
    assert (customer.name, customer.term, customer.country) == ("C1", "NET30", "FR")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1 234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("12", "12"),
        ("1\u202f000,5", "1000.5"),
        ("0,00", "0"),
    ],
)
def test_amounts_in_french_and_english(text, amount):
    assert read({"amount": text}).lines[0].amount == Decimal(amount)


def test_a_number_of_a_spreadsheet_is_taken_to_the_cent():
    assert read({"amount": Decimal("0.30000000000000004")}).lines[0].amount == Decimal("0.30")
    assert read({"number": Decimal("1187.0"), "issued": date(2026, 2, 1)}).lines[0].number == "1187"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"issued": "31/02/2026"}, "issued: “31/02/2026” is a date that does not exist"),
        ({"issued": "02-2026"}, "“02-2026” is not a date written as DD/MM/YYYY"),
        ({"issued": "1/2/26"}, "“1/2/26” has a year of two figures"),
        ({"issued": ""}, "issued: a date is missing"),
        ({"issued": "24/11/2026", "due": "24/12/2026"}, "issued on 2026-11-24, after today"),
        ({"due": "31/01/2026"}, "due on 2026-01-31, before it was issued on 2026-02-01"),
        ({"settled": "31/01/2026"}, "settled on 2026-01-31, before it was issued"),
        ({"amount": "12,3.4"}, "amount: “12,3.4” is not a number"),
        ({"amount": "1e3"}, "“1e3” is not a number"),
        ({"amount": ""}, "an amount is missing"),
        ({"amount": "-5,00"}, "“-5,00” is negative"),
        ({"amount": "1,234"}, "“1,234” has more than two decimals"),
        ({"amount": "1000000000000"}, "is too large"),
        ({"amount": date(2026, 1, 1)}, "is a date, not an amount"),
        ({"client": ""}, "client: nothing is written here"),
        ({"number": ""}, "number: nothing is written here"),
        ({"number": "x" * 61}, "longer than 60 characters"),
        ({"siren": "732829321"}, "check digit"),
        ({"currency": "EURO"}, "“EURO” is no currency"),
        ({"country": "France"}, "“France” is no country"),
        ({"term": "30 jours"}, "is not a payment term"),
        ({"disputed": "perhaps"}, "“perhaps” is none of"),
        ({"contested": "2000"}, "disputed 2000.00 of 1234.56"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(change, said):
    found = errors({"number": "F0"}, change, {"number": "F2"})
    assert [line for line, _message in found] == [3]
    assert said in found[0][1]


def test_good_lines_beside_a_bad_one_stay():
    ledger = read({"number": "F1"}, {"number": "F2", "amount": "?"}, {"number": "F3"})
    assert [line.number for line in ledger.lines] == ["F1", "F3"]
    assert ledger.read == 3


def test_a_line_tells_everything_that_is_wrong_with_it():
    assert len(errors({"issued": "x", "amount": "y", "client": ""})) == 3


def test_a_missing_column_is_an_error_of_the_header():
    found = errors({}, columns=[c for c in COLUMNS if c not in {"due", "amount"}])
    assert [line for line, _message in found] == [1, 1]
    assert "the column “due” (due_date) is missing" in found[0][1]


def test_a_number_written_twice_names_both_lines():
    assert errors({}, {"number": "F2"}, {}) == [(4, "F1 stands already on line 2")]


def test_one_client_has_one_siren():
    found = errors({}, {"number": "F2", "siren": "404833048"})
    assert found[0][0] == 3
    assert "732829320" in found[0][1]


def test_negative_amounts_are_credit_notes_where_the_mapping_says_so():
    ledger = read({"amount": "-5,00", "disputed": "yes"}, negatives="credit_note")
    assert (ledger.lines[0].amount, ledger.lines[0].disputed) == (Decimal("-5.00"), Decimal(0))


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("1/31/2026", "MM/DD/YYYY"),
        ("31.01.2026", "DD.MM.YYYY"),
        ("20260131", "YYYYMMDD"),
        ("2026-01-31", "DD/MM/YYYY"),
    ],
)
def test_dates_are_read_in_the_format_of_the_mapping_and_in_iso(text, date_format):
    assert read_date(text, date_format) == date(2026, 1, 31)


@pytest.mark.parametrize("text", ["31/1/2026", "2026-02-30", "1/31/1826", "1/31", "26-01-31"])
def test_other_dates_are_refused(text):
    with pytest.raises(ValueError, match=text):
        read_date(text, "MM/DD/YYYY")
