"""Kept files of documents as answers: for pages and for the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import FileResponse, HttpResponse
from django.utils.http import content_disposition_header

from o2c.shared.pdf import PDF_TYPE

from .enums import FileKind
from .models import InvoiceFile

if TYPE_CHECKING:
    from .bundle.joining import Bundle

_TYPES: Final = {FileKind.PDF: PDF_TYPE, FileKind.XML: "application/xml"}


def file_response(found: InvoiceFile, number: str) -> FileResponse:
    """A kept file as a download, never guessed at and never run in the page's own right."""
    kind = FileKind(found.kind)
    response = FileResponse(
        found.file.open("rb"),
        as_attachment=True,
        filename=f"{number.replace('/', '_')}.{kind}",
        content_type=_TYPES[kind],
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    response["ETag"] = f'"{found.sha256}"'
    return response


def bundle_response(found: Bundle) -> HttpResponse:
    """The proofs of an invoice as a download."""
    response = HttpResponse(found.content, content_type=found.content_type)
    response["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    return response
