"""The work table: asked for once, done once, given back by the dead, tried again when it fails."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from o2c.shared import work
from o2c.shared import work as table
from o2c.shared.models import Work

pytestmark = pytest.mark.django_db

done: list[dict[str, Any]] = []


def note(*, work: Work, **payload: Any) -> dict[str, Any]:
    """Handler: remembers what it was asked."""
    done.append(payload)
    return {"seen": len(done)}


def fail(*, work: Work) -> None:
    """Handler: cannot."""
    raise RuntimeError("no paper")


def give_up(*, work: Work) -> None:
    """Handler: knows that trying again is in vain."""
    raise table.GiveUp("nobody may read it")


def ask_again(*, work: Work, times: int) -> None:
    """Handler: the same work is asked for while it runs."""
    done.append({"times": times})
    if times:
        table.add("note.again", "k", {"times": times - 1})


@pytest.fixture(autouse=True)
def _handlers(settings: LazySettings) -> None:
    done.clear()
    work._handler.cache_clear()
    here = "tests.shared.test_work"
    settings.WORK_HANDLERS = {
        "note": f"{here}.note",
        "fail": f"{here}.fail",
        "give_up": f"{here}.give_up",
        "note.again": f"{here}.ask_again",
    }
    settings.REACTIONS = {"thing.happened": (f"{here}.note",)}


def test_the_same_work_waits_once() -> None:
    assert work.add("note", "k", {"n": 1}) is not None
    assert work.add("note", "k", {"n": 2}) is None
    assert work.add("note", "other") is not None
    assert work.drain() == 2
    assert done == [{"n": 1}, {}]


def test_work_of_an_act_that_failed_was_never_asked_for() -> None:
    with transaction.atomic():
        work.add("note", "k")
        transaction.set_rollback(True)
    assert not Work.objects.exists()


def test_what_is_asked_for_during_a_run_is_done_after_it() -> None:
    work.add("note.again", "k", {"times": 2})
    assert work.drain() == 3
    assert done == [{"times": 2}, {"times": 1}, {"times": 0}]


def test_a_result_is_kept_and_done_work_is_not_done_again() -> None:
    work_id = work.add("note", "k")
    assert work_id is not None
    assert work.run(work_id) is True
    assert work.run(work_id) is False
    row = Work.objects.get()
    assert (row.state, row.result, row.attempts) == ("done", {"seen": 1}, 1)


def test_failed_work_waits_longer_each_time_and_gives_up() -> None:
    work_id = work.add("fail", "k")
    assert work_id is not None
    for attempt in range(1, work.MAX_ATTEMPTS + 1):
        work.run(work_id)
        row = Work.objects.get()
        assert row.attempts == attempt
        assert "RuntimeError: no paper" in row.message
        if attempt < work.MAX_ATTEMPTS:
            assert (row.state, row.not_before > timezone.now()) == ("queued", True)
            Work.objects.update(not_before=timezone.now())
    assert row.state == "failed"
    assert work.drain() == 0


def test_work_for_later_waits() -> None:
    work.add("note", "k", not_before=timezone.now() + timedelta(hours=1))
    assert work.drain() == 0


def test_an_event_reaches_everybody_named_for_it() -> None:
    work.emit("thing.happened", "7", {"id": 7})
    work.emit("nobody.listens", "7", {"id": 7})
    assert work.drain() == 1
    assert done == [{"id": 7}]


def test_the_sweep_gives_back_what_a_dead_worker_left() -> None:
    work_id = work.add("note", "k")
    Work.objects.update(state="running", attempts=1, started_at=timezone.now() - timedelta(seconds=5))
    assert work.sweep() == [(work_id, "note")]
    assert Work.objects.get().state == "queued"
    assert work.drain() == 1


def test_what_a_dead_worker_left_gives_way_to_the_same_wish() -> None:
    work.add("note", "k", {"n": 1})
    Work.objects.update(state="running", attempts=1, started_at=timezone.now() - timedelta(seconds=5))
    newer = work.add("note", "k", {"n": 2})
    Work.objects.filter(key="k", state="queued").update(created_at=timezone.now() - timedelta(minutes=1))
    assert work.sweep() == [(newer, "note")]
    assert work.drain() == 1
    assert done == [{"n": 2}]


@pytest.mark.django_db(transaction=True)
def test_the_sweep_leaves_alone_what_somebody_works_on() -> None:
    work.add("note", "k")
    Work.objects.update(state="running", attempts=1, started_at=timezone.now() - timedelta(seconds=5))
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM shared_work FOR UPDATE")
        assert work.sweep() == []
        assert Work.objects.get().state == "running"
    finally:
        other.rollback()
        other.close()


def test_the_database_lets_one_row_wait() -> None:
    work.add("note", "k")
    row = Work.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError, match="work_one_waiting_per_key"), transaction.atomic():
        row.save(force_insert=True)


def test_progress_is_seen_while_it_runs_and_afterwards() -> None:
    work.add("note", "k")
    row = Work.objects.get()
    row.state = "running"
    work.report_progress(row, 3, 10, "lines")
    assert work.progress(row) == {"state": "running", "done": 3, "total": 10, "message": "lines"}
    row.state = "done"
    assert work.progress(row)["state"] == "done"


def test_what_cannot_come_right_is_not_tried_again() -> None:
    work.add("give_up", "k")

    assert work.drain() == 1

    row = Work.objects.get(kind="give_up")
    assert (row.state, row.attempts, row.message) == ("failed", 1, "nobody may read it")
    assert row.finished_at is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("many", [False, True])
def test_work_that_waits_does_not_begin_before_the_act_that_asked_again_is_over(many: bool) -> None:
    """Else it would read the book without what the act is about to commit, and nobody would look again."""
    first = work.add("note", "k")
    assert first is not None
    asked, over = threading.Event(), threading.Event()

    def act() -> None:
        try:
            with transaction.atomic():
                if many:
                    work.add_many("note", {"k": {}, "other": {}})
                else:
                    assert work.add("note", "k") is None
                asked.set()
                over.wait(60)
        finally:
            connections.close_all()

    acting = threading.Thread(target=act)
    acting.start()
    assert asked.wait(60)
    assert work.run(first) is False
    over.set()
    acting.join()
    assert work.run(first) is True
    assert Work.objects.filter(key="k").count() == 1


@pytest.mark.django_db(transaction=True)
def test_several_acts_may_ask_for_the_same_work_at_a_time() -> None:
    work.add("note", "k")
    everybody = threading.Barrier(3, timeout=60)

    def act() -> None:
        try:
            with transaction.atomic():
                work.add("note", "k")
                everybody.wait()
        finally:
            connections.close_all()

    acting = [threading.Thread(target=act) for _ in range(2)]
    for each in acting:
        each.start()
    everybody.wait()
    for each in acting:
        each.join()
    assert work.drain() == 1


@pytest.mark.django_db(transaction=True)
def test_work_that_began_meanwhile_is_asked_for_once_more() -> None:
    """The row waited when it was found and runs by the time it is held: a new one is written."""
    first = work.add("note", "k")
    assert first is not None
    real = work._held
    turns: list[int] = []

    def begins_in_between(cursor: Any, kind: str, keys: list[str]) -> list[int]:
        if not turns:
            turns.append(1)
            Work.objects.filter(pk=first).update(state="running")
        return real(cursor, kind, keys)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "_held", begins_in_between)
        second = work.add("note", "k")
    assert second is not None
    assert second != first
