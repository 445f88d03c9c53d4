"""Rows on their way into the database through ``COPY``, written as text at once: no object per row.

``o2c.shared.copying`` does the same for objects a caller has in hand; a million of them would cost a minute.
"""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any, Final

from django.db import connection, models
from django.db.models import NOT_PROVIDED

_NULL: Final = "\\N"
_KEYS_AT_ONCE: Final = 5_000


class Sheet:
    """Rows of one table.

    :param columns: attributes a row gives, in their order; the others take the default of the model
    :raises ValueError: a column without default is not given
    """

    def __init__(self, model: type[models.Model], *columns: str) -> None:
        meta = model._meta
        self.model, self.count = model, 0
        fields = {field.attname: field for field in meta.local_concrete_fields}
        others = [
            field
            for name, field in fields.items()
            if name not in columns and not field.primary_key and field.db_default is NOT_PROVIDED
        ]
        assert meta.pk is not None
        names = [meta.pk.column, *(fields[name].column for name in columns), *(f.column for f in others)]
        self._statement = "COPY {} ({}) FROM STDIN".format(
            connection.ops.quote_name(meta.db_table),
            ", ".join(connection.ops.quote_name(str(name)) for name in names),
        )
        self._tail = "".join(f"\t{_default(field)}" for field in others) + "\n"
        self._width = len(columns)
        self._sequence = (meta.db_table, meta.pk.column, _KEYS_AT_ONCE)
        self._keys: list[int] = []
        self._lines: list[str] = []

    def next_key(self) -> int:
        """The key of a row to come, for ``add``; also for making codes of it."""
        if not self._keys:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                    self._sequence,
                )
                self._keys = [key for (key,) in cursor.fetchall()]
            self._keys.reverse()
        return self._keys.pop()

    def add(self, *values: Any, key: int | None = None) -> int:
        """Take a row and give its key; texts are without tab, line end and backslash."""
        key = self.next_key() if key is None else key
        cells = [v if type(v) is str else _NULL if v is None else str(v) for v in values]
        self._lines.append(f"{key}\t" + "\t".join(cells) + self._tail)
        return key

    def __len__(self) -> int:
        return len(self._lines)

    def store(self) -> None:
        """Send what was taken."""
        if not self._lines:
            return
        with connection.cursor() as cursor, connection.wrap_database_errors:
            cursor.copy_expert(self._statement, io.StringIO("".join(self._lines)))
        self.count += len(self._lines)
        self._lines.clear()


def packed(value: Any) -> str:
    """A value as a column of JSON takes it through ``COPY``."""
    return json.dumps(value, ensure_ascii=False).replace("\\", "\\\\")


def money(cents: int) -> str:
    """An amount in cents as the database reads it."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def _default(field: models.Field[Any, Any]) -> str:
    if field.has_default():
        value = field.get_default()
    elif field.null:
        value = None
    elif field.empty_strings_allowed:
        value = ""
    else:
        raise ValueError(f"{field} has no default: give it")
    if value is None:
        return _NULL
    if isinstance(field, models.JSONField):
        return packed(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
