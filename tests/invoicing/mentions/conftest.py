"""Papers as files: written by a word processor or printed, and what the company is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

import pytest

from invoicing.mentions.policy import Ours
from o2c.shared.pdf_engine import draw

_NS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture
def known() -> Ours:
    return Ours(
        name="Ateliers Rhône Alpes SAS",
        legal_form="SAS",
        siren="732829320",
        vat_number="FR44732829320",
        postcode="69003",
        city="Lyon",
        register_town="Lyon",
        capital=Decimal(150000),
        iban="FR7630006000011234567890189",
        rate_floor=Decimal("8.25"),
    )


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    """A PDF file with these lines."""

    def make(*lines: str) -> bytes:
        body = "".join(f"<p>{escape(line)}</p>" for line in lines)
        return draw(
            f"<!doctype html><html lang='fr'><head><meta charset='utf-8'><title>x</title></head>{body}</html>"
        )

    return make


@pytest.fixture
def docx() -> Callable[..., bytes]:
    """A DOCX file with these paragraphs, a head and a foot."""

    def part(lines: Sequence[str], root: str) -> str:
        paragraphs = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
        return f'<?xml version="1.0"?><w:{root} {_NS}>{paragraphs}</w:{root}>'

    def make(*lines: str, foot: Sequence[str] = (), document: str = "") -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/document.xml", document or part(lines, "document"))
            if foot:
                archive.writestr("word/footer1.xml", part(foot, "ftr"))
        return out.getvalue()

    return make
