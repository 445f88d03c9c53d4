"""Memory while many rows are read: in the database as here."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

from django.db import connection, transaction

# A report of a hundred thousand clients: their sums in memory, without a file on disk, and the work shared out among
# the database's own workers, which it does not offer by itself for so many sums. Until the transaction ends.
FOR_A_REPORT: Final = """
    SELECT set_config('work_mem', '64MB', TRUE), set_config('parallel_tuple_cost', '0.01', TRUE)
"""
ROWS_AT_ONCE: Final = 1000


@contextmanager
def no_cycles() -> Iterator[None]:
    """Put off the search for cycles while rows are made that hold none.

    A hundred thousand tuples make it start over and over, for a third of the time it takes to read them. What refers
    to nothing is freed all the same.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def streamed(statement: str, params: Mapping[str, Any]) -> Generator[tuple[Any, ...]]:
    """Yield the rows of a long SELECT, ``ROWS_AT_ONCE`` in memory at a time.

    The database computes the whole answer first and keeps it, so that all rows are of one moment and no transaction
    stays open for as long as somebody writes them.
    """
    name = f"streamed_{uuid4().hex}"
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(FOR_A_REPORT)
        cursor.execute(f"DECLARE {name} NO SCROLL CURSOR WITH HOLD FOR {statement}", params)
    session = connection.connection
    try:
        while rows := _fetched(name):
            yield from rows
    finally:
        # A session that is gone has taken its answer along; one in a failed transaction takes no statement.
        if session is not None and session is connection.connection and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(f"CLOSE {name}")


def _fetched(name: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"FETCH FORWARD {ROWS_AT_ONCE:d} FROM {name}")
        return cursor.fetchall()
