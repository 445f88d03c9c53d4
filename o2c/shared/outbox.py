"""Messages that leave the house once: written with the act's reaction, sent by the work table (design 3.20)."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import audit, work
from .models import OutboxMessage, Work
from .problems import Conflict

SEND: Final = "outbox.send"
MOST_TRIES: Final = 8
State = OutboxMessage.State
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
    if not settings.EMAIL_URL:
        _keep_as_file(message)
    elif work.attempts > 1:
        _mark(message, State.UNCERTAIN, "interrupted")
    elif "@" not in message.to:
        _mark(message, State.FAILED, "no address")
    else:
        _try(message)
    return {"state": message.state}


def _try(message: OutboxMessage) -> None:
    message.attempts += 1
    try:
        _mail_of(message).send()
    except _NOT_TAKEN as error:
        if message.attempts >= MOST_TRIES:
            _mark(message, State.FAILED, str(error))
            return
        message.error = str(error)[:500]
        message.save(update_fields=["attempts", "error"])
        pause = timedelta(seconds=min(3600, 30 * 2**message.attempts))
        work.add(SEND, f"message:{message.pk}", {"message_id": message.pk}, not_before=timezone.now() + pause)
    except _REFUSED as error:
        _mark(message, State.FAILED, str(error))
    except (OSError, smtplib.SMTPException) as error:
        _mark(message, State.UNCERTAIN, str(error))
    else:
        _mark(message, State.SENT, "")


def _mark(message: OutboxMessage, state: str, error: str) -> None:
    message.state, message.error = state, error[:500]
    message.sent_at = timezone.now() if state == State.SENT else None
    message.save(update_fields=["state", "error", "sent_at", "attempts"])
    if state == State.SENT:
        message.carries.filter(state=State.WAITING).update(state=State.SENT, sent_at=message.sent_at)


def _mail_of(message: OutboxMessage) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        message.subject,
        message.text,
        to=[message.to],
        cc=[address for address in message.cc.split(",") if address],
        # The same on every attempt, so that a receiver can tell a double.
        headers={"Message-ID": f"<outbox-{message.pk}@o2c>", "Auto-Submitted": "auto-generated"},
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    return mail


def _keep_as_file(message: OutboxMessage) -> None:
    name = f"outbox/{message.pk}.eml"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(_mail_of(message).message().as_bytes()))


def answer(*, message_id: int, arrived: bool, by: Any, at: datetime) -> OutboxMessage:
    """Say what became of an uncertain or failed message: it arrived, or it is to be sent again.

    :raises NotUncertain: it waits, was sent or cancelled
    """
    with transaction.atomic():
        message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
        if message.state not in (State.UNCERTAIN, State.FAILED):
            raise NotUncertain
        if arrived:
            _mark(message, State.SENT, "")
        else:
            message.state, message.attempts, message.error = State.WAITING, 0, ""
            message.save(update_fields=["state", "attempts", "error"])
            work.add(SEND, f"message:{message.pk}", {"message_id": message.pk})
        _record("message.arrived" if arrived else "message.sent_again", message, by, at)
        return message


def cancel(*, message_id: int, by: Any, at: datetime) -> OutboxMessage:
    """Keep a message that waits from being sent.

    :raises NotUncertain: it has left, or was cancelled
    """
    with transaction.atomic():
        message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
        if message.state == State.SENT or message.state == State.CANCELLED:
            raise NotUncertain
        _mark(message, State.CANCELLED, "")
        _record("message.cancelled", message, by, at)
        return message


def _record(action: str, message: OutboxMessage, by: Any, at: datetime) -> None:
    audit.record(action, message, by=by, at=at, label=message.kind)


def waiting_for_digest() -> list[OutboxMessage]:
    """Messages that go with the next digest, by person, locked until they are carried."""
    rows = OutboxMessage.objects.filter(state=State.WAITING, in_digest=True, digest=None)
    return list(rows.select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("user_id", "pk"))
