"""Whether a paper carries what the law wants (domain.md 3.1, 3.2; C. com. L441-1, L441-9, L441-10). No rows, no files.

A mention is looked for by the words people write it with, in French and English, accents and case aside. What stands
there but is not ours, or has no figure where one is wanted, is doubtful: somebody must look.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from django.utils.functional import Promise

from .enums import Found, Paper, Weight

_AROUND: Final = 45


@dataclass(frozen=True)
class Ours:
    """What is known of the company and the law on the day of the check; empty where it is not.

    :ivar rate_floor: three times the legal rate, in percent: no rate of a contract may be lower
    """

    name: str = ""
    legal_form: str = ""
    siren: str = ""
    vat_number: str = ""
    postcode: str = ""
    city: str = ""
    register_town: str = ""
    capital: Decimal | None = None
    iban: str = ""
    rate_floor: Decimal | None = None


class Spot(NamedTuple):
    """Where in a paper something stands.

    :ivar around: the words about it
    """

    place: str
    number: int
    around: str


class Words(NamedTuple):
    """A passage as it is looked through: ``bare`` is ``text`` without accents, letter for letter."""

    place: str
    number: int
    text: str
    bare: str


@dataclass(frozen=True)
class Mention:
    """Something a paper carries.

    :ivar pattern: the words it is told by
    :ivar doubt: looks closer at a hit; a reason why it is doubtful, or None
    :ivar where: where it usually stands
    :ivar remedy: what to write; may hold ``%(name)s`` and other facts of ``Ours``
    :ivar source: the text of the law
    """

    code: str
    title: str | Promise
    papers: frozenset[Paper]
    weight: Weight
    pattern: re.Pattern[str]
    where: str | Promise
    remedy: str | Promise
    source: str
    doubt: Callable[[Hit, Ours], str | Promise | None] | None = None
    advised_on: frozenset[Paper] = frozenset()

    def weight_on(self, paper: Paper) -> Weight:
        """How much it weighs on a paper."""
        return Weight.ADVISED if paper in self.advised_on else self.weight


@dataclass(frozen=True)
class Hit:
    """One place where a mention may stand, with everything that is written."""

    words: Words
    match: re.Match[str]
    every: Sequence[Words]

    def near(self, before: int = 0, after: int = 160) -> str:
        """The bare words about it."""
        return self.words.bare[max(0, self.match.start() - before) : self.match.end() + after]


@dataclass(frozen=True)
class Finding:
    """What became of one mention.

    :ivar doubt: why it is doubtful
    :ivar spot: None where nothing like it is written
    """

    mention: Mention
    weight: Weight
    found: Found
    spot: Spot | None = None
    doubt: str | Promise = ""


def check(
    passages: Sequence[tuple[str, int, str]], mentions: Sequence[Mention], paper: Paper, ours: Ours
) -> list[Finding]:
    """Look for every mention of a kind of paper: what the law asks for and is missing first, then what is doubtful.

    :param passages: place, number, words
    """
    every = [_words(*each) for each in passages]
    found = [_found(each, every, paper, ours) for each in mentions if paper in each.papers]
    weights = list(Weight)
    return sorted(found, key=lambda row: (_urgency(row), weights.index(row.weight)))


def _urgency(row: Finding) -> int:
    """What the law asks for and is missing, what is doubtful, what else is missing, what is found."""
    if row.found is Found.MISSING:
        return 0 if row.weight is Weight.MUST else 2
    return 1 if row.found is Found.DOUBTFUL else 3


def verdict(findings: Sequence[Finding]) -> tuple[int, int]:
    """Return how many mentions that the law asks for in any case are missing, and how many findings are doubtful."""
    missing = sum(row.found is Found.MISSING and row.weight is Weight.MUST for row in findings)
    return missing, sum(row.found is Found.DOUBTFUL for row in findings)


def _found(mention: Mention, every: Sequence[Words], paper: Paper, ours: Ours) -> Finding:
    weight = mention.weight_on(paper)
    doubtful: tuple[Hit, str | Promise] | None = None
    for hit in _hits(mention.pattern, every):
        reason = mention.doubt(hit, ours) if mention.doubt is not None else None
        if reason is None:
            return Finding(mention, weight, Found.FOUND, _spot(hit))
        doubtful = doubtful or (hit, reason)
    if doubtful is not None:
        hit, reason = doubtful
        return Finding(mention, weight, Found.DOUBTFUL, _spot(hit), reason)
    return Finding(mention, weight, Found.MISSING)


def _hits(pattern: re.Pattern[str], every: Sequence[Words]) -> Iterator[Hit]:
    for words in every:
        for match in pattern.finditer(words.bare):
            yield Hit(words, match, every)


def _spot(hit: Hit) -> Spot:
    start, end = max(0, hit.match.start() - _AROUND), hit.match.end() + _AROUND
    around = hit.words.text[start:end].strip()
    before, after = "… " if start else "", " …" if end < len(hit.words.text) else ""
    return Spot(hit.words.place, hit.words.number, f"{before}{around}{after}")


def _words(place: str, number: int, text: str) -> Words:
    whole = " ".join(unicodedata.normalize("NFKC", text).replace("\u00ad", "").split())
    return Words(place, number, whole, "".join(_bare(letter) for letter in whole))


def _bare(letter: str) -> str:
    """A letter without its accent, always one."""
    first = unicodedata.normalize("NFKD", letter)[:1]
    return {"’": "'", "‘": "'", "–": "-", "—": "-", "−": "-", "\u2011": "-"}.get(letter, first or letter)
