"""What a snapshot shows: all that was over, nothing that was running or came later."""

from __future__ import annotations

import pytest
from django.db import connections, transaction

from o2c.shared.snapshots import current_snapshot, has_seen


@pytest.mark.parametrize(
    ("transaction_id", "seen"),
    [(99, True), (100, False), (101, True), (103, False), (105, False), (106, False)],
)
def test_running_and_later_transactions_are_not_seen(transaction_id: int, seen: bool) -> None:
    assert has_seen("100:105:100,103", transaction_id) is seen


def test_a_snapshot_without_running_transactions() -> None:
    assert has_seen("100:100:", 99)
    assert not has_seen("100:100:", 100)


@pytest.mark.django_db(transaction=True)
def test_the_database_agrees() -> None:
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            key = int(cursor.fetchone()[0])
        with transaction.atomic():
            assert not has_seen(current_snapshot(), key)
            other.commit()
            assert has_seen(current_snapshot(), key)
    finally:
        other.close()
