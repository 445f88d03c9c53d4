"""Tables as files: CSV and XLSX the way French spreadsheets read them (domain.md 9.7).

Cells are typed values (Decimal, date, datetime, bool, int, text, None), never text made for the screen.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from .xlsx import fill_with, write_xlsx

Cell = Any

CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BOM: Final = "\ufeff"
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS_A_CHUNK: Final = 500


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a leading ``= + - @ TAB CR`` gets an apostrophe."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_cell(value: Cell, *, language: str) -> str:
    """Write one value for CSV: decimal comma in French, dates DD/MM/YYYY, never scientific notation."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal | float):
        plain = f"{value if isinstance(value, Decimal) else Decimal(str(value)):f}"
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
    with translation.override(language):
        return write_xlsx(header, sheet, language, fill_with(rows, kinds))


def _local(value: datetime) -> datetime:
    """Return the time on the office clock, without zone: spreadsheets know none."""
    return timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
