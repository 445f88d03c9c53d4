"""What became of messages that left: reports of mail servers noted, addresses that take no mail named and freed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from . import audit, bounces, work
from .bounces import Action, Report
from .mail_ids import key_in
from .models import BouncedAddress, OutboxEvent, OutboxMessage
from .outbox_history import mark, note
from .problems import Refusal

State = OutboxMessage.State
What = OutboxEvent.What
BOUNCED: Final = "message.bounced"
# From these a report changes the state; a message that was stopped or refused by our own server has not left.
_MAY_BOUNCE: Final = frozenset({State.WAITING, State.SENT, State.DELIVERED, State.UNCERTAIN, State.BOUNCED})
_MAY_ARRIVE: Final = frozenset({State.WAITING, State.SENT, State.UNCERTAIN})


class NotAReport(Refusal):
    """What was given is no delivery status notification."""

    code = "not_a_report"
    message = _("This is no delivery report of a mail server.")


class NotOurMessage(Refusal):
    """A notification about a message that did not leave from here."""

    code = "unknown_message"
    message = _("This report is about no message of this portal.")


@dataclass(frozen=True, slots=True)
class Heard:
    """What one report said of a message of ours.

    :ivar is_new: whether it had not been heard before
    """

    message: OutboxMessage
    report: Report
    is_new: bool


def take(content: bytes, *, at: datetime, by: Any = None) -> list[Heard]:
    """Read what a mail server says and note it with the message it is about; said again it changes nothing.

    :param content: the notification as it came, headers and all
    :param by: who handed it in; None where it lay in the folder
    :raises NotAReport: an ordinary message, or nothing that can be read
    :raises NotOurMessage: about something that did not leave from here
    """
    try:
        found = bounces.read(content)
    except bounces.NotAReport as error:
        raise NotAReport(errors={"message": [str(error)]}) from error
    keys = [key for key in map(key_in, found.message_ids) if key is not None]
    with transaction.atomic():
        message = OutboxMessage.objects.select_for_update(no_key=True).filter(pk__in=keys[:1]).first()
        if message is None:
            raise NotOurMessage
        return [_take_one(message, report, at=at, by=by) for report in found.reports]


def note_report(message: OutboxMessage, report: Report, *, at: datetime) -> Heard:
    """Note what a carrier says of a locked message, about the number or address it went to; said again: nothing."""
    return _take_one(message, replace(report, recipient=message.to), at=at, by=None)


def _take_one(message: OutboxMessage, report: Report, *, at: datetime, by: Any) -> Heard:
    digest = report.digest()
    if message.events.filter(report=digest).exists():
        return Heard(message, report, is_new=False)
    said = {"code": report.code, "recipient": report.recipient, "report": digest}
    copied = report.recipient in message.cc.lower().split(",") and report.recipient != message.to.lower()
    if report.action == Action.FAILED and not copied and message.state in _MAY_BOUNCE:
        _come_back(message, report, at=at, by=by, said=said)
    elif report.action == Action.DELIVERED and not copied and message.state in _MAY_ARRIVE:
        mark(message, State.DELIVERED, at=at, text=report.text, by=by, **said)
        BouncedAddress.objects.filter(address=message.to.lower(), lifted_at=None).update(lifted_at=at)
    else:
        what = What.RELAYED if report.action == Action.EXPANDED else What(_WORDS[report.action])
        if message.state == State.UNCERTAIN and not copied:  # somebody else has it: so it was sent
            mark(message, State.SENT, at=at, by=by)
        note(message, what, at=at, text=report.text, by=by, **said)
    return Heard(message, report, is_new=True)


_WORDS: Final = {
    Action.FAILED: "bounced",
    Action.DELAYED: "delayed",
    Action.DELIVERED: "delivered",
    Action.RELAYED: "relayed",
    Action.EXPANDED: "relayed",
}


def _come_back(
    message: OutboxMessage, report: Report, *, at: datetime, by: Any, said: dict[str, str]
) -> None:
    hard = report.is_hard
    mark(message, State.BOUNCED, at=at, text=report.text, bounce="hard" if hard else "soft", by=by, **said)
    if hard:
        row = BouncedAddress(
            address=message.to.lower(), message=message, code=report.code, text=report.text, at=at
        )
        BouncedAddress.objects.bulk_create([row], ignore_conflicts=True)
    audit.record(
        BOUNCED, message, by=by, at=at, label=message.kind, after={"how": message.bounce, "code": report.code}
    )
    work.emit(BOUNCED, f"{message.pk}", {"message_id": message.pk})


def bounced(addresses: Iterable[str]) -> dict[str, BouncedAddress]:
    """Which of these addresses take no mail, in small letters, each with what was said."""
    wanted = {address.lower() for address in addresses}
    rows = BouncedAddress.objects.filter(address__in=wanted, lifted_at=None)
    return {row.address: row for row in rows}


def trust(addresses: Collection[str], *, by: Any, at: datetime) -> int:
    """Say that addresses take mail again, in the caller's transaction; how many had been given up."""
    rows = BouncedAddress.objects.select_for_update(no_key=True).filter(
        address__in={address.lower() for address in addresses}, lifted_at=None
    )
    for row in rows:
        row.lifted_at, row.lifted_by = at, by
        row.save(update_fields=["lifted_at", "lifted_by"])
        message = row.message
        audit.record("address.trusted", message, by=by, at=at, label=message.kind)
    return len(rows)
