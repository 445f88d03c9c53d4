"""The words of a PDF or DOCX file, read in a process of its own: ``python extract.py < file`` writes JSON.

A file built by anybody may make a reader loop or swell; here it may only use up this process, which has little memory
and little time. Nothing of the project is imported.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, Final

MEMORY: Final = 768 * 1024 * 1024
SECONDS: Final = 20
MOST_PAGES: Final = 60
_MOST_TEXT: Final = 400_000
_MOST_UNPACKED: Final = 40 * 1024 * 1024
_WORDS: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Paragraphs that make one place of a DOCX file, which has no pages.
_TOGETHER: Final = 12


class Refused(Exception):
    """Why nothing was read, in one word."""


def passages(content: bytes) -> Iterator[tuple[str, int, str]]:
    """Yield where words stand and the words: page of a PDF; head, foot or part of a DOCX.

    :raises Refused: ``unreadable``, ``encrypted``, ``long``
    """
    if b"%PDF-" in content[:1024]:
        yield from _of_pdf(content)
    elif content[:4] == b"PK\x03\x04":
        yield from _of_docx(content)
    else:
        raise Refused("unreadable")


def _of_pdf(content: bytes) -> Iterator[tuple[str, int, str]]:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(io.BytesIO(content))
        # A file that only forbids changes opens with an empty password.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("encrypted")
    except DependencyError as locked:  # by AES, which takes another package to open
        raise Refused("encrypted") from locked
    if len(reader.pages) > MOST_PAGES:
        raise Refused("long")
    for number, page in enumerate(reader.pages, start=1):
        yield "page", number, page.extract_text()


def _of_docx(content: bytes) -> Iterator[tuple[str, int, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if "word/document.xml" not in entries:
            # What Office encrypts is no ZIP file; another ZIP file is no document.
            raise Refused("unreadable")
        if sum(entry.file_size for entry in entries.values()) > _MOST_UNPACKED:
            raise Refused("unreadable")
        for place in ("header", "footer"):
            for number in range(1, 10):
                if (name := f"word/{place}{number}.xml") in entries:
                    yield place, number, "\n".join(_paragraphs(archive, name))
        lines = list(_paragraphs(archive, "word/document.xml"))
    for start in range(0, len(lines), _TOGETHER):
        yield "part", start // _TOGETHER + 1, "\n".join(lines[start : start + _TOGETHER])


def _paragraphs(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    from lxml import etree

    with archive.open(name) as file:
        content = file.read(_MOST_UNPACKED + 1)
    if len(content) > _MOST_UNPACKED or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Refused("unreadable")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    for paragraph in etree.fromstring(content, parser).iter(f"{_WORDS}p"):
        words = "".join(_text(node) for node in paragraph.iter(f"{_WORDS}t", f"{_WORDS}tab", f"{_WORDS}br"))
        if words.strip():
            yield words


def _text(node: Any) -> str:
    return str(node.text or "") if node.tag == f"{_WORDS}t" else " "


def main() -> None:
    """Read standard input, write what was found or why nothing was."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer: dict[str, Any]
    try:
        found, length = [], 0
        for place, number, words in passages(sys.stdin.buffer.read()):
            length += len(words)
            if length > _MOST_TEXT:
                raise Refused("long")
            found.append([place, number, words])
        answer = {"passages": found}
    except Refused as refusal:
        answer = {"refused": str(refusal)}
    except Exception:  # a file built by anybody: the libraries may raise anything on it
        answer = {"refused": "unreadable"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
