"""The PDF of a document as a file that goes with a message: made when the message is sent, if it is not there yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from invoicing.enums import FileKind, Origin
from invoicing.models import Invoice, InvoiceFile
from invoicing.services import files
from o2c.shared import work
from o2c.shared.models import Work
from o2c.shared.outbox_files import Attachment, CannotAttach, StillMade
from o2c.shared.pdf import PDF_TYPE

SOURCE: Final = "invoice"
_ANSWER_HOLDS: Final = timedelta(minutes=5)


def attachment_of(invoice: Invoice) -> Attachment:
    """What a message that takes this document names: the file is asked for when it is sent."""
    return Attachment(f"{invoice.number}.pdf", source=SOURCE, key=invoice.pk)


def pdf(key: int) -> Attachment:
    """The kept PDF of a document (``settings.OUTBOX_SOURCES``); the first call has it made.

    :raises StillMade: it is not there yet
    :raises CannotAttach: it may not leave, or was issued elsewhere
    """
    invoice = Invoice.objects.filter(pk=key).first()
    if invoice is None or invoice.origin != Origin.ISSUED:
        raise CannotAttach("this document was not issued here")
    found = InvoiceFile.objects.filter(invoice=invoice, kind=FileKind.PDF).first()
    if found is not None:
        return Attachment(f"{invoice.number}.pdf", str(found.file.name), found.sha256, PDF_TYPE)
    row = Work.objects.filter(kind=files.WORK, key=_key(invoice)).order_by("-pk").first()
    if row is None or _is_old(row):
        work.add(files.WORK, _key(invoice), {"invoice_id": invoice.pk})
    elif row.finished_at is not None:
        findings = row.result.get("findings", ())
        raise CannotAttach("; ".join(f"{each['code']} {each['message']}" for each in findings) or row.message)
    raise StillMade


def _is_old(row: Work) -> bool:
    """Whether what was found then may be otherwise by now: sent again, the document is tried again."""
    return row.finished_at is not None and timezone.now() - row.finished_at > _ANSWER_HOLDS


def _key(invoice: Invoice) -> str:
    return f"mail:{invoice.pk}"
