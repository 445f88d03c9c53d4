"""How the state of a message changes: each change with its event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .models import OutboxEvent, OutboxMessage

State = OutboxMessage.State


def mark(
    message: OutboxMessage,
    state: str,
    *,
    at: datetime,
    text: str = "",
    bounce: str = "",
    by: Any = None,
    **said: Any,
) -> None:
    """Set the state of a locked message and write the event; what it carried follows when it is sent.

    :param text: why, in the words of whoever said so
    :param said: further facts of the event: ``code, recipient, report``
    """
    message.state, message.bounce = state, bounce
    message.error = text[:500] if state in (State.FAILED, State.UNCERTAIN, State.BOUNCED) else ""
    if state not in OutboxMessage.LEFT:
        message.sent_at = None
    elif message.sent_at is None:
        message.sent_at = at
    message.save(update_fields=["state", "bounce", "error", "sent_at", "attempts"])
    note(message, state, at=at, text=text, by=by, **said)
    if state == State.SENT:
        message.carries.filter(state=State.WAITING).update(state=State.SENT, sent_at=message.sent_at)


def note(
    message: OutboxMessage, what: str, *, at: datetime, text: str = "", by: Any = None, **said: Any
) -> None:
    """Write an event that leaves the state alone."""
    OutboxEvent.objects.create(message=message, what=what, at=at, text=text[:500], by=by, **said)
