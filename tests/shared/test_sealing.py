"""Seals over the journal: made of what is settled, chained once, and whatever is tampered with is named."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, InternalError, connection, connections, transaction

from accounts.models import Company
from o2c.shared import audit, sealing
from o2c.shared.models import AuditEvent, AuditSeal
from tests.factories.accounts import CompanyFactory
from tests.settling import wait_until_settled

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 11, 23, 9, 30, 15, 123456, tzinfo=UTC)

# What somebody with the application's own rights could try: a number of one's own choice.
INSERT = """
    INSERT INTO shared_auditevent (at, actor, on_behalf_of, action, object_type, object_label, reason, request_id,
                                   transaction_id)
    VALUES ('2026-11-23', '', '', 'order.released', 'x', %s, '', '', %s)
"""


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


def record(subject: Any, action: str = "order.released", **facts: Any) -> AuditEvent:
    facts.setdefault("label", "CDE-1")
    audit.record(action, subject, by=None, at=facts.pop("at", AT), **facts)
    return AuditEvent.objects.latest("pk")


def seal() -> int:
    """Seal all that was recorded: once for several events, since it waits for tests in other processes."""
    wait_until_settled()
    return sealing.seal(at=AT)


@contextmanager
def without_triggers() -> Iterator[Any]:
    """What only a superuser can do: change rows behind the back of the triggers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor


def told(**options: Any) -> list[str]:
    return [str(fault) for fault in sealing.faults(at=AT + timedelta(minutes=1), **options)]


def test_the_digest_covers_every_column():
    assert {field.column for field in AuditEvent._meta.concrete_fields} == set(sealing.FIELDS)


def test_settled_events_are_sealed_once_and_chained(company):
    first, second = record(company), record(company, "order.held")
    assert seal() == 2
    assert seal() == 0
    third = record(company)
    assert seal() == 1
    one, two = AuditSeal.objects.order_by("number")
    assert (one.number, one.event_ids, one.count, one.previous) == (1, [first.pk, second.pk], 2, "")
    assert (two.number, two.event_ids, two.previous) == (2, [third.pk], one.head)
    assert told() == []


def test_a_large_journal_is_cut_into_several_seals(company, monkeypatch):
    monkeypatch.setattr(sealing, "PER_SEAL", 2)
    events = [record(company).pk for _ in range(5)]
    assert seal() == 5
    assert [seal.event_ids for seal in AuditSeal.objects.order_by("number")] == [
        events[:2],
        events[2:4],
        events[4:],
    ]
    assert told() == []


def test_an_act_that_still_runs_is_sealed_later_and_never_missed(company):
    began, may_end = threading.Event(), threading.Event()
    kept: list[int] = []

    def slow_act() -> None:
        with transaction.atomic():
            kept.append(record(company, "slow.act").pk)
            began.set()
            may_end.wait(60)
        connections.close_all()

    thread = threading.Thread(target=slow_act)
    thread.start()
    assert began.wait(60)
    later = record(company, "quick.act").pk
    assert sealing.seal(at=AT) == 0, "the quick one is above the oldest running transaction"
    may_end.set()
    thread.join()
    assert seal() == 2
    assert AuditSeal.objects.get().event_ids == [kept[0], later]
    assert told() == []


def test_two_tasks_at_once_do_not_fork_the_chain(company):
    for _ in range(20):
        record(company)
    wait_until_settled()
    together, sealed = threading.Barrier(2), []

    def task() -> None:
        together.wait(60)
        sealed.append(sealing.seal(at=AT))
        connections.close_all()

    threads = [threading.Thread(target=task) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed) == 20
    assert AuditSeal.objects.count() == 1
    assert told() == []


def test_a_second_seal_after_the_same_one_is_refused_by_the_database(company):
    record(company)
    seal()
    fork = AuditSeal.objects.get()
    fork.pk, fork.number, fork.previous = None, 2, ""
    with pytest.raises(IntegrityError):
        fork.save(force_insert=True)


@pytest.mark.parametrize("change", [{"count": 7}, None])
def test_seals_are_neither_changed_nor_deleted(company, change):
    record(company)
    seal()
    with pytest.raises(InternalError, match="Cannot update or delete"):
        AuditSeal.objects.update(**change) if change else AuditSeal.objects.all().delete()


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'other'", "at = at + interval '1 microsecond'", "actor = 'mallory'", "after = '{\"amount\": \"9\"}'",
        "before = '{}'", "ip = '10.0.0.1'", "account_id = 5", "transaction_id = transaction_id - 1",
        "object_label = 'CDE-2'", "on_behalf_of = 'x'", "request_id = 'x'",
    ],
)  # fmt: skip
def test_a_changed_event_is_named(company, change):
    event = record(company, after={"amount": "1.00"})
    seal()
    with without_triggers() as cursor:
        cursor.execute(f"UPDATE shared_auditevent SET {change} WHERE id = %s", [event.pk])
    label = "CDE-2" if "CDE-2" in change else "CDE-1"
    assert told() == [f"audit event {event.pk} order.released {label} was changed after it was sealed"]


