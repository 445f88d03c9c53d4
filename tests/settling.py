"""Waiting until events of the journal are settled: tests of other workers run in databases of the same server."""

from __future__ import annotations

import time

from django.db import connection

_PATIENCE = 300


def wait_until_settled() -> None:
    """Return once every transaction of the server that has begun by now has ended.

    :raises TimeoutError: one runs longer than any test should
    """
    begun = _asked("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    deadline = time.monotonic() + _PATIENCE
    while _asked("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint") < begun:
        if time.monotonic() > deadline:
            raise TimeoutError("a transaction of the server has run for five minutes")
        time.sleep(0.05)


def _asked(question: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return int(cursor.fetchone()[0])
