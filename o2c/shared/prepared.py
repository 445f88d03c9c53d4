"""Statements that the database plans once per connection.

Planning a statement of many parts costs several times what running it costs. ``PREPARE`` keeps the plan with the
connection; ``plan_cache_mode`` (``o2c/settings.py``) makes it one plan for all values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeVar, cast
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)

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


class PreparedRows(Generic[Row]):
    """Rows of a model as instances, by a statement written once: what the ORM would build anew for each act.

    For the few readings that every act on an order begins with; lists and pages ask the ORM.

    :param name: unique in the portal
    :param model: whose rows
    :param condition: SQL after the joins; the model's table is ``own``
    :param types: the PostgreSQL type of each parameter in the condition
    :param related: paths of foreign keys to read along, parents first (``account``, ``account__company``)
    """

    def __init__(
        self,
        name: str,
        model: type[Row],
        condition: str,
        types: Mapping[str, str],
        related: Sequence[str] = (),
    ) -> None:
        self._model = model
        self._condition = condition
        self._related = related
        self._statement = Prepared(name, self._write, types)

    def fetch(self, **values: Any) -> list[Row]:
        """The rows, with what they are related to."""
        return [self._built(row) for row in self._statement.rows(**values)]

    @cached_property
    def _shape(self) -> list[tuple[str, type[models.Model]]]:
        """Path and model of everything read, the model itself first."""
        found: dict[str, type[models.Model]] = {"": self._model}
        for path in self._related:
            parent, _mark, name = path.rpartition("__")
            found[path] = cast("type[models.Model]", found[parent]._meta.get_field(name).related_model)
        return list(found.items())

    def _write(self) -> str:
        aliases = {path: path or "own" for path, _model in self._shape}
        columns = ", ".join(
            f"{aliases[path]}.{field.column}"
            for path, model in self._shape
            for field in model._meta.concrete_fields
        )
        joins = ""
        for path, model in self._shape[1:]:
            parent, _mark, name = path.rpartition("__")
            key = cast("models.ForeignKey[Any, Any]", dict(self._shape)[parent]._meta.get_field(name)).column
            joins += f" LEFT JOIN {model._meta.db_table} {path} ON {path}.id = {aliases[parent]}.{key}"
        return f"SELECT {columns} FROM {self._model._meta.db_table} own{joins} {self._condition}"

    @cached_property
    def _slices(self) -> list[tuple[str, type[models.Model], int, list[str], list[tuple[int, Any]]]]:
        """Per part its place in a row, and the fields whose values Django converts (JSON)."""
        found, start = [], 0
        for path, model in self._shape:
            fields = model._meta.concrete_fields
            converted = [
                (position, field) for position, field in enumerate(fields) if hasattr(field, "from_db_value")
            ]
            found.append((path, model, start, [field.attname for field in fields], converted))
            start += len(fields)
        return found

    def _built(self, row: Sequence[Any]) -> Row:
        made: dict[str, Any] = {}
        for path, model, start, names, converted in self._slices:
            values = list(row[start : start + len(names)])
            for position, field in converted:
                values[position] = field.from_db_value(values[position], None, connection)
            one = None if values[0] is None else model.from_db(connection.alias, names, values)
            made[path] = one
            if path:
                parent, _mark, name = path.rpartition("__")
                if made[parent] is not None:
                    setattr(made[parent], name, one)
        return cast("Row", made[""])
