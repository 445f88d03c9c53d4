"""Rules of notes on a client: who is told, what worries, which words are risky, who may take one back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from o2c.shared.text import search_key

from .enums import NoteKind, NoteWeight, RiskyKind
from .words import RISKY

LONGEST: Final = 2000
# Kinds that the team of a client is told of whatever they say; the others only when they worry.
PUSHED: Final = frozenset({NoteKind.MARKET, NoteKind.PRESS, NoteKind.NEWS})
# How long a worrying note is shown where somebody decides, in days.
SHOWN_DAYS: Final = 180
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Risky:
    """A word that should not stand in a note, as it was typed, and what it may say about a person."""

    word: str
    kind: RiskyKind


def _phrases() -> Mapping[tuple[str, ...], RiskyKind]:
    found: dict[tuple[str, ...], RiskyKind] = {}
    for kind, phrases in RISKY.items():
        for phrase in phrases:
            words = tuple(phrase.split())
            found[words] = kind
            found.setdefault((*words[:-1], f"{words[-1]}s"), kind)
    return found


_PHRASES: Final = _phrases()
_LONGEST_PHRASE: Final = max(map(len, _PHRASES))


def risky_words(text: str) -> tuple[Risky, ...]:
    """Return the risky words of a text, whole words whatever their accents and case, each once in order.

    Of phrases that begin with the same word the longest counts: "arrêt maladie" is one finding, not two.
    """
    found: dict[str, Risky] = {}
    words = list(_words(text))
    at = 0
    while at < len(words):
        length, kind = _match(words, at)
        if kind is not None:
            typed = " ".join(word for word, _folded in words[at : at + length])
            found.setdefault(search_key(typed), Risky(typed, kind))
        at += length
    return tuple(found.values())


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Each word as typed and folded; accents written apart belong to their letter."""
    for match in _WORD.finditer(unicodedata.normalize("NFC", text)):
        yield match[0], search_key(match[0])


def _match(words: list[tuple[str, str]], at: int) -> tuple[int, RiskyKind | None]:
    for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
        kind = _PHRASES.get(tuple(folded for _word, folded in words[at : at + length]))
        if kind is not None:
            return length, kind
    return 1, None


def tells_team(kind: str, weight: str) -> bool:
    """Whether whoever looks after the client is told: of what comes from outside, and of all that worries."""
    return kind in PUSHED or weight == NoteWeight.WORRYING


def raises_alert(kind: str, weight: str) -> bool:
    """Whether somebody must look at the client's credit; a restricted note stays among those who wrote it."""
    return weight == NoteWeight.WORRYING and kind != NoteKind.RESTRICTED


def may_take_back(*, is_author: bool, manages_credit: bool) -> bool:
    """Whether this person may correct or withdraw a note: whoever wrote it, and credit management."""
    return is_author or manages_credit
