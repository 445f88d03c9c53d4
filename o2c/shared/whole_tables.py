"""Statements that join whole tables, such as the nightly proofs.

Just after a large import or in a new book the server has no statistics yet. It then takes a table for a few rows and
reads another one over and over beside it: hours instead of seconds. Whoever joins whole tables knows better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def without_nested_loops() -> Iterator[Any]:
    """A cursor for one transaction whose statements are joined without nested loops wherever there is another way."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield cursor
        cursor.execute("SET LOCAL enable_nestloop = on")


def rows_of_whole_tables(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement over whole tables, joined as ``without_nested_loops`` says."""
    with without_nested_loops() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
