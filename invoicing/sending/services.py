"""Sending documents to clients (features F8): written with the act, once per address unless asked again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from invoicing.bundle import files as bundle_files
from invoicing.enums import Origin
from invoicing.models import DocumentMail, Invoice, SellerDetails
from invoicing.services.files import NoLines
from invoicing.services.shared import require
from o2c.shared import audit, delivery, outbox
from o2c.shared.locking import retrying
from o2c.shared.models import OutboxMessage
from o2c.shared.outbox_files import Attachment
from o2c.shared.problems import Conflict, NotFound, RuleRefused

from .files import attachment_of
from .letters import letter_for
from .policy import Addressee, LeftOut, hindrances
from .queries import addressees_of, under_way

RIGHT: Final = "invoicing.send"
KIND: Final = "invoice.mailed"
MOST_AT_ONCE: Final = 200


class NothingToSend(RuleRefused):
    code = "not_issued_here"
    message = _("This document was issued elsewhere: there is no file of it to send.")


class NobodyToSendTo(RuleRefused):
    code = "no_recipient"
    message = _("No contact of this client has an e-mail address for invoices. Add one on the client’s page.")


class AddressesBounced(RuleRefused):
    code = "address_bounced"
    message = _("Mail to this client came back. Correct the address, or say that it works again.")


class SentAlready(Conflict):
    code = "sent_already"
    message = _("This document was sent already. Ask for it to be sent again.")


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of the wish to send a document."""

    invoice: Invoice
    messages: tuple[OutboxMessage, ...]
    left_out: tuple[tuple[Addressee, LeftOut], ...]


@retrying
def send_document(
    *,
    invoice_id: int,
    again: bool = False,
    proofs: bool = False,
    trusted: Collection[str] = (),
    by: User | None,
    at: datetime,
) -> Sending:
    """Send a document to the client's contacts for invoices, one message an address.

    :param again: also to addresses that have it already; what is on its way is never doubled
    :param proofs: with the client's order, our confirmation and the delivery notes; also to those who have the document
    :param trusted: addresses that came back once and work again, in the word of whoever asks
    :param by: None where the portal itself sends it after issue
    :raises NothingToSend: issued elsewhere
    :raises NobodyToSendTo: no contact has an address
    :raises AddressesBounced: none of the addresses takes mail; nothing is written
    :raises SentAlready: every address has it; nothing is written
    """
    with transaction.atomic():
        invoice = sendable(invoice_id, by)
        # One sending of a client's documents at a time: what has left is read under the lock.
        CustomerAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=invoice.account_id)
        found = addressees_of(invoice.account)
        if not found.chosen:
            raise NobodyToSendTo
        addresses = [each.address for each in found.chosen]
        if trusted and by is not None:
            wanted = {address.lower() for address in addresses}
            delivery.trust([each for each in trusted if each.lower() in wanted], by=by, at=at)
        before = {row.address: row for row in under_way().filter(invoice=invoice).select_related("message")}
        judged = hindrances(
            found.chosen,
            under_way={address: row.message.state for address, row in before.items()},
            bounced=delivery.bounced(addresses),
            again=again or proofs,
        )
        left_out = tuple((each, why) for each, why in judged.items() if why is not None)
        wanted_now = [each for each, why in judged.items() if why is None]
        if not wanted_now:
            raise _why_not(left_out)
        files = [attachment_of(invoice), *([bundle_files.attachment_of(invoice)] if proofs else [])]
        written = _write(invoice, wanted_now, files, keep=addresses, by=by, at=at)
        return Sending(invoice, written, left_out)


def sendable(invoice_id: int, by: User | None) -> Invoice:
    """The document, if this person may send it and there is a file to send.

    :raises NotFound: there is none, or it is not this user's to see
    :raises NothingToSend: issued elsewhere
    :raises NoLines: it was issued without lines
    """
    seen = Invoice.objects.all() if by is None else Invoice.objects.visible_to(by)
    invoice = seen.select_related("company", "account").filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound(code="invoice_not_found")
    if by is not None:
        require(by, RIGHT, invoice.company_id)
    if invoice.origin != Origin.ISSUED:
        raise NothingToSend
    if not invoice.lines.exists():
        raise NoLines
    return invoice


def _why_not(left_out: Sequence[tuple[Addressee, LeftOut]]) -> RuleRefused | SentAlready:
    dead = [each.address for each, why in left_out if why == LeftOut.BOUNCED]
    if dead and len(dead) == len(left_out):
        return AddressesBounced(errors={"to": dead})
    return SentAlready()


def _write(
    invoice: Invoice,
    chosen: Sequence[Addressee],
    files: Sequence[Attachment],
    *,
    keep: Collection[str],
    by: User | None,
    at: datetime,
) -> tuple[OutboxMessage, ...]:
    """Write the messages; a row of an address that is written again, or is none of the client's any more, is over."""
    small = {each.address.lower() for each in chosen}
    current = DocumentMail.objects.filter(invoice=invoice, superseded_at=None)
    over = current.filter(address__in=small) | current.exclude(address__in={one.lower() for one in keep})
    over.update(superseded_at=at)
    round_number = DocumentMail.objects.filter(invoice=invoice).count()
    messages = [_message(invoice, each, files, round_number, at) for each in chosen]
    outbox.write(messages)
    stored = OutboxMessage.objects.in_bulk([message.key for message in messages], field_name="key")
    DocumentMail.objects.bulk_create(
        DocumentMail(
            invoice=invoice,
            message=stored[message.key],
            address=each.address.lower(),
            role=each.role,
            asked_by=by,
            asked_at=at,
        )
        for each, message in zip(chosen, messages, strict=True)
    )
    audit.record(
        KIND,
        invoice,
        by=by,
        at=at,
        label=invoice.number,
        company_id=invoice.company_id,
        account_id=invoice.account_id,
        after={"messages": len(messages), "to": sorted({str(each.role) for each in chosen})}
        | ({"proofs": True} if len(files) > 1 else {}),
    )
    return tuple(stored[message.key] for message in messages)


def _message(
    invoice: Invoice, to: Addressee, files: Sequence[Attachment], round_number: int, at: datetime
) -> OutboxMessage:
    letter = letter_for(invoice)
    details = SellerDetails.objects.filter(company=invoice.company).first()
    place = hashlib.sha256(to.address.lower().encode()).hexdigest()[:16]
    return OutboxMessage(
        kind=KIND,
        key=f"{KIND}:{invoice.pk}:{round_number}:{place}",
        company_id=invoice.company_id,
        account_id=invoice.account_id,
        to=to.address,
        from_name=" ".join(invoice.company.name.split()),
        reply_to=details.email if details else "",
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        language=letter.language,
        files=[file.as_row() for file in files],
        about_type=invoice._meta.label_lower,
        about_id=invoice.pk,
        created_at=at,
    )
