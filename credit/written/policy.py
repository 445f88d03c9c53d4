"""Rules of the written credit policy over plain values: numbers, placeholders, differences, what may be published."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

from ..policy import ARTICLES

# A chapter, or an article of it.
NUMBER: Final = r"^[1-9][0-9]?(\.[1-9][0-9]?)?$"
LANGUAGES: Final = ("fr", "en")
# Articles that the check quotes: no version can do without them.
QUOTED: Final = frozenset(ARTICLES.values())
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_WORDS: Final = re.compile(r"\s+|[^\s]+")
_IN_A_CHAPTER: Final = 100


@dataclass(frozen=True)
class ArticleText:
    """One article in both languages.

    :ivar number: ``4`` of a chapter, ``4.2`` of an article
    :ivar setting: the settings shown beside it (``credit.written.values.SETTINGS``); empty for none
    :ivar titles: by language
    :ivar texts: the rule, by language; paragraphs apart by an empty line, ``{placeholders}`` for settings
    :ivar whys: why the rule exists, by language
    """

    number: str
    setting: str
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    whys: Mapping[str, str]

    def words(self) -> tuple[str, ...]:
        """Everything it says, in an order of its own."""
        return tuple(part[code] for part in (self.titles, self.texts, self.whys) for code in LANGUAGES)


class VersionState(StrEnum):
    """Where a published version stands on a day."""

    COMING = "coming"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"


class Change(StrEnum):
    """What became of an article between two versions."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Piece:
    """Some words of a text beside its former one: ``kept``, ``gone`` or ``new``."""

    kind: str
    words: str


@dataclass(frozen=True)
class Difference:
    """One article that two versions say differently, in one language."""

    number: str
    change: Change
    title: tuple[Piece, ...]
    text: tuple[Piece, ...]
    why: tuple[Piece, ...]


class Obstacle(StrEnum):
    """What keeps a draft from being published."""

    NO_CHANGE_SAID = "change"
    NOT_BEFORE_TODAY = "effective_on"
    AFTER_THE_LAST = "after_the_last"
    MISSES_ARTICLES = "articles"
    SAYS_THE_SAME = "same"


def position_of(number: str) -> int:
    """Where an article stands: chapter by chapter, article by article.

    :raises ValueError: no number of an article
    """
    if not re.match(NUMBER, number):
        raise ValueError(number)
    chapter, _dot, article = number.partition(".")
    return int(chapter) * _IN_A_CHAPTER + int(article or 0)


def anchor_of(number: str) -> str:
    """The name of an article inside its page."""
    return f"a{number.replace('.', '-')}"


def placeholders_of(text: str) -> frozenset[str]:
    """The settings a text names."""
    return frozenset(_PLACEHOLDER.findall(text))


def filled(text: str, words: Callable[[str], str | None]) -> str:
    """A text with what the settings say in the place of its placeholders; an unknown one stays as it is written."""

    def said(found: re.Match[str]) -> str:
        known = words(found.group(1))
        return found.group(0) if known is None else known

    return _PLACEHOLDER.sub(said, text)


def state_of(effective_on: date, *, on: date, in_force_since: date | None) -> VersionState:
    """Where a version stands on a day, where ``in_force_since`` is the latest beginning of any version until then."""
    if effective_on > on:
        return VersionState.COMING
    return VersionState.IN_FORCE if effective_on == in_force_since else VersionState.SUPERSEDED


def obstacles(
    articles: Sequence[ArticleText],
    former: Sequence[ArticleText],
    *,
    effective_on: date,
    last_began: date | None,
    change: str,
    today: date,
) -> tuple[Obstacle, ...]:
    """Everything that keeps a draft from being published.

    A text is never put in force for days gone by, nor before a version that is published already: of each day one
    version is in force, and it is known that day.

    :param former: what the version it follows says; empty for the first
    :param last_began: when the latest published version begins, None for the first
    """
    found: list[Obstacle] = []
    if not change.strip():
        found.append(Obstacle.NO_CHANGE_SAID)
    if effective_on < today:
        found.append(Obstacle.NOT_BEFORE_TODAY)
    elif last_began is not None and effective_on <= last_began:
        found.append(Obstacle.AFTER_THE_LAST)
    if QUOTED - {article.number for article in articles}:
        found.append(Obstacle.MISSES_ARTICLES)
    if former and not changed_numbers(former, articles):
        found.append(Obstacle.SAYS_THE_SAME)
    return tuple(found)


def changed_numbers(before: Iterable[ArticleText], after: Iterable[ArticleText]) -> tuple[str, ...]:
    """The articles that differ in any word or setting, in their order."""
    old, new = _by_number(before), _by_number(after)
    return tuple(
        number
        for number in sorted(old.keys() | new.keys(), key=position_of)
        if old.get(number) != new.get(number)
    )


def differences(
    before: Iterable[ArticleText], after: Iterable[ArticleText], language: str
) -> tuple[Difference, ...]:
    """What two versions say differently in one language, word by word."""
    old, new = _by_number(before), _by_number(after)
    found = []
    for number in sorted(old.keys() | new.keys(), key=position_of):
        was, is_now = _said(old.get(number), language), _said(new.get(number), language)
        if was != is_now:
            change = (
                Change.ADDED if number not in old else Change.REMOVED if number not in new else Change.CHANGED
            )
            title, text, why = (pieces(then, now) for then, now in zip(was, is_now, strict=True))
            found.append(Difference(number, change, title, text, why))
    return tuple(found)


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """A text beside its former one, word by word: what is kept, gone and new."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    found: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("kept", "".join(old[i1:i2])))
            continue
        if i1 != i2:
            found.append(Piece("gone", "".join(old[i1:i2])))
        if j1 != j2:
            found.append(Piece("new", "".join(new[j1:j2])))
    return tuple(found)


def missing(numbers: Collection[str]) -> tuple[str, ...]:
    """Articles the check quotes that are not among these, in their order."""
    return tuple(sorted(QUOTED - set(numbers), key=position_of))


def _by_number(articles: Iterable[ArticleText]) -> dict[str, ArticleText]:
    return {article.number: article for article in articles}


def _said(article: ArticleText | None, language: str) -> tuple[str, str, str]:
    if article is None:
        return "", "", ""
    return article.titles[language], article.texts[language], article.whys[language]
