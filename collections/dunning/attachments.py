"""What goes with a reminder: the client's statement, and copies of the invoices it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dunning.models import Reminder, ReminderLine
from invoicing.enums import Origin
from invoicing.models import Invoice, ReceivableItem
from invoicing.sending.files import attachment_of
from invoicing.statement import MOST, TooLong, own_statement_pdf
from o2c.shared import outbox_files
from o2c.shared.calendar import paris_date
from o2c.shared.outbox_files import Attachment, CannotAttach
from o2c.shared.pdf import PDF_TYPE

SOURCE: Final = "reminder_statement"
# A message carries so many copies, the longest due first; the statement names everything.
MOST_COPIES: Final = 12


def files_of(reminder: Reminder, lines: Sequence[ReminderLine]) -> list[dict[str, Any]]:
    """What a message of this reminder takes along, made when it is sent; nothing where its step says so."""
    if not reminder.step.attaches_invoices:
        return []
    with translation.override(reminder.language):
        name = _("statement-%(code)s") % {"code": reminder.account.code} + ".pdf"
    due = {line.item.invoice_id: line.due_date for line in lines if line.item.invoice_id}
    issued_here = Invoice.objects.filter(pk__in=due, origin=Origin.ISSUED)
    invoices = sorted(issued_here, key=lambda invoice: (due[invoice.pk], invoice.pk))[:MOST_COPIES]
    files = [attachment_of(invoice) for invoice in invoices]
    # Past what paper holds there is no statement: the message names what it asks for all the same.
    if ReceivableItem.objects.filter(account=reminder.account).exclude(open_amount=0).count() <= MOST:
        files.insert(0, Attachment(name, source=SOURCE, key=reminder.pk))
    return [file.as_row() for file in files]


def kept(reminder: Reminder, files: Sequence[dict[str, Any]], *, on: date) -> list[dict[str, Any]]:
    """The same for a letter that is printed here: its statement is made and kept as the book stands now."""
    return [_kept(reminder, row, on) if row.get("source") == SOURCE else row for row in files]


def _kept(reminder: Reminder, row: dict[str, Any], on: date) -> dict[str, Any]:
    return outbox_files.keep(row["name"], own_statement_pdf(reminder.account, on=on), PDF_TYPE).as_row()


def in_words(files: Sequence[dict[str, Any]]) -> list[str]:
    """What goes with a letter, as the letter itself says it."""
    copies = sum(row.get("source") != SOURCE for row in files)
    said = [_("statement of account")] if copies < len(files) else []
    if copies:
        said.append(
            ngettext("copy of %(count)s invoice", "copies of %(count)s invoices", copies) % {"count": copies}
        )
    return said


def statement(key: int) -> Attachment:
    """The client's statement of the day its reminder left (``settings.OUTBOX_SOURCES``).

    :raises CannotAttach: the reminder has not left, or too much is open for paper
    """
    rows = Reminder.objects.select_related("account__company", "account__entity")
    reminder = rows.filter(pk=key, sent_at__isnull=False).first()
    if reminder is None or reminder.sent_at is None:
        raise CannotAttach("this reminder has not left")
    day = max(reminder.as_of, paris_date(reminder.sent_at))
    try:
        content = own_statement_pdf(reminder.account, on=day)
    except TooLong as refusal:
        raise CannotAttach(str(refusal)) from refusal
    # The message gave it its name, in the client's language.
    return replace(outbox_files.keep("", content, PDF_TYPE), name="")
