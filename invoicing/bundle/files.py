"""The bundle of an invoice for who asks for it, and as a file that goes with a message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from accounts.models import User
from invoicing.enums import FileKind
from invoicing.models import Invoice
from invoicing.sending import files as documents
from invoicing.services.files import file_of
from o2c.shared import outbox_files
from o2c.shared.outbox_files import Attachment, CannotAttach

if TYPE_CHECKING:
    from .joining import Bundle

SOURCE: Final = "bundle"
# Mail servers refuse more, once it is written as text.
_MOST_BY_MAIL: Final = 15 * 1024 * 1024


def bundle_for(invoice: Invoice, *, by: User, at: datetime, wait: Callable[[], bool] | None = None) -> Bundle:
    """Everything that proves an invoice, in one file.

    :param invoice: one this user may see
    :raises NotIssuedHere, NoLines, DocumentRefused, StillMade: as ``services.file_of``
    """
    file_of(invoice, FileKind.PDF, by=by, wait=wait)
    return _made(invoice, at)


def attachment_of(invoice: Invoice) -> Attachment:
    """What a message that takes the proofs names: they are joined when it is sent."""
    return Attachment(f"{invoice.number}-annexes.pdf", source=SOURCE, key=invoice.pk)


def bundle(key: int) -> Attachment:
    """The proofs of a document (``settings.OUTBOX_SOURCES``).

    :raises StillMade: its PDF is not there yet
    :raises CannotAttach: it may not leave, or the proofs are too large for a mail
    """
    documents.pdf(key)
    invoice = Invoice.objects.select_related("company", "account__entity", "order").get(pk=key)
    made = _made(invoice, timezone.now())
    if len(made.content) > _MOST_BY_MAIL:
        raise CannotAttach("the proofs are larger than a mail server takes")
    return outbox_files.keep(made.name, made.content, made.content_type)


def _made(invoice: Invoice, at: datetime) -> Bundle:
    # The engines take time and memory: only a process that joins loads them.
    from .contents import pieces_of
    from .joining import bundle_of

    return bundle_of(invoice, pieces_of(invoice, at=at))
