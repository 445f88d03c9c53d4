"""Real threads: a form sent twice at the same moment is one note, and a note is corrected once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection, connections

from credit.models import ClientNote
from credit.notes.services import NoteGone
from o2c.shared.models import AuditEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Write = Callable[..., ClientNote]


def at_once(act: Callable[[int], ClientNote]) -> list[object]:
    start = Barrier(3)

    def run(number: int) -> object:
        try:
            connection.ensure_connection()
            start.wait()
            return act(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(run, range(3)))


def test_a_form_sent_three_times_at_once_is_one_note(write: Write) -> None:
    key = uuid4()
    results = at_once(lambda _number: write("Opens a shop", key=key))
    assert results == [ClientNote.objects.get()] * 3
    assert AuditEvent.objects.filter(action="client_note.written").count() == 1


def test_a_note_is_corrected_once(write: Write) -> None:
    first = write("Opens a shop")
    results = at_once(lambda number: write(f"Opens shop {number}", supersedes_id=first.pk))
    assert sorted(type(each).__name__ for each in results) == [
        "ClientNote",
        NoteGone.__name__,
        NoteGone.__name__,
    ]
    assert ClientNote.objects.filter(supersedes=first).count() == 1
