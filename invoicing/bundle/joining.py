"""Pieces joined behind a cover that lists them; what cannot be joined goes beside the PDF into an archive."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import pikepdf
from django.utils import translation
from django.utils.translation import gettext as _

from invoicing.models import Invoice
from o2c.shared import formats
from o2c.shared.outbox_files import safe_name
from o2c.shared.pdf import PDF_TYPE, render_pdf
from orders.paper import language_of, paper_facts

from .contents import Piece

ZIP_TYPE: Final = "application/zip"
# Beyond, a piece is no paper that somebody reads: it goes beside.
_MOST_PAGES: Final = 300


@dataclass(frozen=True)
class Bundle:
    """A file with everything in it."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class _Placed:
    """A piece with its bytes, and its pages where it can be joined."""

    piece: Piece
    content: bytes | None
    pages: int = 0

    @property
    def is_beside(self) -> bool:
        return self.content is not None and not self.pages


def bundle_of(invoice: Invoice, pieces: Sequence[Piece]) -> Bundle:
    """Join the pieces of an invoice, in the client's language."""
    placed = [_placed(piece) for piece in pieces]
    language = language_of(invoice.account)
    length = _pages(_cover(invoice, placed, language, 1))
    cover = _cover(invoice, placed, language, length)
    with translation.override(language):
        stem = safe_name(_("Proofs of %(number)s") % {"number": invoice.number})
    whole = joined([cover, *(each.content for each in placed if each.pages and each.content)])
    beside = [each for each in placed if each.is_beside]
    if not beside:
        return Bundle(f"{stem}.pdf", whole, PDF_TYPE)
    return Bundle(f"{stem}.zip", _archive(f"{stem}.pdf", whole, beside), ZIP_TYPE)


def _placed(piece: Piece) -> _Placed:
    content = piece.read() if piece.read else None
    pages = _pages(content) if content and piece.content_type == PDF_TYPE else 0
    return _Placed(piece, content, pages if pages <= _MOST_PAGES else 0)


def _pages(content: bytes) -> int:
    """How many pages a PDF has; 0 where it cannot be read, or asks for a password."""
    try:
        with pikepdf.open(BytesIO(content)) as pdf:
            return 0 if pdf.is_encrypted else len(pdf.pages)
    except Exception:  # whatever a damaged or hostile file does to the library, it is not joined
        return 0


def joined(contents: Sequence[bytes]) -> bytes:
    """The pages of all, without what their files would do by themselves."""
    out = BytesIO()
    with pikepdf.Pdf.new() as whole:
        opened = [pikepdf.open(BytesIO(content)) for content in contents]
        for pdf in opened:
            whole.pages.extend(pdf.pages)
        for page in whole.pages:
            if "/AA" in page.obj:
                del page.obj["/AA"]
        whole.save(out, deterministic_id=True)
        for pdf in opened:
            pdf.close()
    return out.getvalue()


def _cover(invoice: Invoice, placed: Sequence[_Placed], language: str, first: int) -> bytes:
    """The list of what is there, where it stands and what is missing.

    :param first: pages of the cover itself, before the first piece
    """
    rows, page = [], first + 1
    with translation.override(language):
        for each in placed:
            rows.append(_row(each, page))
            page += each.pages
        kind = str(invoice.get_kind_display())
    context: dict[str, Any] = {
        "company": invoice.company,
        "account": invoice.account,
        "siren": formats.siren(invoice.company.siren) if invoice.company.siren else "",
        "client_siren": formats.siren(invoice.account.siren) if invoice.account.siren else "",
        "invoice": invoice,
        "kind": kind,
        "issued_on": formats.date_long(invoice.issue_date, language),
        "total": formats.money(abs(invoice.total_incl_vat), language, invoice.currency),
        "rows": rows,
        "is_whole": not any(each.piece.is_missing for each in placed),
        **paper_facts(invoice.company, invoice.account),
    }
    return render_pdf("pdf/bundle.html", context, language=language)


def _row(each: _Placed, page: int) -> dict[str, str]:
    piece = each.piece
    if each.pages:
        place = str(page) if each.pages == 1 else f"{page}–{page + each.pages - 1}"
    elif each.is_beside:
        place = _("file beside")
    else:
        place = _("missing") if piece.is_missing else _("no file")
    return {
        "kind": str(piece.kind.label),
        "title": piece.title,
        "day": formats.date_short(piece.day) if piece.day else "",
        "place": place,
        "is_missing": "1" if piece.is_missing else "",
    }


def _archive(name: str, joined: bytes, beside: Sequence[_Placed]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, joined)
        for number, each in enumerate(beside, start=1):
            archive.writestr(f"{number:02d} {safe_name(each.piece.title)}", each.content or b"")
    return out.getvalue()
