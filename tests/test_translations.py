"""The French catalogue: complete, with the placeholders of the sources, spaced as French is."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command

CATALOGUE = Path(settings.BASE_DIR) / "locale" / "fr" / "LC_MESSAGES" / "django.po"

PLACEHOLDER = re.compile(r"%\(\w+\)\d*[a-z]|%%")
# What holds signs without being a sentence: markup, entities, keys of addresses and files in <code>.
NOT_PROSE = re.compile(r"<code>.*?</code>|<[^>]*>|&\w+;|\b\w+://\S*|%\(\w+\)\d*[a-z]")
WRONG_SPACING = {
    "U+202F before ; ! ?": re.compile("(?<!\u202f)[;!?]"),
    "U+00A0 before :": re.compile(r"(?<![\u00a0\d]):|(?<=\d):(?!\d)"),
    "U+00A0 before %": re.compile("(?<![\u00a0%])%"),
    "U+00A0 before »": re.compile("(?<!\u00a0)»"),
    "U+00A0 after «": re.compile("«(?!\u00a0)"),
    "U+00A0 before €": re.compile("(?<!\u00a0)€"),
    "no straight or English quotation marks": re.compile("['\"“”]"),
}


def messages() -> Iterator[tuple[Message, list[str], list[str]]]:
    """Each message with its English forms and its French ones."""
    with CATALOGUE.open("rb") as file:
        for message in read_po(file, locale="fr", ignore_obsolete=True):
            if message.id:
                yield message, _forms(message.id), _forms(message.string)


def _forms(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


def _placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def spacing_mistakes(text: str) -> list[str]:
    """Rules of French spacing that a text breaks."""
    prose = NOT_PROSE.sub("x", text)
    return [rule for rule, wrong in WRONG_SPACING.items() if wrong.search(prose)]


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="collecting the texts needs gettext")
def test_every_text_of_the_sources_has_its_french():
    call_command("check_translations")


def test_the_catalogue_is_not_empty():
    assert sum(1 for _ in messages()) > 1000


def test_french_keeps_the_placeholders():
    """The plural keeps all; a singular may leave out the number where the English one does."""
    wrong = [
        (english[0], french)
        for _message, english, french in messages()
        if all(french)
        and (
            _placeholders(french[-1]) != _placeholders(english[-1])
            or _placeholders(french[0]) not in [_placeholders(form) for form in english]
        )
    ]
    assert wrong == []


def test_french_keeps_the_spaces_at_the_ends():
    """Texts that are joined to others begin and end with the same blank."""
    wrong = [
        (english[0], form)
        for _message, english, french in messages()
        for form in french
        if form
        and not form.startswith("\u00a0")
        and (form[:1].isspace(), form[-1:].isspace()) != (english[0][:1].isspace(), english[0][-1:].isspace())
    ]
    assert wrong == []


def test_french_is_spaced_as_french():
    wrong = [
        (form, mistakes)
        for _message, _english, french in messages()
        for form in french
        if (mistakes := spacing_mistakes(form))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Vendre ?", "U+202F before ; ! ?"),
        ("rien; tout", "U+202F before ; ! ?"),
        ("Motif : absent", "U+00A0 before :"),
        ("Motif: absent", "U+00A0 before :"),
        ("20 %", "U+00A0 before %"),
        ("«\u00a0mot »", "U+00A0 before »"),
        ("« mot\u00a0»", "U+00A0 after «"),
        ("1 €", "U+00A0 before €"),
        ("l'ordre", "no straight or English quotation marks"),
    ],
)
def test_a_wrong_space_is_found(text: str, rule: str):
    assert spacing_mistakes(text) == [rule]


def test_right_spaces_pass():
    text = "«\u00a0%(name)s\u00a0»\u00a0: à 18:00, 20\u00a0% de 1\u00a0€\u202f; et alors\u202f?"
    assert spacing_mistakes(text) == []
