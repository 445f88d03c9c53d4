"""Long lists as CSV, written by the database: ``COPY`` of the list's own query, six times a cursor and Python's csv.

The file is the same, byte for byte, as ``exports.csv_chunks`` writes row by row; a table with a column that only
Python can write goes that way.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast, NullIf, Replace
from django.utils import translation

from .badges import badge_for
from .exports import BOM, FORMULA_STARTS, guarded
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
from .xlsx import Looks, Write, write_xlsx

_PIECE: Final = 256 * 1024
# A text as XML takes it (``xlsx.row_xml``), and without an end of line, which would end the row of ``COPY``. It is
# looked at first, since few hold a letter that must be written otherwise.
_XML: Final = r"""
    CASE WHEN {cell} ~ '[&<>_[:cntrl:]\ufffe\uffff]' THEN
        replace(replace(replace(replace(replace(
            regexp_replace(
                regexp_replace({cell}, '[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]', '', 'g'),
                '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\1', 'g'
            ),
        '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), chr(10), '&#10;'), chr(13), '&#13;')
    ELSE {cell} END
"""
# A cell of an XLSX row by what it holds, as ``xlsx.row_xml`` writes it.
_CELLS: Final = {
    "money": """COALESCE('<c s="{look}"><v>' || {cell} || '</v></c>', '<c/>')""",
    "number": """COALESCE('<c s="{look}"><v>' || {cell} || '</v></c>', '<c/>')""",
    "date": """COALESCE('<c s="{look}"><v>' || ({cell} - DATE '1899-12-30') || '</v></c>', '<c/>')""",
    "time": """COALESCE('<c s="{look}"><v>' || ROUND(
        EXTRACT(EPOCH FROM {cell} - TIMESTAMP '1899-12-30') / 86400, 10) || '</v></c>', '<c/>')""",
    "text": f"""COALESCE('<c s="{{look}}" t="inlineStr"><is><t xml:space="preserve">' || {_XML}
        || '</t></is></c>', '<c/>')""",
}
_MONEY: Final = models.DecimalField(max_digits=20, decimal_places=2)


class _Text(Func):
    """A date or a moment as people read it."""

    function = "to_char"
    output_field = TextField()


class _Guarded(Func):
    """Text that no spreadsheet takes for a formula (``exports.guarded``).

    The first letter alone is looked at: a pattern over the whole text would cost more than the rest of the cell.
    """

    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        """Write ``CASE WHEN left(text, 1) IN (…) THEN '…' ELSE text END``."""
        del connection, extra
        text, params = compiler.compile(self.get_source_expressions()[0])
        starts = ", ".join(f"chr({ord(letter)})" for letter in FORMULA_STARTS)
        return f"CASE WHEN left({text}, 1) IN ({starts}) THEN chr(39) || {text} ELSE {text} END", [
            *params
        ] * 3


class _Office(Func):
    """A moment on the office clock."""

    template = f"(%(expressions)s AT TIME ZONE '{settings.TIME_ZONE}')"
    output_field = models.DateTimeField()


class _Chosen(Func):
    """The label of a code; a code without one as it is. The code is worked out once, however long that takes."""

    output_field = TextField()

    def __init__(self, code: Any, choices: Sequence[tuple[Any, str]] = (), **extra: Any) -> None:
        words = [Value(word, TextField()) for choice in choices for word in choice]
        super().__init__(code, *words, **extra)

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        """Write ``CASE code WHEN … THEN … END``."""
        del connection, extra
        code, *words = [compiler.compile(part) for part in self.get_source_expressions()]
        whens = " ".join(
            f"WHEN {given} THEN {shown}"
            for (given, _), (shown, _) in zip(words[::2], words[1::2], strict=True)
        )
        params = [param for _sql, values in (code, *words, code) for param in values]
        return f"CASE ({code[0]})::text {whens} ELSE ({code[0]})::text END", params


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


def can_copy(table: Table, *, language: str) -> bool:
    """Whether the database can write the file of a table by itself."""
    rows = table.data.data
    if not isinstance(rows, QuerySet):
        return False
    return all(_cell(table, bound, rows.model, language) is not None for bound in table.export_columns())


def copied_xlsx(table: Table, *, language: str, sheet: str) -> IO[bytes] | None:
    """The same as an XLSX file, open at its beginning; None where a column can only be written in Python."""
    rows = table.data.data
    if not isinstance(rows, QuerySet):
        return None
    with translation.override(language):
        found = [_typed(table, bound, rows.model) for bound in table.export_columns()]
        typed = [cell for cell in found if cell is not None]
        if len(typed) < len(found):
            return None
        named = {f"cell_{place}": cell for place, (_kind, cell) in enumerate(typed)}
        chosen = rows.annotate(**named).values_list(*named)

        def fill(write: Write, looks: Looks) -> None:
            cells = " || ".join(
                _CELLS[kind].format(cell=f"q.c{place}", look=getattr(looks, kind))
                for place, (kind, _cell) in enumerate(typed)
            )
            columns = ", ".join(f"c{place}" for place in range(len(typed)))
            held = _Buffered(write)
            with connection.cursor() as cursor:
                query = cursor.mogrify(*chosen.query.sql_with_params()).decode()
                # No letter of a row is the delimiter or the quote, so that each comes as it is, one a line.
                cursor.copy_expert(
                    f"COPY (SELECT '<row>' || {cells} || '</row>' FROM ({query}) AS q ({columns})) TO STDOUT "
                    "WITH (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')",
                    held,
                )
            held.flush()

        return write_xlsx(table.export_header(), sheet, language, fill)


class _Buffered:
    """A file that is written in larger pieces: ``COPY`` gives it row by row."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Take one row."""
        self._held.append(data)
        self._size += len(data)
        if self._size > _PIECE:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        self._write(b"".join(self._held))
        self._held, self._size = [], 0


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
    path = _path(table, bound)
    if not path:
        return None
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


def _path(table: Table, bound: Any) -> str:
    """The field a column shows; empty where only Python knows."""
    path = getattr(bound.column, "sql", "")
    if path:
        return str(path)
    if hasattr(table, f"value_{bound.name}") or isinstance(bound.column, StatusesColumn | PercentColumn):
        return ""
    return str(bound.accessor).replace(".", "__")


def _typed(table: Table, bound: Any, model: type[models.Model]) -> tuple[str, Any] | None:
    """What a column holds, as a kind of ``_CELLS`` and an expression of that type; None where there is none."""
    column = bound.column
    path = _path(table, bound)
    if not path:
        return None
    if isinstance(column, StatusColumn):
        choices = [(code, badge_for(code).label) for code in column.codes]
        return ("text", _chosen(path, choices)) if choices else None
    if isinstance(column, AmountColumn):
        return "money", Cast(F(path), _MONEY)
    if isinstance(column, DateColumn):
        annotated = table.data.data.query.annotations.get(path)
        field = _field(path, model) if annotated is None else annotated.output_field
        moment = isinstance(field, models.DateTimeField)
        return ("time", _Office(F(path))) if moment else ("date", F(path))
    if isinstance(column, NumberColumn):
        return "number", F(path)
    word = _word(path, column, model, guarded=False)
    return None if word is None else ("text", word)


def _word(path: str, column: Any, model: type[models.Model], *, guarded: bool = True) -> Any:
    if path.startswith("get_") and path.endswith("_display"):
        name = path.removeprefix("get_").removesuffix("_display")
        return _chosen(name, model._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
    # A column that writes its cells in its own way must say where they stand.
    if type(column).value is not Column.value and not column.sql:
        return None
    text = Cast(F(path), TextField())
    return NullIf(_Guarded(text) if guarded else text, Value("", TextField()))


def _chosen(path: str, choices: Any) -> _Chosen:
    return _Chosen(F(path), [(code, str(label)) for code, label in choices])


def _moment(path: str, model: type[models.Model]) -> Any:
    if isinstance(_field(path, model), models.DateTimeField):
        return _Text(_Office(F(path)), Value("DD/MM/YYYY HH24:MI"))
    return _Text(F(path), Value("DD/MM/YYYY"))


def _field(path: str, model: type[models.Model]) -> Any:
    field: Any = model
    for name in path.split("__"):
        field = field._meta.get_field(name)
        if field.is_relation:
            field = field.related_model
    return field
