"""The files of an issued document: made once by the worker, proved before they are kept, the same ever after."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from invoicing.enums import FileKind, Origin
from invoicing.facturx.document import NotIssuedHere, document_of
from invoicing.models import Invoice, InvoiceFile
from o2c.shared import audit, work
from o2c.shared.models import Work
from o2c.shared.problems import Conflict, RuleRefused

WORK: Final = "invoicing.files"
_PAUSE: Final = 0.1


class NoLines(Conflict):
    code = "no_lines"
    message = _("This document has no lines: a file cannot say what it bills.")


class DocumentRefused(RuleRefused):
    code = "document_refused"
    message = _("The document breaks rules for e-invoices and does not leave. Each finding says which.")


class NoEInvoice(RuleRefused):
    code = "no_einvoice"
    message = _("This client has no address for e-invoices: its document is a plain PDF, without XML.")


class StillMade(Exception):
    """The file is being made still: whoever waits may ask again, or look at the work.

    :ivar work: the row of the work table
    """

    def __init__(self, row: Work) -> None:
        self.work = row
        super().__init__(f"work {row.pk}")


@dataclass(frozen=True)
class FileFinding:
    """A rule that a document breaks, in the shape of the contract."""

    code: str
    source: str
    message: str
    place: str
    severity: str = "block"


def file_of(
    invoice: Invoice, kind: FileKind, *, by: User | None, wait: Callable[[], bool] | None = None
) -> InvoiceFile:
    """Return a file of an issued document; the first to ask has it made by the worker and waits a while.

    :param invoice: one this user may see
    :param by: None for the client itself, through its link
    :param wait: called between looks; False ends the waiting. By the clock when left out (``INVOICE_FILE_WAIT``)
    :raises NotIssuedHere: a document taken over from elsewhere
    :raises NoLines: it was issued without lines
    :raises NoEInvoice: the XML of a document that was made as a plain PDF
    :raises DocumentRefused: it breaks rules of EN 16931 or of the French reform
    :raises StillMade: nothing yet after the wait
    """
    found = _kept(invoice, kind)
    if found is not None:
        return found
    if invoice.origin != Origin.ISSUED:
        raise NotIssuedHere
    if not invoice.lines.exists():
        raise NoLines
    if kind == FileKind.XML and is_plain(invoice):
        raise NoEInvoice
    row = _asked(invoice, by)
    wait = wait or _until(settings.INVOICE_FILE_WAIT)
    while True:
        found = _kept(invoice, kind)
        if found is not None:
            return found
        row.refresh_from_db()
        if row.state in {Work.State.DONE, Work.State.FAILED}:
            # Looked at once more: it may have been kept between both looks.
            found = _kept(invoice, kind)
            if found is not None:
                return found
            if is_plain(invoice):
                raise NoEInvoice
            findings = [FileFinding(**each) for each in row.result.get("findings", ())]
            raise DocumentRefused(findings=findings)
        if not wait():
            raise StillMade(row)


def make(*, work: Work, invoice_id: int) -> dict[str, Any]:
    """Make both files of a document and keep them (work row); findings instead where it breaks a rule.

    A client to whom no e-invoice can be addressed gets the page alone. A second pass finds it kept and does nothing.
    """
    # The engines take two seconds and 150 MB: only the worker draws and proves.
    from invoicing.facturx.checks import failures
    from invoicing.facturx.cii import cii_xml
    from invoicing.facturx.joined import draw_archive, invoice_pdf
    from invoicing.facturx.page import invoice_html
    from invoicing.facturx.plain import plain_suffices

    invoice = Invoice.objects.select_related("company", "account__entity", "order", "corrects").get(
        pk=invoice_id
    )
    if _kept(invoice, FileKind.PDF) is not None:
        return {}
    document = document_of(invoice)
    xml = cii_xml(document)
    broken = failures(xml)
    plain = plain_suffices(document.buyer, broken)
    if broken and not plain:
        return {
            "findings": [
                asdict(FileFinding(each.rule or each.source, each.source, each.message, each.place))
                for each in broken
            ]
        }
    pdf = draw_archive(invoice_html(document)) if plain else invoice_pdf(document, xml)
    at = timezone.now()
    try:
        with transaction.atomic():
            if not plain:
                keep(invoice, FileKind.XML, xml, at=at)
            keep(invoice, FileKind.PDF, pdf, at=at)
    except IntegrityError:  # somebody else's work was faster: its files are the ones
        return {}
    audit.record("invoice.files_made", invoice, by=work.requested_by, at=at)
    return {}


def keep(invoice: Invoice, kind: FileKind, content: bytes, *, at: datetime) -> InvoiceFile:
    """Keep a file of a document for good."""
    name = f"{uuid.uuid4().hex}.{kind}"
    return InvoiceFile.objects.create(
        invoice=invoice,
        kind=kind,
        file=ContentFile(content, name=name),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        made_at=at,
    )


def is_plain(invoice: Invoice) -> bool:
    """Whether the file of a document is a plain PDF: made, and without XML."""
    kinds = set(InvoiceFile.objects.filter(invoice=invoice).values_list("kind", flat=True))
    return kinds == {FileKind.PDF}


def _kept(invoice: Invoice, kind: FileKind) -> InvoiceFile | None:
    return InvoiceFile.objects.filter(invoice=invoice, kind=kind).first()


def _asked(invoice: Invoice, by: User | None) -> Work:
    """The work that makes them: a new row, or the one that waits already."""
    key = f"invoice:{invoice.pk}:{by.pk if by else 'client'}"
    with transaction.atomic():
        made = work.add(WORK, key, {"invoice_id": invoice.pk}, requested_by=by)
    if made is not None:
        return Work.objects.get(pk=made)
    found = Work.objects.filter(kind=WORK, key=key).order_by("-pk").first()
    assert found is not None
    return found


def _until(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds

    def wait() -> bool:
        time.sleep(_PAUSE)
        return time.monotonic() < end

    return wait
