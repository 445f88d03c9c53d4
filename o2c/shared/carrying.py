"""Messages that leave by a carrier: handed over once, and what the carrier says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from . import carriers, delivery, outbox_files, texting
from .bounces import Action, Report
from .models import OutboxEvent, OutboxMessage
from .outbox_files import Attachment
from .outbox_history import mark
from .problems import Refusal

FETCH: Final = "carriers.fetch"
State = OutboxMessage.State
Channel = OutboxMessage.Channel
MOST_TRIES: Final = 8
# So many reports of a carrier at a time: the clock comes again in a minute.
_BATCH: Final = 500
_SAYS: Final = {
    "delivered": Action.DELIVERED,
    "failed": Action.FAILED,
    "delayed": Action.DELAYED,
    "accepted": Action.RELAYED,
}
# For good or for this time, as codes of delivery reports say it (RFC 3463).
_FOR_GOOD, _THIS_TIME = "5.1.1", "4.0.0"


class ReportUnreadable(ValueError):
    """A report of a carrier that cannot be read; the text says what and where."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a carrier says of a message.

    :ivar parcel: its name as the carrier was given it
    """

    message: int
    parcel: str
    report: Report


def carry(
    message: OutboxMessage, files: Sequence[Attachment], *, attempts: int, at: datetime
) -> timedelta | None:
    """Hand a locked message to its carrier; the pause after which it is tried again, None where it is not.

    A text message waits for the hours in which people may be texted.

    :param attempts: how often it was begun, this time included
    :raises CannotAttach: what goes with it is not there
    """
    carrier = carriers.carrier_of(message.channel)
    if attempts > 1 and not carrier.knows_again:
        mark(message, State.UNCERTAIN, at=at, text="interrupted")
        return None
    if message.channel == Channel.SMS and not texting.may_text(at):
        return texting.next_time(at) - at
    parcel = _parcel_of(message, files)
    message.attempts += 1
    try:
        carrier.deliver(parcel)
    except carriers.NotTaken as error:
        return _not_taken(message, str(error), at)
    except carriers.Refused as error:
        mark(message, State.FAILED, at=at, text=str(error))
    except (carriers.Unclear, OSError) as error:
        mark(message, State.UNCERTAIN, at=at, text=str(error))
    else:
        mark(message, State.SENT, at=at)
    return None


def fetch(*, work: Any = None) -> dict[str, int]:
    """Work handler of the clock: read what carriers say; a report that is wrong keeps none of the others."""
    del work
    counts = {"done": 0, "refused": 0}
    for channel in settings.OUTBOX_CARRIERS:
        carrier = carriers.carrier_of(channel)
        for place, (name, content) in enumerate(carrier.reports()):
            if place >= _BATCH:
                break
            problem = _take(channel, content)
            counts["refused" if problem else "done"] += 1
            # Once what it says is stored: a worker that dies before that finds the report again.
            transaction.on_commit(partial(carrier.done, name, problem))
    return counts


def name_of(message: OutboxMessage) -> str:
    """The name of a message as its carrier is given it; a person who wants it sent again gives it another one."""
    again = message.events.filter(what=OutboxEvent.What.WAITING).count()
    return f"{message.channel}-{message.pk}" + (f"-{again + 1}" if again else "")


def read(content: bytes) -> Said:
    """Read a report of a carrier: ``{"message", "id"?, "state", "permanent"?, "text"?, "at"?}``.

    :raises ReportUnreadable: it is none
    """
    if len(content) > carriers.LONGEST:
        raise ReportUnreadable(f"longer than {carriers.LONGEST} bytes: this is no report")
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ReportUnreadable(f"not JSON in UTF-8: {error}") from error
    if not isinstance(found, dict):
        raise ReportUnreadable("not an object with the fields message and state")
    message = found.get("message")
    if not isinstance(message, int) or isinstance(message, bool) or not 0 < message < 2**63:
        raise ReportUnreadable(f"message: {str(message)[:40]!r} is no number of a message")
    action = _SAYS.get(found["state"]) if isinstance(found.get("state"), str) else None
    if action is None:
        raise ReportUnreadable(f"state: {str(found.get('state'))[:40]!r} is none of {', '.join(_SAYS)}")
    code = ""
    if action == Action.FAILED:
        code = _FOR_GOOD if found.get("permanent", True) is True else _THIS_TIME
    text = _text(found, "text")
    at = _text(found, "at")
    if at and parse_datetime(at) is None:
        raise ReportUnreadable(f"at: {at[:40]!r} is not a time such as 2026-11-25T09:30:00Z")
    return Said(message, _text(found, "id"), Report("", action, code, text))


def _take(channel: str, content: bytes) -> str:
    """Note a report; what is wrong with it, empty where nothing is."""
    try:
        said = read(content)
        with transaction.atomic():
            rows = OutboxMessage.objects.select_for_update(no_key=True)
            message = rows.filter(pk=said.message, channel=channel).first()
            if message is None or not _names(said.parcel, channel, message.pk):
                raise ReportUnreadable(f"message: {said.message} is none that left this way")
            if message.state == State.CANCELLED:
                raise ReportUnreadable(f"message: {said.message} was not to be sent")
            delivery.note_report(message, said.report, at=timezone.now())
    except (ReportUnreadable, Refusal) as error:
        return str(error)
    return ""


def _names(parcel: str, channel: str, pk: int) -> bool:
    """Whether a report that names its parcel names one of this message."""
    return not parcel or re.fullmatch(rf"{channel}-{pk}(-[0-9]+)?", parcel) is not None


def _text(found: dict[str, Any], field: str) -> str:
    value = found.get(field, "")
    if not isinstance(value, str) or "\x00" in value or len(value) > 500:
        raise ReportUnreadable(f"{field}: a text of at most 500 signs is needed")
    return " ".join(value.split())


def _parcel_of(message: OutboxMessage, files: Sequence[Attachment]) -> carriers.Parcel:
    return carriers.Parcel(
        name=name_of(message),
        message=message.pk,
        to=message.to,
        sender=message.from_name,
        text=message.text,
        language=message.language,
        written_at=message.created_at,
        files=tuple(outbox_files.contents(files)),
    )


def _not_taken(message: OutboxMessage, text: str, at: datetime) -> timedelta | None:
    if message.attempts >= MOST_TRIES:
        mark(message, State.FAILED, at=at, text=text)
        return None
    message.error = text[:500]
    message.save(update_fields=["attempts", "error"])
    return timedelta(seconds=min(3600, 30 * 2**message.attempts))
