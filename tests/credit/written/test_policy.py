"""The rules of the written policy, and the text it starts from."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from credit.advice import ANSWER_HOURS
from credit.policy import ARTICLES
from credit.written.defaults import default_articles
from credit.written.policy import (
    LANGUAGES,
    QUOTED,
    ArticleText,
    Change,
    Obstacle,
    Piece,
    VersionState,
    anchor_of,
    changed_numbers,
    differences,
    filled,
    missing,
    obstacles,
    pieces,
    placeholders_of,
    position_of,
    state_of,
)
from credit.written.values import NAMES, SETTINGS
from disputes.policy import FIRST_ANSWER_DAYS
from orders.policy import RECONFIRM_AFTER, RELEASE_BUSINESS_DAYS, RELEASE_LONGEST

TODAY = date(2026, 11, 27)


def article(number: str, text: str = "rule", **other: Any) -> ArticleText:
    same = {"titles": "title", "whys": "why", **other}
    return ArticleText(
        number, "", dict.fromkeys(LANGUAGES, same["titles"]), dict.fromkeys(LANGUAGES, text),
        dict.fromkeys(LANGUAGES, same["whys"]),
    )  # fmt: skip


COMPLETE = tuple(article(number) for number in sorted(QUOTED, key=position_of))


@pytest.mark.parametrize(("number", "position"), [("1", 100), ("4.2", 402), ("4.16", 416), ("10.1", 1001)])
def test_articles_stand_in_the_order_of_their_numbers(number: str, position: int):
    assert position_of(number) == position


@pytest.mark.parametrize("number", ["", "0", "4.", "4.0", "4.100", "a", "4.2.1", "100"])
def test_what_is_no_number_is_refused(number: str):
    with pytest.raises(ValueError, match=f"^{re.escape(number)}$"):
        position_of(number)


def test_a_placeholder_is_filled_and_an_unknown_one_stays():
    known = {"overdue_days": "15 days"}.get
    assert filled("After {overdue_days}, {nothing}.", known) == "After 15 days, {nothing}."
    assert placeholders_of("{a} and {b_c}, not {B} or { d }") == {"a", "b_c"}


@pytest.mark.parametrize(
    ("begins", "since", "state"),
    [
        (date(2026, 11, 28), date(2026, 1, 1), VersionState.COMING),
        (TODAY, TODAY, VersionState.IN_FORCE),
        (date(2026, 1, 1), date(2026, 1, 1), VersionState.IN_FORCE),
        (date(2025, 1, 1), date(2026, 1, 1), VersionState.SUPERSEDED),
    ],
)
def test_the_latest_version_begun_is_in_force(begins: date, since: date, state: VersionState):
    assert state_of(begins, on=TODAY, in_force_since=since) == state


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ()),
        ({"effective_on": date(2026, 11, 26)}, (Obstacle.NOT_BEFORE_TODAY,)),
        ({"last_began": TODAY}, (Obstacle.AFTER_THE_LAST,)),
        ({"last_began": date(2026, 11, 26)}, ()),
        ({"change": "  "}, (Obstacle.NO_CHANGE_SAID,)),
        ({"former": COMPLETE}, (Obstacle.SAYS_THE_SAME,)),
        ({"former": (*COMPLETE[:-1], article(COMPLETE[-1].number, "other"))}, ()),
        ({"articles": COMPLETE[1:], "change": ""}, (Obstacle.NO_CHANGE_SAID, Obstacle.MISSES_ARTICLES)),
    ],
)
def test_everything_that_keeps_a_draft_is_named_at_once(changes: dict[str, Any], found: tuple[Obstacle, ...]):
    asked = {
        "articles": COMPLETE, "former": (), "effective_on": TODAY, "last_began": None, "change": "new", "today": TODAY,
        **changes,
    }  # fmt: skip
    assert obstacles(asked.pop("articles"), asked.pop("former"), **asked) == found


def test_differences_are_told_word_by_word_in_the_order_of_the_articles():
    before = [article("4.10", "stays"), article("4.2", "held after 15 days"), article("5", "gone")]
    after = [article("4.2", "held after 20 days"), article("4.10", "stays"), article("4.1", "fresh")]
    found = differences(before, after, "fr")
    assert [(each.number, each.change) for each in found] == [
        ("4.1", Change.ADDED), ("4.2", Change.CHANGED), ("5", Change.REMOVED),
    ]  # fmt: skip
    assert found[1].text == (
        Piece("kept", "held after "), Piece("gone", "15"), Piece("new", "20"), Piece("kept", " days"),
    )  # fmt: skip
    assert changed_numbers(before, after) == ("4.1", "4.2", "5")


def test_a_text_against_nothing_is_all_new():
    assert pieces("", "two words") == (Piece("new", "two words"),)
    assert pieces("same", "same") == (Piece("kept", "same"),)


def test_a_change_in_the_other_language_is_a_change_and_no_difference_in_this_one():
    there = article("4.2")
    here = ArticleText("4.2", "", there.titles, {"fr": "rule", "en": "other"}, there.whys)
    assert changed_numbers([there], [here]) == ("4.2",)
    assert differences([there], [here], "fr") == ()


# --- the text offered ---


def test_every_article_the_check_quotes_is_in_the_text_offered():
    assert missing({text.number for text in default_articles()}) == ()
    assert {anchor_of(number) for number in ARTICLES.values()} <= {
        anchor_of(text.number) for text in default_articles()
    }


def test_both_languages_say_everything_and_why():
    assert all(all(words for words in text.words()) for text in default_articles())
    chapters = {text.number for text in default_articles() if "." not in text.number}
    assert {text.number.partition(".")[0] for text in default_articles()} == chapters


def test_the_text_offered_names_settings_that_exist_and_shows_them_beside_it():
    for text in default_articles():
        named = set().union(*(placeholders_of(words) for words in text.words()))
        shown = set(SETTINGS[text.setting].names) if text.setting else set()
        assert named <= NAMES.keys(), text.number
        assert named == shown, text.number
        assert placeholders_of(text.texts["fr"]) == placeholders_of(text.texts["en"]), text.number


def test_french_is_set_as_french_is():
    for text in default_articles():
        for words in (text.titles["fr"], text.texts["fr"], text.whys["fr"]):
            assert not re.search(r"[^\u202f][;!?]", words), words
            assert not re.search(r"[^\u00a0][:%€]", words), words
            assert "'" not in words, words


def test_figures_of_the_text_that_are_no_settings_are_those_of_the_rules():
    said = {text.number: text.texts["en"] for text in default_articles()}
    assert f"{RELEASE_BUSINESS_DAYS} business days, {RELEASE_LONGEST.days} days at most" in said["5.3"]
    assert f"more than {RECONFIRM_AFTER.days} days" in said["4.11"]
    assert f"within {FIRST_ANSWER_DAYS} business days" in said["8.1"]
    assert (ANSWER_HOURS, "within four working hours" in said["5.1"]) == (4, True)
