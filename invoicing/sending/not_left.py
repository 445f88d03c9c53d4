"""Documents that should have left by themselves and did not: what stops each, and who is asked to mend it.

Nothing is stored for it: the work that failed says so, and what is there of the document says when it is over. A task
therefore closes by itself, whichever way the document left in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accounts.enums import TeamRole
from accounts.models import Company, TeamMember, User
from accounts.queries import in_force_on
from invoicing.einvoicing.policy import HAND_OVER
from invoicing.enums import FileKind
from invoicing.models import BuyerDetails, EInvoice, Invoice, InvoiceFile
from invoicing.services.files import NoLines
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.models import Work

from .queries import under_way
from .services import AddressesBounced, NobodyToSendTo

MAILED: Final = f"{work_table.REACTION}invoicing.sending.automatic.send_issued"
# Why a document does not leave by mail, and what to do: somebody must act, and trying again alone would not help.
TO_MEND: Final = {
    NobodyToSendTo.code: NobodyToSendTo.message,
    AddressesBounced.code: AddressesBounced.message,
    NoLines.code: NoLines.message,
}


@dataclass(frozen=True, slots=True)
class NotLeft:
    """A document that did not leave.

    :ivar why: in the reader's language where the portal refused it; else what the platform or the machine answered
    :ivar refused: the document or the client must be mended first; else trying again may do
    """

    invoice: Invoice
    by_mail: bool
    why: str
    refused: bool
    since: datetime


def not_left(
    user: User, company: Company, at: datetime, *, mails: bool, platform: bool, most: int
) -> list[NotLeft]:
    """The documents this person is asked to see to, oldest first: the ADV of the client, else all who may.

    :param mails: whether they may send documents by mail
    :param platform: whether they may hand documents over
    """
    rows: list[NotLeft] = []
    for kind, wanted in ((HAND_OVER, platform), (MAILED, mails)):
        if wanted:
            rows += _rows(kind, user, company, at, most)
    return sorted(rows, key=lambda row: (row.since, row.invoice.pk))[:most]


def _rows(kind: str, user: User, company: Company, at: datetime, most: int) -> list[NotLeft]:
    found = list(_documents(kind, user, company, at)[:most])
    failed = _failed(kind).filter(invoice__in=[invoice.pk for invoice in found]).order_by("pk")
    works = {row.invoice: row for row in failed}  # the last one of a document says why
    return [_row(invoice, works[invoice.pk]) for invoice in found if invoice.pk in works]


def _row(invoice: Invoice, work: Any) -> NotLeft:
    by_mail = work.kind == MAILED
    # What the portal itself refuses is refused at once; what went wrong on the way was tried many times.
    refused = work.attempts < work_table.MAX_ATTEMPTS
    why = str(TO_MEND.get(work.message, work.message)) if by_mail else work.message
    return NotLeft(invoice, by_mail, why, refused, work.finished_at or work.created_at)


def _failed(kind: str) -> QuerySet[Any]:
    """Work of this kind that came to a bad end and was not asked for again."""
    again = Work.objects.filter(kind=kind, key=OuterRef("key"), state=Work.State.QUEUED)
    return (
        Work.objects.filter(~Exists(again), kind=kind, state=Work.State.FAILED)
        .annotate(invoice=Cast(KT("payload__invoice_id"), BigIntegerField()))
        .order_by()
    )


def _documents(kind: str, user: User, company: Company, at: datetime) -> QuerySet[Invoice]:
    adv = TeamMember.objects.filter(
        in_force_on(paris_date(at)), account=OuterRef("account"), role=TeamRole.ADV
    )
    hands = {acting.represented_id or acting.user_id for acting in user.acting_in(company)}
    rows = (
        Invoice.objects.visible_to(user, company)
        .filter(pk__in=_failed(kind).values("invoice"))
        .filter(Q(Exists(adv.filter(user__in=hands))) | ~Exists(adv))
        .select_related("account")
        .order_by("issue_date", "pk")
    )
    if kind == MAILED:
        # Once it is on its way somebody else is told of what becomes of it; a client may want none by itself.
        never = BuyerDetails.objects.filter(
            account=OuterRef("account"), mails_documents=BuyerDetails.Mailing.NEVER
        )
        return rows.filter(~Exists(under_way().filter(invoice=OuterRef("pk"))), ~Exists(never))
    files = InvoiceFile.objects.filter(invoice=OuterRef("pk"))
    # A plain page is nothing for a platform: no trying again would hand it over.
    plain = Q(Exists(files.filter(kind=FileKind.PDF))) & ~Exists(files.filter(kind=FileKind.XML))
    return rows.filter(~Exists(EInvoice.objects.filter(invoice=OuterRef("pk"))), ~plain)


def remedy(row: NotLeft) -> str:
    """What to do about it, in one sentence for the reader."""
    if row.by_mail:
        return _("Then send it.") if row.refused else _("Try again, or send it another way.")
    if row.refused:
        return _("Correct what the rule names, then try again.")
    return _("The platform did not take it: try again once the way to it works.")
