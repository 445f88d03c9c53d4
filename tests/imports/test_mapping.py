"""Mappings: what they may say, and that every mistake in one is named."""

from __future__ import annotations

import pytest

from o2c.imports.mapping import UnreadableMapping, mapping_text, parse_mapping, shipped_mappings
from o2c.shared.problems import NotFound

GOOD = """
label = "Ledger"
[values]
currency = "EUR"
decimal = ","
negatives = "credit_note"
[columns]
Client = "customer_code"
"N° pièce" = "number"
Date = "issue_date"
"Échéance" = "due_date"
Montant = "amount"
Litige = "disputed"
[value_maps.disputed]
OUI = "yes"
"" = "no"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(UnreadableMapping) as refused:
        parse_mapping(text)
    return [str(message) for message in refused.value.errors["mapping"]]


def test_a_mapping_names_columns_values_and_words():
    mapping = parse_mapping(GOOD)
    assert mapping.columns["N° pièce"] == "number"
    assert (mapping.label, mapping.currency, mapping.decimal) == ("Ledger", "EUR", ",")
    assert mapping.negatives_are_credit_notes
    assert mapping.value_maps == {"disputed": {"oui": "yes", "": "no"}}
    assert (mapping.date_format, mapping.country, mapping.term) == ("DD/MM/YYYY", "FR", "NET30")


def test_the_shipped_mappings_are_readable_and_refuse_negatives_in_dollars():
    assert set(shipped_mappings()) == {"ibm-ar"}
    mapping = parse_mapping(mapping_text("ibm-ar"))
    assert (mapping.currency, mapping.date_format) == ("USD", "MM/DD/YYYY")
    assert not mapping.negatives_are_credit_notes


def test_a_mapping_may_be_a_file(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert mapping_text(str(path)) == GOOD


@pytest.mark.parametrize("name", ["nothing", "../mappings/ibm-ar", "missing.toml"])
def test_an_unknown_mapping_names_the_known_ones(name):
    with pytest.raises(NotFound, match="ibm-ar"):
        mapping_text(name)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Montant =", "Montant"), "TOML"),
        (('"amount"', '"amout"'), "“amout” is no field"),
        (('Montant = "amount"', ""), "No column is read as “amount”"),
        (('Litige = "disputed"', 'Litige = "number"'), "Two columns are read as “number”"),
        (('currency = "EUR"', 'currency = "EURO"'), "“EURO” is not a currency"),
        (('currency = "EUR"', ""), "Give the currency"),
        (('decimal = ","', 'decimal = "comma"'), "decimal is"),
        (('decimal = ","', 'date_format = "DD/MM/YY"'), "date_format"),
        (('decimal = ","', 'term = "sometime"'), "is not a payment term"),
        (('"credit_note"', '"ignore"'), "negatives is"),
        (('OUI = "yes"', 'OUI = "maybe"'), "“maybe” is not one of"),
        (("[value_maps.disputed]", "[value_maps.colour]"), "is for no field"),
        (("[values]", "[vaules]"), "“vaules” means nothing here"),
        (('decimal = ","', 'curency = "EUR"'), "“values.curency” means nothing here"),
        (("[columns]", "[column]"), "[columns] is missing"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(change, said):
    assert any(said in problem for problem in problems(GOOD.replace(*change)))


def test_every_mistake_is_said_at_once():
    text = GOOD.replace('"amount"', '"amout"').replace('"EUR"', '"EURO"').replace('","', '"comma"')
    assert len(problems(text)) == 4
