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
    invoice: Invoice, kind: FileKind, *, by: User, wait: Callable[[], bool] | None = None
) -> InvoiceFile:
    """Return a file of an issued document; the first to ask has it made by the worker and waits a while.

    :param invoice: one this user may see
    :param wait: called between looks; False ends the waiting. By the clock when left out (``INVOICE_FILE_WAIT``)
    :raises NotIssuedHere: a document taken over from elsewhere
    :raises NoLines: it was issued without lines
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
            findings = [FileFinding(**each) for each in row.result.get("findings", ())]
            raise DocumentRefused(findings=findings)
        if not wait():
            raise StillMade(row)


def make(*, work: Work, invoice_id: int) -> dict[str, Any]:
    """Make both files of a document and keep them (work row); findings instead where it breaks a rule.

    A second pass finds them kept and does nothing.
    """
    # The engines take two seconds and 150 MB: only the worker draws and proves.
    from invoicing.facturx.checks import failures
    from invoicing.facturx.cii import cii_xml
    from invoicing.facturx.joined import invoice_pdf

    invoice = Invoice.objects.select_related("company", "account__entity", "order", "corrects").get(
        pk=invoice_id
    )
    if invoice.files.count() == len(FileKind.choices):
        return {}
    document = document_of(invoice)
    xml = cii_xml(document)
    broken = failures(xml)
    if broken:
        return {
            "findings": [
                asdict(FileFinding(each.rule or each.source, each.source, each.message, each.place))
                for each in broken
            ]
        }
    pdf, at = invoice_pdf(document, xml), timezone.now()
    try:
        with transaction.atomic():
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


def _kept(invoice: Invoice, kind: FileKind) -> InvoiceFile | None:
    return InvoiceFile.objects.filter(invoice=invoice, kind=kind).first()


def _asked(invoice: Invoice, by: User) -> Work:
    """The work that makes them: a new row, or the one that waits already."""
    key = f"invoice:{invoice.pk}:{by.pk}"
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
