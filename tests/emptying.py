"""Emptying a database after a test that committed: only tables that hold something, and back to its first rows.

Django truncates every table, makes permissions and content types anew and sends its signals: several times as slow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby

from django.db import connection, models, transaction

# What Django itself keeps about the schema: the same before and after every test.
LASTING = ("django_migrations", "django_content_type", "auth_permission")


@cache
def _tables() -> tuple[str, ...]:
    """Every table of ours; of a partitioned one its partitions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND relname <> ALL(%s) ORDER BY relname",
            [list(LASTING)],
        )
        return tuple(name for (name,) in cursor.fetchall())


def empty(first_rows: Sequence[models.Model]) -> None:
    """Delete every row and store the first ones again, triggers and keys aside.

    :param first_rows: what migrations and ``sync_roles`` make, in the order of their models
    """
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in _tables())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(asked)
        full = [name for (name,) in cursor.fetchall()]
        for name in full:
            cursor.execute(f'DELETE FROM "{name}"')
        for model, rows in groupby(first_rows, key=type):
            _store(model, rows)


def _store(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    model._base_manager.bulk_create(list(rows))
