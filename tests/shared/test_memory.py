"""Memory while many rows are read: a few at a time, all of one moment, and nothing left behind."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from o2c.shared import memory
from o2c.shared.memory import no_cycles

NUMBERS = "SELECT n, repeat('x', 1000) FROM generate_series(1, %(last)s) AS n"


def test_the_search_for_cycles_rests_and_goes_on_afterwards() -> None:
    assert gc.isenabled()
    with no_cycles():
        assert not gc.isenabled()
        with no_cycles():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(ValueError, match="unreadable"), no_cycles():
        raise ValueError("unreadable")
    assert gc.isenabled()


def left_open() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_cursors WHERE name LIKE 'streamed%%'")
        found: int = cursor.fetchone()[0]
        return found


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows came each time."""
    sizes: list[int] = []
    real = memory._fetched

    def counted(name: str) -> list[tuple[Any, ...]]:
        rows = real(name)
        sizes.append(len(rows))
        return rows

    monkeypatch.setattr(memory, "_fetched", counted)
    return sizes


@pytest.mark.django_db(transaction=True)
def test_rows_come_a_thousand_at_a_time_without_a_transaction(fetched: list[int]) -> None:
    rows = memory.streamed(NUMBERS, {"last": 2500})

    assert next(rows)[0] == 1
    assert (fetched, left_open(), connection.in_atomic_block) == ([1000], 1, False)
    assert [row[0] for row in rows] == list(range(2, 2501))
    assert (fetched, left_open()) == ([1000, 1000, 500, 0], 0)


@pytest.mark.django_db(transaction=True)
def test_who_stops_early_leaves_nothing_open() -> None:
    rows = memory.streamed(NUMBERS, {"last": 2500})
    next(rows)

    rows.close()

    assert left_open() == 0


@pytest.mark.django_db(transaction=True)
def test_a_session_that_is_gone_or_failed_is_left_alone() -> None:
    rows = memory.streamed(NUMBERS, {"last": 2500})
    next(rows)
    connection.close()
    rows.close()

    with pytest.raises(DatabaseError, match="division"):
        fail_while_rows_come()
    assert left_open() == 0


def fail_while_rows_come() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        rows = memory.streamed(NUMBERS, {"last": 2500})
        next(rows)
        try:
            cursor.execute("SELECT 1 / 0")
        finally:
            rows.close()


@pytest.mark.django_db(transaction=True)
def test_settings_of_a_report_end_with_its_reading() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW work_mem")
        before = cursor.fetchone()
        list(memory.streamed(NUMBERS, {"last": 1}))
        cursor.execute("SHOW work_mem")
        assert cursor.fetchone() == before
