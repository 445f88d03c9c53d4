from __future__ import annotations

import pytest

from o2c.shared.text import search_key, sort_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Société Générale", "societe generale"),
        ("CŒUR & Fils (S.A.R.L.)", "coeur fils sarl"),
        ("L'Œuvre–Été", "l oeuvre ete"),
        ("Ægir  Łódź\u00a0Straße", "aegir lodz strasse"),
        ("Ets. MARTIN_Père, n° 12", "ets martin pere n 12"),
        ("ﬁnance № 7", "finance no 7"),
        ("S.A. Dupont", "sa dupont"),
        ("…", ""),
    ],
)
def test_the_search_key_forgets_case_accents_and_punctuation(text, expected):
    assert search_key(text) == expected


def test_the_search_key_is_the_same_composed_or_not():
    assert search_key("e\u0301te\u0301") == search_key("\u00e9t\u00e9") == "ete"


def test_names_are_ordered_as_a_dictionary_orders_them():
    names = ["Zoé", "été", "Œuvre", "Olivier", "ete", "Émile", "Opale", "etude"]
    assert sorted(names, key=sort_key) == ["Émile", "ete", "été", "etude", "Œuvre", "Olivier", "Opale", "Zoé"]
