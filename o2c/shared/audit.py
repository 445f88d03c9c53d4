"""The journal: every act leaves its trace in its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.utils.module_loading import import_string

from .models import AuditEvent


@dataclass(frozen=True)
class RequestFacts:
    """What the journal keeps of the request an act came in with.

    :ivar through: the link that somebody without an account came by (``o2c.shared.links``)
    """

    request_id: str = ""
    ip: str | None = None
    through: str = ""


# Events that wait to be written together; None outside of ``together``.
_gathered: ContextVar[list[AuditEvent] | None] = ContextVar("gathered", default=None)
request_facts: ContextVar[RequestFacts] = ContextVar("request_facts", default=RequestFacts())


def plain(value: Any) -> Any:
    """A value as JSON keeps it: amounts as text, dates as ISO."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Model):
        return str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def event(
    action: str,
    subject: Model,
    *,
    by: Any,
    at: datetime,
    label: str = "",
    company_id: int | None = None,
    account_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    on_behalf_of: str = "",
) -> AuditEvent:
    """An event not yet stored, for acts that insert many at once; ``record`` stores one."""
    request = request_facts.get()
    return AuditEvent(
        at=at,
        actor_id=getattr(by, "pk", None),
        actor=getattr(by, "username", "") or (request.through if by is None else ""),
        on_behalf_of=on_behalf_of,
        action=action,
        object_type=subject._meta.label_lower,
        object_id=subject.pk,
        object_label=(label or str(subject))[:120],
        company_id=company_id if company_id is not None else getattr(subject, "company_id", None),
        account_id=account_id if account_id is not None else getattr(subject, "account_id", None),
        before=plain(before) if before is not None else None,
        after=plain(after) if after is not None else None,
        reason=reason,
        request_id=request.request_id,
        ip=request.ip,
    )


def record(action: str, subject: Model, *, by: Any, at: datetime, **facts: Any) -> None:
    """Write one act into the journal, in the act's own transaction.

    :param action: ``noun.verb``, for example ``order.released``
    :param by: the user, or None for the portal itself and for whoever came through a link
    :param facts: ``label, company_id, account_id, before, after, reason, on_behalf_of`` as in ``event``
    """
    made = event(action, subject, by=by, at=at, **facts)
    gathered = _gathered.get()
    if gathered is None:
        made.save(force_insert=True)
        _tell([made])
    else:
        gathered.append(made)


def record_many(events: Sequence[AuditEvent]) -> None:
    """Write events made by ``event`` with one statement, in the act's own transaction."""
    AuditEvent.objects.bulk_create(events, batch_size=1000)
    _tell(events)


def _tell(events: Sequence[AuditEvent]) -> None:
    """Hand stored events to ``settings.JOURNAL_LISTENERS``, inside the act's transaction."""
    for path in settings.JOURNAL_LISTENERS:
        _listener(path)(events)


@cache
def _listener(path: str) -> Callable[[Sequence[AuditEvent]], None]:
    found: Callable[[Sequence[AuditEvent]], None] = import_string(path)
    return found


@contextmanager
def together() -> Iterator[None]:
    """Write what is recorded inside with one statement at the end, in its order.

    Inside an act's transaction; when the act fails, nothing is written, as nothing else is.
    """
    if _gathered.get() is not None:
        yield
        return
    events: list[AuditEvent] = []
    token = _gathered.set(events)
    try:
        yield
    finally:
        _gathered.reset(token)
    record_many(events)