def test_a_deleted_event_is_named(company):
    event = record(company)
    record(company)
    seal()
    with without_triggers() as cursor:
        cursor.execute("DELETE FROM shared_auditevent WHERE id = %s", [event.pk])
    assert told() == [f"audit event {event.pk} was deleted after it was sealed (seal 1)"]


def test_an_event_slipped_in_behind_the_seals_is_named(company):
    event = record(company)
    seal()
    with connection.cursor() as cursor:
        cursor.execute(INSERT, ["CDE-9", event.transaction_id])
    seal()
    key = AuditEvent.objects.latest("pk").pk
    assert told() == [f"audit event {key} order.released CDE-9 was inserted behind the seals"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("UPDATE shared_auditseal SET sealed_at = now() WHERE number = 2",
         "audit seal 2 was changed after it was made"),
        ("UPDATE shared_auditseal SET previous = repeat('0', 64) WHERE number = 2",
         "audit seal 2 was changed after it was made"),
        ("DELETE FROM shared_auditseal WHERE number = 2", "audit seal 2 is missing"),
    ],
)  # fmt: skip
def test_a_broken_or_missing_seal_is_named(company, change, complaint):
    for _ in range(3):
        record(company)
        seal()
    with without_triggers() as cursor:
        cursor.execute(change)
    assert complaint in told()


def test_a_rewritten_end_of_the_chain_is_told_by_the_head_kept_outside(company):
    record(company)
    event = record(company)
    seal()
    kept = {1: AuditSeal.objects.get().head}
    with without_triggers() as cursor:
        cursor.execute("DELETE FROM shared_auditseal")
        cursor.execute("UPDATE shared_auditevent SET reason = 'forged' WHERE id = %s", [event.pk])
    assert told(kept=kept)[0] == "audit seal 1, whose head was kept outside, is missing"
    seal()
    assert told() == []
    assert told(kept=kept) == ["audit seal 1 is not the one whose head was kept outside"]


def test_after_a_restore_into_another_cluster_nothing_is_missed_or_sealed_twice(company, monkeypatch):
    """The former cluster had counted to 10¹²; this one begins far below."""
    before = record(company)
    with monkeypatch.context() as former:
        former.setattr(sealing, "_HORIZON", "SELECT 1000000000000, 'former'")
        assert seal() == 1
    with connection.cursor() as cursor:
        cursor.execute(INSERT, ["restored", 1_000_000_000_005])
    restored, fresh = AuditEvent.objects.latest("pk"), record(company)
    assert seal() == 2
    assert seal() == 0
    last = record(company)
    assert seal() == 1
    sealed = [seal.event_ids for seal in AuditSeal.objects.order_by("number")]
    assert sealed == [[before.pk], [restored.pk, fresh.pk], [last.pk]]
    assert told() == []


def test_the_form_knows_no_time_zone_and_no_float():
    row = [1, 2, "1795599015.123456", None, "", "", "a.b", "x", 3, "l", None, None]
    rest = ["", "", None]
    as_text = sealing.event_digest([*row, None, '{"b": 1.10, "a": [1, "é"]}', *rest])
    assert as_text == sealing.event_digest([*row, None, '{"a": [1, "\\u00e9"], "b": 1.10}', *rest])
    assert as_text != sealing.event_digest([*row, None, '{"a": [1, "é"], "b": 1.1}', *rest])
    assert as_text.hex() == "f25907cda9a0ae3373fa44ad351fc920da8fe52acf26232d21138cb2f99936bc"


def test_waiting_long_for_a_seal_is_a_warning(company):
    record(company)
    found = list(sealing.faults(at=AT + timedelta(hours=1)))
    assert [(fault.is_warning, str(fault)) for fault in found] == [
        (True, "1 audit events have waited for their seal since 2026-11-23 09:30 UTC")
    ]


def test_verify_books_names_it_and_ends_with_1(company):
    event = record(company)
    wait_until_settled()
    call_command("seal_journal", stdout=(printed := StringIO()))
    assert printed.getvalue().strip() == f"1:{AuditSeal.objects.get().head}"
    call_command("verify_books", "--head", printed.getvalue().strip(), stdout=StringIO())
    with without_triggers() as cursor:
        cursor.execute("UPDATE shared_auditevent SET reason = 'forged' WHERE id = %s", [event.pk])
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_books", stdout=out)
    assert ended.value.code == 1
    assert f"audit event {event.pk} order.released CDE-1 was changed after it was sealed" in out.getvalue()
