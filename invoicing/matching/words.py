"""What the text of a payment and the name of its payer say. Plain values, no rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import IntEnum
from functools import lru_cache
from typing import Final

from stdnum import iso11649

from invoicing.policy import CREDIT_NOTE_PREFIX, INVOICE_PREFIX
from o2c.shared.text import search_key

# Letters and digits as runs: what separates them in a document's number says nothing.
_RUNS: Final = re.compile(r"[0-9]+|[A-Za-z]+", re.ASCII)
_MARKS: Final = frozenset(("N", "NO", "NR", "NUM", "NUMERO"))
# A word that only a document would be called, though it holds no digit.
_HYPHENED: Final = re.compile(r"[A-Za-z]{2,}(?:[-/_][A-Za-z]+)+", re.ASCII)
_YEAR_JOINED: Final = re.compile(r"(20[0-9]{2})([0-9]{3,})", re.ASCII)
_REFERENCE: Final = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}", re.ASCII)
# What a text may hold of numbers: longer ones are read so far, so that no text costs more than another.
_MOST_RUNS: Final = 80
_LONGEST_NUMBER: Final = 5
_LEAST_DIGITS, _LEAST_SIGNS = 3, 4
# A number without letters names a document by itself from here on; a shorter one may be a date or an amount.
_TELLING_DIGITS: Final = 6
_OWN_PREFIXES: Final = (INVOICE_PREFIX, CREDIT_NOTE_PREFIX)

# What stands around a name without telling whose it is.
_COMMON: Final = frozenset(
    [
        "sa",
        "sas",
        "sasu",
        "sarl",
        "eurl",
        "sci",
        "scop",
        "snc",
        "selarl",
        "scea",
        "earl",
        "gaec",
        "ste",
        "societe",
        "ets",
        "etablissement",
        "etablissements",
        "cie",
        "compagnie",
        "gmbh",
        "mbh",
        "ltd",
        "limited",
        "inc",
        "corp",
        "llc",
        "plc",
        "bv",
        "nv",
        "spa",
        "srl",
        "ag",
        "kg",
        "ab",
        "oy",
        "et",
        "and",
        "und",
        "the",
        "de",
        "la",
        "le",
        "les",
        "du",
        "des",
        "l",
        "d",
        "m",
        "mr",
        "mme",
        "mlle",
        "monsieur",
        "madame",
        "vir",
        "virement",
    ]
)
_ALIKE: Final = 0.84
_CUT_OFF: Final = 4


class Strength(IntEnum):
    """How plainly a text names a document."""

    LAST_DIGITS = 1
    WITHOUT_LETTERS = 2
    NUMBER = 3
    REFERENCE = 4


@lru_cache(maxsize=200_000)
def number_key(document: str) -> str:
    """Return a number without what people leave out: capitals, no leading zeros, runs one dot apart.

    ``FA2026-000123`` and ``fa 2026/123`` give ``FA.2026.123``. The database's ``invoicing_number_key`` does the same.
    """
    return ".".join(_bare(run) for run in _RUNS.findall(document))


@lru_cache(maxsize=200_000)
def digits_key(document: str) -> str:
    """Return the key of a number without its letters."""
    return ".".join(_bare(run) for run in _RUNS.findall(document) if run.isdigit())


@lru_cache(maxsize=200_000)
def last_digits(document: str) -> str:
    """Return the last run of digits, empty where it is too short to tell anything."""
    runs = [run for run in _RUNS.findall(document) if run.isdigit()]
    found = _bare(runs[-1]) if runs else ""
    return found if len(found) >= _LEAST_DIGITS else ""


def letters_of(document: str) -> str:
    """Return the letters a number begins with."""
    first = _RUNS.match(document)
    return first[0].upper() if first and first[0].isalpha() else ""


@lru_cache(maxsize=20_000)
def cited(text: str) -> dict[str, Strength]:
    """Return the keys of every number a text may name, with how plainly.

    A number may stand with other or no punctuation, without leading zeros, joined to its year, broken by a blank,
    without its letters where it is one of our series, or inside a structured reference (ISO 11649).
    """
    found: dict[str, Strength] = {}

    def note(key: str, strength: Strength) -> None:
        signs = key.replace(".", "")
        telling = len(signs) >= (_LEAST_DIGITS if signs.isdigit() else _LEAST_SIGNS)
        if telling and (not signs.isalpha() or strength is Strength.REFERENCE):
            found[key] = max(strength, found.get(key, strength))

    for run in _spread(_runs(text)):
        for key in _readings(run):
            digits_only = key.replace(".", "").isdigit()
            if digits_only:
                note(key, Strength.WITHOUT_LETTERS if len(key) >= _TELLING_DIGITS else Strength.LAST_DIGITS)
                if key.startswith("20") and "." in key:
                    for prefix in _OWN_PREFIXES:
                        note(f"{prefix}.{key}", Strength.WITHOUT_LETTERS)
            else:
                note(key, Strength.NUMBER)
    for word in _HYPHENED.findall(text):
        found.setdefault(number_key(word), Strength.NUMBER)
    for reference in references(text):
        for key in _readings(_RUNS.findall(reference[4:])):
            note(key, Strength.REFERENCE)
    return found


def references(text: str) -> tuple[str, ...]:
    """Return the structured references (ISO 11649) a text holds, however they are spaced."""
    joined = "".join(text.split()).upper()
    found = []
    for match in _REFERENCE.finditer(joined):
        # What follows may have grown together with it: the longest that its check digits confirm.
        lengths = range(len(match[0]), 4, -1)
        found += [match[0][:length] for length in lengths if iso11649.is_valid(match[0][:length])][:1]
    return tuple(found)


def creditor_reference(number: str) -> str:
    """Return the structured reference (ISO 11649) that names a document.

    :raises ValueError: a number without letters and digits, or too long for one
    """
    body = "".join(_RUNS.findall(number)).upper()
    if not 1 <= len(body) <= 21:
        raise ValueError(number)
    digits = "".join(str(int(letter, 36)) for letter in f"{body}RF00")
    return f"RF{98 - int(digits) % 97:02d}{body}"


@lru_cache(maxsize=50_000)
def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a name that tell whose it is: no accents, no legal form, in their order."""
    words = [word for word in search_key(name).split() if word not in _COMMON]
    return tuple(dict.fromkeys(words))


