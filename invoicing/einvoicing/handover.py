"""Handing issued documents over to the platform: asked for by a person, or at the issue where the company wants it;
done by the worker once the file is proved."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from invoicing.enums import FileKind, Origin
from invoicing.models import EInvoice, Invoice, InvoiceFile
from invoicing.services import files
from o2c.shared import work as work_table
from o2c.shared.models import Work
from o2c.shared.problems import Conflict

from .policy import HAND_OVER
from .services import NotOnPlatforms, deposit, invoice_on_platforms

WORK: Final = HAND_OVER
MOST_AT_ONCE: Final = 500


class HandedOver(Conflict):
    code = "handed_over"
    message = gettext_lazy("The platform has this invoice already.")


class PlainOnly(Conflict):
    code = "plain_only"
    message = gettext_lazy(
        "This client has no address for e-invoices: the invoice exists as PDF alone, send it by mail."
    )


def ask(*, invoice_id: int, by: User, at: datetime) -> Work:
    """Ask that an invoice is handed over; asked twice, the same work answers.

    :raises NotOnPlatforms: a document of nothing, or one that was not issued here
    :raises HandedOver: the platform has it
    :raises PlainOnly: it has no file for platforms
    """
    del at  # the time of the hand-over is that of the work
    with transaction.atomic():
        invoice = invoice_on_platforms(invoice_id, by)
        if invoice.origin != Origin.ISSUED or not invoice.lines.exists():
            raise NotOnPlatforms
        if EInvoice.objects.filter(invoice=invoice).exists():
            raise HandedOver
        if files.is_plain(invoice):
            raise PlainOnly
        key = f"invoice:{invoice.pk}"
        made = work_table.add(WORK, key, {"invoice_id": invoice.pk}, requested_by=by)
        if made is not None:
            return Work.objects.get(pk=made)
        waiting = Work.objects.filter(kind=WORK, key=key).order_by("-pk").first()
        assert waiting is not None
        return waiting


def hand_over(*, work: Work, invoice_id: int) -> dict[str, Any]:
    """Work handler: make and prove the file where that is not done yet, then hand it over, once.

    :raises GiveUp: the document breaks a rule; the message says which
    """
    result = files.make(work=work, invoice_id=invoice_id)
    invoice = Invoice.objects.get(pk=invoice_id)
    if findings := result.get("findings"):
        first = findings[0]
        raise work_table.GiveUp(
            _("%(number)s does not leave: %(rule)s, %(message)s")
            % {"number": invoice.number, "rule": first["code"], "message": first["message"]}
        )
    kept = InvoiceFile.objects.filter(invoice=invoice, kind=FileKind.XML).first()
    if kept is None and work.requested_by is None:
        # Nobody asked for this one: a client without an address for e-invoices gets the PDF file.
        return {"invoice": invoice.number, "handed_over": False, "why": PlainOnly.code}
    if kept is None:
        raise work_table.GiveUp(str(PlainOnly.message))
    with kept.file.open("rb") as file:
        content = file.read()
    event = deposit(invoice_id=invoice_id, content=content, by=work.requested_by, at=timezone.now())
    return {"invoice": invoice.number, "handed_over": event is not None}


def waiting_for(invoice: Invoice) -> Work | None:
    """The last hand-over that was asked for and has not come to its end, or ended badly."""
    row = Work.objects.filter(kind=WORK, key=f"invoice:{invoice.pk}").order_by("-pk").first()
    return row if row is not None and row.state != Work.State.DONE else None
