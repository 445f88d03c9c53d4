"""Statements that the database plans once per connection.

Planning a statement of many parts costs several times what running it costs. ``PREPARE`` keeps the plan with the
connection; ``plan_cache_mode`` (``o2c/settings.py``) makes it one plan for all values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection

_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")

# Names prepared on each connection of the driver; a new connection begins with none.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Prepared:
    """One statement with named parameters, prepared where it is first asked.

    :param name: unique in the portal
    :param write: returns the statement with ``%(name)s`` where a value goes; asked once
    :param types: the PostgreSQL type of each parameter
    """

    def __init__(self, name: str, write: Callable[[], str], types: Mapping[str, str]) -> None:
        self.name = name
        self._write = write
        self._types = types

    @cached_property
    def sql(self) -> str:
        """The statement as it is written."""
        return self._write()

    @cached_property
    def _names(self) -> list[str]:
        return list(dict.fromkeys(_PLACEHOLDER.findall(self.sql)))

    @cached_property
    def _prepare(self) -> str:
        numbered = _PLACEHOLDER.sub(lambda found: f"${self._names.index(found[1]) + 1}", self.sql)
        types = ", ".join(self._types[name] for name in self._names)
        return f"PREPARE {self.name} ({types}) AS {numbered}"

    @cached_property
    def _execute(self) -> str:
        return f"EXECUTE {self.name} ({', '.join(['%s'] * len(self._names))})"

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Run the statement and return all rows.

        :param values: one for each parameter; more are left aside
        """
        with connection.cursor() as cursor:
            if settings.PREPARED_STATEMENTS:
                self._ensure_prepared()
                cursor.execute(self._execute, [values[name] for name in self._names])
            else:
                cursor.execute(self.sql, values)
            return cursor.fetchall()

    def _ensure_prepared(self) -> None:
        known = _known.setdefault(connection.connection, set())
        if self.name in known:
            return
        # On the driver's own cursor: it is not one of the statements that an act or a list is made of.
        with connection.wrap_database_errors, connection.connection.cursor() as bare:
            bare.execute(self._prepare)
        known.add(self.name)
