"""The work table: what must happen after an act, once, whatever dies in between (ADR 0006).

``add`` writes a row in the act's transaction and wakes a worker on commit. ``run`` claims it in one short
transaction and does it in a second one that holds the row's lock: effects and the mark *done* commit together.
A killed worker loses its lock with its connection, and the next ``sweep`` hands the row out again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.core.cache import cache as progress_cache
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from .models import Work

logger = logging.getLogger(__name__)

REACTION = "react:"
MAX_ATTEMPTS = 8
_LONGEST_MESSAGE = 2000
_ADD = """
    INSERT INTO shared_work (kind, key, payload, state, not_before, attempts, created_at, done, total, message,
                             result, requested_by_id)
    VALUES (%s, %s, %s, 'queued', %s, 0, %s, 0, 0, '', '{}', %s)
    ON CONFLICT (kind, key) WHERE state = 'queued' DO NOTHING RETURNING id
"""
_ADD_MANY = """
    INSERT INTO shared_work (kind, key, payload, state, not_before, attempts, created_at, done, total, message, result)
    SELECT %s, piece.key, piece.payload::jsonb, 'queued', %s, 0, %s, 0, 0, '', '{}'
    FROM unnest(%s::text[], %s::text[]) AS piece(key, payload)
    ON CONFLICT (kind, key) WHERE state = 'queued' DO NOTHING RETURNING id
"""
# Work that waits already stays untouched until the act that asked for it again is over: no worker can begin it while
# somebody holds its row, so what the act commits is there when it begins. Several acts may hold it at a time.
_HOLD = """
    SELECT id FROM shared_work WHERE kind = %s AND key = ANY(%s::text[]) AND state = 'queued'
    ORDER BY id FOR SHARE
"""
# A row younger than this is still on its way through the broker: the sweep leaves it alone.
SWEEP_AGE = timedelta(seconds=5)
SWEEP_BATCH = 500


class GiveUp(Exception):
    """A handler's word that trying again would change nothing: the work has failed, and its message says why."""


def add(
    kind: str,
    key: str,
    payload: Mapping[str, Any] | None = None,
    *,
    not_before: datetime | None = None,
    requested_by: Any = None,
) -> int | None:
    """Ask for work in the current transaction; None when the same work already waits: it begins after this act.

    :param kind: a key of ``settings.WORK_HANDLERS``, or ``react:`` and a path, from ``emit``
    :param key: what makes two requests the same
    :param payload: keyword arguments of the handler, plain JSON
    """
    now = timezone.now()
    wanted = [
        kind,
        key,
        json.dumps(dict(payload or {})),
        not_before or now,
        now,
        getattr(requested_by, "pk", None),
    ]
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_ADD, wanted)
            made = cursor.fetchone()
            found = made or _held(cursor, kind, [key])
            if found:  # else it began between the two statements: ask again
                break
    if not_before is None:
        work_id = int(found[0])
        transaction.on_commit(lambda: _wake(work_id, kind))
    return int(made[0]) if made else None


def _held(cursor: Any, kind: str, keys: Sequence[str]) -> list[int]:
    """Keys of waiting work, kept from beginning until the current transaction ends."""
    cursor.execute(_HOLD, [kind, list(keys)])
    return [int(row[0]) for row in cursor.fetchall()]


def add_many(kind: str, pieces: Mapping[str, Mapping[str, Any]]) -> int:
    """Ask for several pieces of one kind in one statement: payloads by key; how many did not wait already."""
    now = timezone.now()
    keys = sorted(pieces)
    made: list[int] = []
    held: list[int] = []
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_ADD_MANY, [kind, now, now, keys, [json.dumps(dict(pieces[key])) for key in keys]])
            made += [int(row[0]) for row in cursor.fetchall()]
            if len(made) == len(keys):
                break
            held = _held(cursor, kind, keys)
            if len({*made, *held}) == len(keys):
                break

    def wake() -> None:
        for work_id in sorted({*made, *held}):
            _wake(work_id, kind)

    transaction.on_commit(wake)
    return len(made)


def emit(event: str, key: str, payload: Mapping[str, Any]) -> None:
    """Tell whoever ``settings.REACTIONS`` names for this event, each by a work row of its own."""
    for handler in settings.REACTIONS.get(event, ()):
        add(f"{REACTION}{handler}", f"{event}:{key}", payload)


def send(work_id: int, kind: str) -> None:
    """Give a piece of work to the workers: to the queue of its kind, or the common one (``WORK_QUEUES``)."""
    from .tasks import run_work

    run_work.apply_async(kwargs={"work_id": work_id}, queue=settings.WORK_QUEUES.get(kind))


def _wake(work_id: int, kind: str) -> None:
    try:
        send(work_id, kind)
    except Exception:  # the sweep finds the row: a broker that is down must not fail an act that is committed
        logger.warning("broker not reachable, work %s waits for the sweep", work_id)


