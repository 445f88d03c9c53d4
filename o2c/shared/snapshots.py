"""What a reading has seen: transactions of others that were over when it began."""

from __future__ import annotations

from django.db import connection


def current_snapshot() -> str:
    """The snapshot of the statement that asks, as the database writes it: ``lowest:next:running,…``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return str(cursor.fetchone()[0])


def has_seen(snapshot: str, transaction_id: int) -> bool:
    """Whether a transaction was committed when a snapshot was taken.

    Of one that was rolled back it tells nothing: it left no row that could be asked about.
    """
    lowest, upcoming, running = snapshot.split(":")
    if transaction_id < int(lowest):
        return True
    return transaction_id < int(upcoming) and str(transaction_id) not in running.split(",")
