"""Page and XML in one file: PDF/A-3b with ``factur-x.xml`` as its associated data (domain.md 9.6)."""

from __future__ import annotations

from django.utils import translation
from facturx import generate_from_binary
from weasyprint import HTML

from o2c.shared.pdf_engine import BASE, StaticFilesOnly

from .cii import LEVEL
from .document import Document
from .page import invoice_html, title_of

_LANGUAGES = {"fr": "fr-FR", "en": "en-GB"}


def invoice_pdf(document: Document, xml: bytes) -> bytes:
    """Draw a document and join its XML, which has been checked before.

    WeasyPrint's own way to attach a file leaves two metadata blocks and a doubled entry; the library that knows
    Factur-X writes one of each.
    """
    drawn = draw_archive(invoice_html(document))
    joined: bytes = generate_from_binary(
        drawn,
        xml,
        flavor="factur-x",
        level=LEVEL,
        check_xsd=False,  # done before, with a schema that is compiled once
        check_schematron=False,  # the library would post the document to a server
        pdf_metadata=metadata_of(document),
        lang=_LANGUAGES[document.language],
        afrelationship="data",
    )
    return joined


def draw_archive(page: str) -> bytes:
    """A page as PDF/A-3b: fonts and colours are inside."""
    drawn: bytes = HTML(string=page, base_url=BASE, url_fetcher=StaticFilesOnly()).write_pdf(
        pdf_variant="pdf/a-3b"
    )
    return drawn


def metadata_of(document: Document) -> dict[str, str]:
    """Title, author, subject and keywords of the file, for people and archives."""
    with translation.override(document.language):
        title = f"{title_of(document)} {document.number}"
    return {
        "title": title,
        "author": document.seller.name,
        "subject": f"{title}, {document.issue_date:%d/%m/%Y}, {document.buyer.name}",
        "keywords": f"Factur-X, {document.type_code}",
    }
