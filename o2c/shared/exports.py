"""Tables as files: CSV and XLSX the way French spreadsheets read them (domain.md 9.7).

Cells are typed values (Decimal, date, datetime, bool, int, text, None), never text made for the screen.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final

import xlsxwriter
from django.utils import timezone, translation
from django.utils.translation import gettext as _

Cell = Any

CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BOM: Final = "\ufeff"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS_A_CHUNK: Final = 500
_WIDEST: Final = 60


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a leading ``= + - @ TAB CR`` gets an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def csv_cell(value: Cell, *, language: str) -> str:
    """Write one value for CSV: decimal comma in French, dates DD/MM/YYYY, never scientific notation."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal | float):
        plain = f"{Decimal(str(value)):f}"
        return plain.replace(".", ",") if language.startswith("fr") else plain
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"{_local(value):%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return guarded(str(value))


def csv_chunks(header: Sequence[Any], rows: Iterable[Sequence[Cell]], *, language: str) -> Iterator[bytes]:
    """Yield a CSV file piece by piece: UTF-8 with BOM, ``;`` between cells, CRLF at the end of lines.

    Rows are read as they are written, so that a long list never lies in memory.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    buffer.write(BOM)
    with translation.override(language):
        writer.writerow([guarded(str(title)) for title in header])
        for number, row in enumerate(rows, start=1):
            writer.writerow([csv_cell(value, language=language) for value in row])
            if number % _ROWS_A_CHUNK == 0:
                yield _drained(buffer)
        yield _drained(buffer)


def _drained(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return data


def xlsx_file(
    header: Sequence[Any],
    rows: Iterable[Sequence[Cell]],
    *,
    language: str,
    sheet: str,
    kinds: Sequence[str] = (),
) -> IO[bytes]:
    """Return an open XLSX file, at its beginning: real dates and numbers, texts as texts, head kept in sight.

    :param sheet: name of the sheet, cut to the 31 letters that a sheet may have
    :param kinds: per column ``money``, ``text`` or empty; decides the format of its numbers
    """
    # The file outlives this function: the response that sends it closes and so removes it.
    target = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115
    book = xlsxwriter.Workbook(
        target, {"constant_memory": True, "default_date_format": "dd/mm/yyyy", "strings_to_formulas": False,
                 "strings_to_urls": False, "strings_to_numbers": False, "remove_timezone": True}
    )  # fmt: skip
    with translation.override(language):
        page = book.add_worksheet(_sheet_name(sheet))
        looks = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": False}),
            "money": book.add_format({"num_format": "# ##0.00" if language.startswith("fr") else "#,##0.00"}),
            "number": book.add_format({"num_format": "General"}),
            "date": book.add_format({"num_format": "dd/mm/yyyy"}),
            "time": book.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
            "text": book.add_format({"num_format": "@"}),
        }
        for column, title in enumerate(header):
            page.set_column(column, column, min(max(len(str(title)) + 3, 13), _WIDEST))
            page.write_string(0, column, str(title), looks["head"])
        page.freeze_panes(1, 1)
        for line, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                kind = kinds[column] if column < len(kinds) else ""
                _write_cell(page, line, column, value, kind, looks)
    book.close()
    target.seek(0)
    return target


def _write_cell(page: Any, line: int, column: int, value: Cell, kind: str, looks: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        page.write_string(line, column, _("yes") if value else _("no"))
    elif isinstance(value, Decimal | float):
        page.write_number(line, column, float(value), looks["money" if kind in {"money", ""} else "number"])
    elif isinstance(value, int):
        page.write_number(line, column, value, looks["money" if kind == "money" else "number"])
    elif isinstance(value, datetime):
        page.write_datetime(line, column, _local(value), looks["time"])
    elif isinstance(value, date):
        page.write_datetime(line, column, value, looks["date"])
    else:
        # A text cell is never evaluated, so nothing is put before it here.
        page.write_string(line, column, str(value), looks["text"])


def _sheet_name(name: str) -> str:
    return "".join(" " if letter in "[]:*?/\\" else letter for letter in name).strip("' ")[:31] or "o2c"


def _local(value: datetime) -> datetime:
    """Return the time on the office clock, without zone: spreadsheets know none."""
    return timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
