"""Long lists as CSV, written by the database: ``COPY`` of the list's own query, six times a cursor and Python's csv.

The file is the same, byte for byte, as ``exports.csv_chunks`` writes row by row; a table with a column that only
Python can write goes that way.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.db import connection, models
from django.db.models import Case, F, Func, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, NullIf, Replace
from django.utils import translation

from .badges import badge_for
from .exports import BOM, guarded
from .tables import (
    AmountColumn,
    Column,
    DateColumn,
    NumberColumn,
    PercentColumn,
    StatusColumn,
    StatusesColumn,
    Table,
)

_PIECE: Final = 256 * 1024
_MONEY: Final = models.DecimalField(max_digits=20, decimal_places=2)


class _Text(Func):
    """A date or a moment as people read it."""

    function = "to_char"
    output_field = TextField()


class _Guarded(Func):
    """Text that no spreadsheet takes for a formula (``exports.guarded``)."""

    function = "regexp_replace"
    output_field = TextField()

    def __init__(self, text: Any) -> None:
        super().__init__(text, Value(r"^([=+\-@\t\r])"), Value(r"'\1"))


class _Office(Func):
    """A moment on the office clock."""

    template = f"(%(expressions)s AT TIME ZONE '{settings.TIME_ZONE}')"
    output_field = models.DateTimeField()


def copied_csv(table: Table, *, language: str) -> Iterator[bytes] | None:
    """The file of a table's rows and shown columns; None where a column can only be written in Python."""
    rows = table.data.data
    if not isinstance(rows, QuerySet):
        return None
    with translation.override(language):
        cells = [_cell(table, bound, rows.model, language) for bound in table.export_columns()]
        if any(cell is None for cell in cells):
            return None
        named = {f"cell_{place}": cell for place, cell in enumerate(cells)}
        return _written(rows.annotate(**named).values_list(*named), table.export_header())


def _written(rows: QuerySet[Any, Any], header: list[str]) -> Iterator[bytes]:
    head = io.StringIO()
    csv.writer(head, delimiter=";", lineterminator="\r\n").writerow([guarded(title) for title in header])
    with tempfile.TemporaryFile() as file:
        with connection.cursor() as cursor:
            query = cursor.mogrify(*rows.query.sql_with_params()).decode()
            cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, DELIMITER ';', NULL '')", file)
        yield (BOM + head.getvalue()).encode()
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece.replace(b"\n", b"\r\n")


def _cell(table: Table, bound: Any, model: type[models.Model], language: str) -> Any:
    """What a column writes, as an expression of text; None where there is none."""
    column = bound.column
    path = getattr(column, "sql", "")
    if not path:
        if hasattr(table, f"value_{bound.name}") or isinstance(column, StatusesColumn | PercentColumn):
            return None
        path = str(bound.accessor).replace(".", "__")
    if isinstance(column, StatusColumn):
        return (
            _chosen(path, [(code, badge_for(code).label) for code in column.codes]) if column.codes else None
        )
    if isinstance(column, AmountColumn):
        text = Cast(Cast(F(path), _MONEY), TextField())
        return (
            Replace(text, Value(".", TextField()), Value(",", TextField()))
            if language.startswith("fr")
            else text
        )
    if isinstance(column, DateColumn):
        annotated = table.data.data.query.annotations.get(path)
        return _Text(F(path), Value("DD/MM/YYYY")) if annotated is not None else _moment(path, model)
    if isinstance(column, NumberColumn):
        return Cast(F(path), TextField())
    return _word(path, column, model)


def _word(path: str, column: Any, model: type[models.Model]) -> Any:
    if path.startswith("get_") and path.endswith("_display"):
        name = path.removeprefix("get_").removesuffix("_display")
        return _chosen(name, model._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
    # A column that writes its cells in its own way must say where they stand.
    if type(column).value is not Column.value and not column.sql:
        return None
    return NullIf(_Guarded(Cast(F(path), TextField())), Value("", TextField()))


def _chosen(path: str, choices: Any) -> Any:
    return Case(
        *(When(**{path: code}, then=Value(str(label), TextField())) for code, label in choices),
        default=Cast(F(path), TextField()),
        output_field=TextField(),
    )


def _moment(path: str, model: type[models.Model]) -> Any:
    field: Any = model
    for name in path.split("__"):
        field = field._meta.get_field(name)
        if field.is_relation:
            field = field.related_model
    if isinstance(field, models.DateTimeField):
        return _Text(_Office(F(path)), Value("DD/MM/YYYY HH24:MI"))
    return _Text(F(path), Value("DD/MM/YYYY"))
