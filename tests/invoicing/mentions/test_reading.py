"""Files of anybody: their words with the place, or a refusal in words, quickly and with little memory."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable

import pikepdf
import pytest

from invoicing.mentions import extract, reading

WORDS = "Ateliers Rhône Alpes vous remercie de votre commande et de votre confiance."


def test_words_and_pages_of_a_pdf(pdf: Callable[..., bytes]) -> None:
    (page,) = reading.read(pdf(WORDS, "Total TTC 12,00 €"))
    assert (page.place, page.number) == ("page", 1)
    assert "Rhône Alpes" in page.text
    assert "TTC" in page.text


def test_words_head_and_foot_of_a_docx(docx: Callable[..., bytes]) -> None:
    found = reading.read(docx(*[f"{WORDS} {n}" for n in range(13)], foot=["SIREN 732 829 320"]))
    assert [(each.place, each.number) for each in found] == [("footer", 1), ("part", 1), ("part", 2)]
    assert found[0].text == "SIREN 732 829 320"
    assert found[2].text.endswith("12")


def _locked(content: bytes, *, user: str, strong: bool) -> bytes:
    out = io.BytesIO()
    lock = pikepdf.Encryption(owner="owner", user=user)
    if not strong:
        lock = pikepdf.Encryption(owner="owner", user=user, R=3, aes=False, metadata=False)
    with pikepdf.open(io.BytesIO(content)) as file:
        file.save(out, encryption=lock)
    return out.getvalue()


def test_a_locked_file_is_refused_and_one_that_only_forbids_changes_is_read(
    pdf: Callable[..., bytes],
) -> None:
    for strong in (True, False):
        with pytest.raises(reading.EncryptedPaper):
            reading.read(_locked(pdf(WORDS), user="secret", strong=strong))
    assert reading.read(_locked(pdf(WORDS), user="", strong=False))


def test_pictures_alone_hold_no_words(pdf: Callable[..., bytes]) -> None:
    with pytest.raises(reading.NoWords):
        reading.read(pdf("·"))


def test_a_file_too_large_or_too_long_is_refused(pdf: Callable[..., bytes]) -> None:
    with pytest.raises(reading.PaperTooLarge):
        reading.read(b"%PDF-1.7" + b" " * reading.LARGEST)
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(WORDS))) as file:
        for _page in range(extract.MOST_PAGES):
            file.pages.append(file.pages[0])
        file.save(out)
    with pytest.raises(reading.PaperTooLong):
        reading.read(out.getvalue())


def _zip(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


_ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
)


@pytest.mark.parametrize(
    "name",
    ["nothing", "noise", "text", "cut", "another zip", "bomb", "entities", "deep", "no document", "office"],
)
def test_hostile_files_are_refused_in_words_and_time(
    name: str, pdf: Callable[..., bytes], docx: Callable[..., bytes]
) -> None:
    content = {
        "nothing": lambda: b"",
        "noise": lambda: bytes(range(256)) * 400,
        "text": lambda: WORDS.encode(),
        "cut": lambda: pdf(WORDS)[:600],
        "another zip": lambda: _zip("hello.txt", b"hello"),
        "bomb": lambda: _zip("word/document.xml", b"<a>" + b" " * 60_000_000),
        "entities": lambda: docx(document=_ENTITIES.decode()),
        "deep": lambda: docx(document="<a>" * 100_000),
        "no document": lambda: _zip("word/styles.xml", b"<a/>"),
        # An encrypted document of Office is a compound file.
        "office": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
    }[name]()
    began = time.monotonic()
    with pytest.raises(reading.UnreadablePaper):
        reading.read(content)
    assert time.monotonic() - began < 20


def test_a_reader_that_loops_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(reading, "_PATIENCE", 0.001)
    with pytest.raises(reading.UnreadablePaper):
        reading.read(b"%PDF-1.7")
