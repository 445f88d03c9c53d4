"""Messages that leave the house once: written with the act or its reaction, sent by the work table (design 3.20).

How to use it: make ``OutboxMessage`` rows inside your act's transaction and hand them to ``write``. Each has a
``key`` that names it for good (a second one of the same key is not written), ``kind``, ``to``, ``subject``,
``text`` (and ``html``), ``language``, ``company_id`` and ``account_id`` (who may read it), ``about_type`` and
``about_id`` (the row it is about, such as ``invoicing.invoice``), ``from_name`` and ``reply_to`` where it speaks for
a company, and ``files``: see ``outbox_files``. ``channel`` says that it leaves as a text message or by post instead
of by e-mail: ``to`` is a number of E.164 then, or the lines of an address, and ``settings.OUTBOX_CARRIERS`` names who
takes it. What became of it stands in ``state`` and ``events``; an act that must know is a reaction to
``message.bounced``. An address from which mail came back for good is not written to: ask ``delivery.bounced`` first
and name it to the person; a message that is written all the same fails when it is sent.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from typing import Any, Final

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import audit, carrying, outbox_files, work
from .mail_ids import message_id as id_of
from .models import BouncedAddress, OutboxMessage, Work
from .outbox_history import mark
from .problems import Conflict

SEND: Final = "outbox.send"
MOST_TRIES: Final = 8
# A file that is not there after this long will not come.
FILES_WITHIN: Final = timedelta(hours=2)
_FILE_PAUSE: Final = timedelta(seconds=5)
State = OutboxMessage.State
Channel = OutboxMessage.Channel
# Waits for somebody who knows what became of it, or for another try.
UNCLEAR: Final = (State.UNCERTAIN, State.FAILED)
STOPPABLE: Final = (State.WAITING, *UNCLEAR)
# The server has not taken the message: it may be tried again by itself.
_NOT_TAKEN: Final = (ConnectionRefusedError, smtplib.SMTPConnectError, smtplib.SMTPHeloError)
# The server said no: trying again would not help.
_REFUSED: Final = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
)


class NotUncertain(Conflict):
    """The message is not in a state in which somebody has to say what became of it."""

    code = "wrong_state"
    message = _("This message does not wait for an answer.")


def write(messages: Iterable[OutboxMessage]) -> int:
    """Store messages in the caller's transaction and ask for their sending; one whose key exists is not written again.

    :returns: how many were given
    """
    wanted = list(messages)
    OutboxMessage.objects.bulk_create(wanted, ignore_conflicts=True)
    keys = [message.key for message in wanted if not message.in_digest]
    due = OutboxMessage.objects.filter(key__in=keys, state=State.WAITING, attempts=0)
    if pieces := {f"message:{pk}": {"message_id": pk} for pk in due.values_list("pk", flat=True)}:
        work.add_many(SEND, pieces)
    return len(wanted)


def send(*, work: Work, message_id: int) -> dict[str, str]:
    """Work handler: send one message, or keep it as a file where no mail server is set up.

    The table counts an attempt before it begins: one that is found begun was interrupted, and nobody knows whether
    the server took the message. It becomes uncertain.
    """
    message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.state != State.WAITING:
        return {"state": message.state}
    by_mail = message.channel == Channel.EMAIL
    if by_mail and settings.EMAIL_URL and work.attempts > 1:
        _mark(message, State.UNCERTAIN, "interrupted")
    elif by_mail and "@" not in message.to and settings.EMAIL_URL:
        _mark(message, State.FAILED, "no address")
    elif BouncedAddress.objects.filter(address=message.to.lower(), lifted_at=None).exists():
        _mark(message, State.FAILED, "mail to this address came back")
    else:
        _leave(message, work.attempts)
    return {"state": message.state}


def _leave(message: OutboxMessage, attempts: int) -> None:
    """Gather what goes with it, then send it, hand it to its carrier or keep it."""
    try:
        files = _gathered(message)
        if message.channel != Channel.EMAIL:
            pause = carrying.carry(message, files, attempts=attempts, at=timezone.now())
            if pause is not None:
                _again_in(message, pause)
            return
        mail = _mail_of(message, files)
        mail.message()
    except outbox_files.StillMade:
        if timezone.now() - message.created_at > FILES_WITHIN:
            _mark(message, State.FAILED, "what goes with it was not made")
        else:
            _again_in(message, _FILE_PAUSE)
    except (outbox_files.CannotAttach, ValueError) as error:  # a header that nobody may send is a ValueError
        _mark(message, State.FAILED, str(error))
    else:
        if settings.EMAIL_URL:
            _try(message, mail)
        else:
            _keep_as_file(message, mail)


def _try(message: OutboxMessage, mail: EmailMultiAlternatives) -> None:
    message.attempts += 1
    try:
        mail.send()
    except _NOT_TAKEN as error:
        if message.attempts >= MOST_TRIES:
            _mark(message, State.FAILED, str(error))
            return
        message.error = str(error)[:500]
        message.save(update_fields=["attempts", "error"])
        _again_in(message, timedelta(seconds=min(3600, 30 * 2**message.attempts)))
    except _REFUSED as error:
        _mark(message, State.FAILED, str(error))
    except (OSError, smtplib.SMTPException) as error:
        _mark(message, State.UNCERTAIN, str(error))
    else:
        _mark(message, State.SENT, "")


def _again_in(message: OutboxMessage, pause: timedelta) -> None:
    work.add(SEND, f"message:{message.pk}", {"message_id": message.pk}, not_before=timezone.now() + pause)


def _mark(message: OutboxMessage, state: str, text: str) -> None:
    mark(message, state, at=timezone.now(), text=text)


def _gathered(message: OutboxMessage) -> list[outbox_files.Attachment]:
    """What goes with a message, each file at its place; the message names for good what goes with it."""
    files = outbox_files.resolved(message.files)
    rows = [file.as_row() for file in files]
    if rows != message.files:
        message.files = rows
        message.save(update_fields=["files"])
    return files


def _mail_of(message: OutboxMessage, files: Sequence[outbox_files.Attachment]) -> EmailMultiAlternatives:
    portal = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    mail = EmailMultiAlternatives(
        message.subject,
        message.text,
        from_email=formataddr((message.from_name, portal)) if message.from_name else None,
        to=[message.to],
        cc=[address for address in message.cc.split(",") if address],
        reply_to=[message.reply_to] if message.reply_to else None,
        # The same on every attempt, so that a receiver can tell a double.
        headers={"Message-ID": id_of(message.pk), "Auto-Submitted": "auto-generated"},
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    for name, content, content_type in outbox_files.contents(files):
        mail.attach(name, content, content_type)
    return mail


def _keep_as_file(message: OutboxMessage, mail: EmailMultiAlternatives) -> None:
    name = f"outbox/{message.pk}.eml"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(mail.message().as_bytes()))


def answer(*, message_id: int, arrived: bool, by: Any, at: datetime) -> OutboxMessage:
    """Say what became of an uncertain or failed message: it arrived, or it is to be sent again.

    :raises NotUncertain: it waits, was sent or cancelled
    """
    with transaction.atomic():
        message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
        if message.state not in UNCLEAR:
            raise NotUncertain
        if arrived:
            mark(message, State.SENT, at=at, by=by)
        else:
            message.attempts = 0
            mark(message, State.WAITING, at=at, by=by)
            work.add(SEND, f"message:{message.pk}", {"message_id": message.pk})
        _record("message.arrived" if arrived else "message.sent_again", message, by, at)
        return message


def cancel(*, message_id: int, by: Any, at: datetime) -> OutboxMessage:
    """Keep a message that waits from being sent.

    :raises NotUncertain: it has left, or was cancelled
    """
    with transaction.atomic():
        message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
        if message.state not in STOPPABLE:
            raise NotUncertain
        mark(message, State.CANCELLED, at=at, by=by)
        _record("message.cancelled", message, by, at)
        return message


def _record(action: str, message: OutboxMessage, by: Any, at: datetime) -> None:
    audit.record(action, message, by=by, at=at, label=message.kind)


def waiting_for_digest() -> list[OutboxMessage]:
    """Messages that go with the next digest, by person, locked until they are carried."""
    rows = OutboxMessage.objects.filter(state=State.WAITING, in_digest=True, digest=None)
    return list(rows.select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("user_id", "pk"))