@cache
def _handler(kind: str) -> Callable[..., Any]:
    path = kind.removeprefix(REACTION) if kind.startswith(REACTION) else settings.WORK_HANDLERS[kind]
    return import_string(path)


def run(work_id: int) -> bool:
    """Do one piece of work if it waits; False when somebody else has it or it is done."""
    now = timezone.now()
    claimed = Work.objects.filter(pk=work_id, state=Work.State.QUEUED, not_before__lte=now)
    with transaction.atomic():
        row = claimed.select_for_update(skip_locked=True).first()
        if row is None:
            return False
        row.state, row.started_at, row.attempts = Work.State.RUNNING, now, row.attempts + 1
        row.save(update_fields=["state", "started_at", "attempts"])
    try:
        with transaction.atomic():
            held = (
                Work.objects.select_for_update(skip_locked=True)
                .filter(pk=work_id, state=Work.State.RUNNING, attempts=row.attempts)
                .first()
            )
            if held is None:  # the sweep took it back between the two transactions
                return False
            result = _handler(row.kind)(work=held, **row.payload)
            held.state, held.finished_at = Work.State.DONE, timezone.now()
            held.result = result if isinstance(result, dict) else held.result
            held.save(update_fields=["state", "finished_at", "result", "done", "total", "message"])
    except GiveUp as end:
        Work.objects.filter(pk=work_id).update(
            state=Work.State.FAILED, message=str(end)[:_LONGEST_MESSAGE], finished_at=timezone.now()
        )
    except Exception as error:
        logger.exception("work %s (%s %s) failed", work_id, row.kind, row.key)
        _give_back(row, error)
    return True


def _give_back(row: Work, error: Exception) -> None:
    message = f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]
    if row.attempts >= MAX_ATTEMPTS:
        Work.objects.filter(pk=row.pk).update(
            state=Work.State.FAILED, message=message, finished_at=timezone.now()
        )
        return
    pause = timedelta(seconds=min(600, 2**row.attempts))
    _requeue(row.pk, message=message, not_before=timezone.now() + pause)


def _requeue(work_id: int, *, not_before: datetime, message: str = "") -> None:
    try:
        with transaction.atomic():
            Work.objects.filter(pk=work_id, state=Work.State.RUNNING).update(
                state=Work.State.QUEUED, not_before=not_before, message=message
            )
    except IntegrityError:  # the same work was asked for again meanwhile: that row does it
        Work.objects.filter(pk=work_id).update(
            state=Work.State.DONE, finished_at=timezone.now(), message="superseded"
        )


def sweep() -> list[tuple[int, str]]:
    """Take back what died and return ids and kinds of all rows that wait and are due, oldest first."""
    now = timezone.now()
    with transaction.atomic():
        # A running row that can be locked has nobody working on it: its worker is gone.
        dead = list(
            Work.objects.select_for_update(skip_locked=True)
            .filter(state=Work.State.RUNNING, started_at__lt=now - timedelta(seconds=2))
            .values_list("pk", flat=True)[:SWEEP_BATCH]
        )
    for work_id in dead:
        _take_back(work_id)
    return list(
        Work.objects.filter(state=Work.State.QUEUED, not_before__lte=timezone.now())
        .filter(Q(created_at__lt=now - SWEEP_AGE) | Q(pk__in=dead))
        .order_by("not_before", "pk")
        .values_list("pk", "kind")[:SWEEP_BATCH]
    )


def _take_back(work_id: int) -> None:
    with transaction.atomic():
        row = (
            Work.objects.select_for_update(skip_locked=True)
            .filter(pk=work_id, state=Work.State.RUNNING)
            .first()
        )
        if row is not None:
            _requeue(work_id, not_before=timezone.now())


def drain(limit: int = 10_000) -> int:
    """Do all waiting work here and now, what it asks for included; the number of pieces done.

    For commands that answer in the foreground and for tests; the worker does the same row by row.
    """
    count = 0
    while count < limit:
        due = list(
            Work.objects.filter(state=Work.State.QUEUED, not_before__lte=timezone.now())
            .order_by("pk")
            .values_list("pk", flat=True)[:100]
        )
        if not due:
            return count
        for work_id in due:
            count += run(work_id)
    return count


def report_progress(work: Work, done: int, total: int, message: str = "") -> None:
    """Publish how far a running piece is; readable before its transaction commits."""
    work.done, work.total = done, total
    if message:
        work.message = message
    progress_cache.set(f"work:{work.pk}", {"done": done, "total": total, "message": message}, 3600)


def progress(work: Work) -> dict[str, Any]:
    """How far a piece of work is: state, done, total, message (contract §3, ``jobs``)."""
    live = progress_cache.get(f"work:{work.pk}") if work.state == Work.State.RUNNING else None
    return {
        "state": work.state,
        "done": (live or {}).get("done", work.done),
        "total": (live or {}).get("total", work.total),
        "message": (live or {}).get("message") or work.message,
    }
