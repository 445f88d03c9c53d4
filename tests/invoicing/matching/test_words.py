"""Numbers in the text of a payment, and names."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing.matching import words
from invoicing.matching.words import Strength

NUMBER = "FA2026-000123"


@pytest.mark.parametrize(
    "text",
    [
        "VIR FA2026-000123 MERCI",
        "facture fa 2026 000123",
        "FA2026000123",
        "FA2026/123",
        "REGLT FACTURE FA.2026.000123, FA2026-000124",
        "FA2026-0001 23 SUITE",
        "FA 2026-123",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert words.cited(text)[words.number_key(NUMBER)] >= Strength.NUMBER


def test_a_number_without_its_letters_is_found_less_plainly() -> None:
    assert words.cited("facture 2026-000123")["FA.2026.123"] is Strength.WITHOUT_LETTERS


def test_imported_numbers_are_found_as_their_software_wrote_them() -> None:
    assert words.cited("regl. 2024/0815-3 sept.")["2024.815.3"] is Strength.WITHOUT_LETTERS
    assert words.cited("own-i")["OWN.I"] is Strength.NUMBER
    assert words.cited("inv 0012b, old-1")[words.number_key("INV-12B")] is Strength.NUMBER


def test_other_numbers_are_not_taken_for_it() -> None:
    for text in ("FA2026-000124", "FA2025-000123", "", "VIR SEPA 123", "AV2026-000123"):
        assert words.cited(text).get("FA.2026.123", Strength.LAST_DIGITS) < Strength.NUMBER


def test_a_structured_reference_names_its_document() -> None:
    reference = words.creditor_reference(NUMBER)
    assert reference == "RF31FA2026000123"
    for text in (reference, "RF31 FA20 2600 0123", f"/RFB/{reference.lower()}", f"{reference} MERCI"):
        assert words.cited(text)["FA.2026.123"] is Strength.REFERENCE
    assert words.references("RF32FA2026000123") == ()


def test_a_number_too_long_makes_no_reference() -> None:
    for number in ("", "—", "A" * 22):
        with pytest.raises(ValueError, match=f"^{number}$"):
            words.creditor_reference(number)


def test_long_and_hostile_texts_cost_little() -> None:
    assert len(words.cited("2026 123 " * 40)) < 3_000


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("SARL Menuiseries Kervadec", "KERVADEC MENUISERIES", 1.0, 1.0),
        ("Cœur & Fils (S.A.R.L.)", "COEUR ET FILS", 1.0, 1.0),
        ("Société Générale de Menuiserie", "GENERALE DE MENUISERI", 0.9, 1.0),
        ("Menuiseries Kervadec", "MENUISERIE KERVADECK", 0.85, 1.0),
        ("Menuiseries Kervadec", "Boulangerie Martin", 0.0, 0.2),
        ("Transports 12", "Transports 13", 0.0, 0.9),
        ("SARL", "SAS", 0.0, 0.0),
        ("", "", 0.0, 0.0),
    ],
)
def test_names_are_compared_by_their_words(one: str, other: str, least: float, most: float) -> None:
    assert least <= words.alikeness(one, other) <= most


@pytest.mark.django_db
@settings(max_examples=150)
@given(st.lists(st.text("AZaz09éº-/. _", max_size=30), min_size=20, max_size=20))
def test_the_database_makes_the_same_keys(documents: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(invoicing_number_key(d)) FROM unnest(%s::text[]) AS d", [documents])
        assert cursor.fetchone()[0] == [words.number_key(document) for document in documents]
