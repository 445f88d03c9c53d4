"""Pages as PDF files, with our own fonts and nothing from elsewhere."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.http import content_disposition_header

PDF_TYPE: Final = "application/pdf"


def render_pdf(template: str, context: dict[str, Any], *, language: str) -> bytes:
    """Draw a template as a PDF file in one language.

    The same content gives the same pages.

    :param template: a page that extends ``pdf/base.html``
    """
    # Two seconds and 40 MB, for processes that draw something only.
    from .pdf_engine import draw

    with translation.override(language):
        page = render_to_string(template, {**context, "language": language})
    return draw(page)


def pdf_response(content: bytes, name: str, *, attached: bool = True) -> HttpResponse:
    """A PDF file as an answer: never guessed at, never run in the page's own right."""
    response = HttpResponse(content, content_type=PDF_TYPE)
    response["Content-Disposition"] = content_disposition_header(attached, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    return response
