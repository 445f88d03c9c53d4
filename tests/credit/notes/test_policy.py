"""Which words are risky, who is told, what raises an alert."""

from __future__ import annotations

import unicodedata

import pytest

from credit.notes.enums import NoteKind, NoteWeight, RiskyKind
from credit.notes.policy import Risky, raises_alert, risky_words, tells_team
from credit.notes.words import RISKY
from o2c.shared.text import search_key

H, F, U, I, O = RiskyKind.HEALTH, RiskyKind.FAMILY, RiskyKind.UNION, RiskyKind.INSULT, RiskyKind.OPINION  # noqa: E741


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Le gérant est MALADE.", [("MALADE", H)]),
        ("Dépressif, en arrêt maladie", [("Dépressif", H), ("arrêt maladie", H)]),
        (unicodedata.normalize("NFD", "hospitalisé depuis lundi"), [("hospitalisé", H)]),
        ("The manager has a health problem; he is divorced", [("health problem", H), ("divorced", F)]),
        ("Deux voleurs, deux voleurs", [("voleurs", I)]),
        ("À mon avis il paiera", [("À mon avis", O)]),
        ("L’acheteur est délégué syndical (CGT)", [("délégué syndical", U), ("CGT", U)]),
        ("Sa femme, enceinte", [("Sa femme", F)]),
        # Everyday words of business.
        ("En bonne santé financière; depression of the market, cancérologie, maladies", [("maladies", H)]),
        ("Politique de crédit revue, union européenne, syndicat des eaux, hôpital de Lyon", []),
        ("Entreprise familiale, family business, pros and cons, l’enceinte du site", []),
        ("Perd son plus gros client; strike at the Nantes site since Monday", []),
        ("", []),
    ],
)
def test_risky_words_are_whole_words_in_either_language(
    text: str, found: list[tuple[str, RiskyKind]]
) -> None:
    typed = [Risky(unicodedata.normalize("NFC", word), kind) for word, kind in found]
    assert list(risky_words(text)) == typed


def test_every_word_of_the_list_is_written_as_words_are_compared_and_is_found() -> None:
    for kind, phrases in RISKY.items():
        assert len(set(phrases)) == len(phrases)
        for phrase in phrases:
            assert search_key(phrase) == phrase
            assert kind in {risky.kind for risky in risky_words(f"x {phrase} x")}, phrase


@pytest.mark.parametrize("kind", list(NoteKind))
@pytest.mark.parametrize("weight", list(NoteWeight))
def test_what_comes_from_outside_and_what_worries_is_told(kind: NoteKind, weight: NoteWeight) -> None:
    outside = kind in {"MARKET", "PRESS", "NEWS"}
    assert tells_team(kind, weight) == (outside or weight == "WORRYING")
    assert raises_alert(kind, weight) == (weight == "WORRYING" and kind != "RESTRICTED")