def alikeness(one: str, other: str) -> float:
    """Return how alike two names are, 0 to 1, whatever their accents, legal forms and the order of words.

    Words cut off by a bank's form and single typing mistakes count as the same word.
    """
    return _alikeness(name_words(one), name_words(other))


@lru_cache(maxsize=100_000)
def _alikeness(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    if not one or not other:
        return 0.0
    left = list(other)
    common = 0.0
    for word in one:
        best = max(left, key=lambda against: _same_word(word, against), default=None)
        worth = _same_word(word, best) if best is not None else 0.0
        if best is not None and worth:
            left.remove(best)
            common += worth * (len(word) + len(best))
    return common / (sum(map(len, one)) + sum(map(len, other)))


def _same_word(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if any(letter.isdigit() for letter in one + other):
        return 0.0
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= _CUT_OFF and longer.startswith(shorter):
        return 0.9
    if len(shorter) < _CUT_OFF or abs(len(one) - len(other)) > 2:
        return 0.0
    likeness = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return likeness if likeness >= _ALIKE else 0.0


def _bare(run: str) -> str:
    return run.lstrip("0") or "0" if run.isdigit() else run.upper()


def _runs(text: str) -> list[tuple[str, bool]]:
    """Runs of a text, each with whether blanks alone part it from the one before."""
    found: list[tuple[str, bool]] = []
    end = 0
    for match in _RUNS.finditer(text):
        between = text[end : match.start()]
        found.append((match[0], bool(between) and between.isspace()))
        end = match.end()
        if len(found) == _MOST_RUNS:
            break
    return found


def _spread(runs: Sequence[tuple[str, bool]]) -> Iterator[list[str]]:
    """Every sequence of runs that may be one number, also with two runs of digits a blank has parted joined."""
    words = [run for run, _blank in runs]
    for start in range(len(words)):
        for end in range(start + 1, min(start + _LONGEST_NUMBER, len(words)) + 1):
            piece = words[start:end]
            yield piece
            for place in range(start + 1, end):
                if runs[place][1] and words[place].isdigit() and words[place - 1].isdigit():
                    at = place - start
                    yield [*piece[: at - 1], piece[at - 1] + piece[at], *piece[at + 1 :]]


def _readings(runs: Sequence[str]) -> Iterator[str]:
    """Keys of a number: as it is, without the word "number", and with a year parted from what has grown on to it."""
    yield ".".join(map(_bare, runs))
    if any(run.upper() in _MARKS for run in runs[1:]):
        yield ".".join(_bare(run) for run in runs if run.upper() not in _MARKS)
    for place, run in enumerate(runs):
        if joined := _YEAR_JOINED.fullmatch(run):
            yield ".".join(map(_bare, [*runs[:place], *joined.groups(), *runs[place + 1 :]]))
