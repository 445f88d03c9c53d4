"""Files as people have them: CSV of any separator and encoding, or a spreadsheet, read line by line."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _
from python_calamine import CalamineWorkbook

from o2c.shared.problems import Invalid

# A cell: what stands in a text file, or what a spreadsheet knows to be a date or a number.
Cell = str | date | Decimal

_DELIMITERS: Final = ";,\t|"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SPREADSHEETS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_ZIP: Final = b"PK\x03\x04"
_WORKBOOK: Final = "xl/workbook.xml"
MOST_COLUMNS: Final = 1_000
# What a spreadsheet may grow to when it is unpacked, and how many cells its widest and longest line span: the
# library keeps the whole rectangle in memory, however empty it is.
_MOST_UNPACKED: Final = 400 * 1024 * 1024
_MOST_CELLS: Final = 6_000_000
# Texts that cells share are kept as a whole, whatever cells there are.
_MOST_TEXT: Final = 100 * 1024 * 1024
_READ_AT_ONCE: Final = 1024 * 1024
_HEAD_OF_FILE: Final = 8
_PLACE: Final = re.compile(rb'\br="([A-Z]{1,3})?([0-9]{1,7})"')
_LONGEST_PLACE: Final = 16


class Unreadable(Invalid):
    """The file as a whole cannot be read; ``line`` says where that shows."""

    code = "unreadable"

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


@dataclass(frozen=True)
class Row:
    """One line of the file: its number (the header is line 1) and its cells by column."""

    line: int
    cells: dict[str, Cell]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """A file opened: its columns and its lines, which are read as they are asked for."""

    columns: tuple[str, ...]
    rows: Iterator[Row]


def open_table(path: Path, *, delimiter: str = "", encoding: str = "") -> Table:
    """Open a CSV file or the first sheet of a spreadsheet.

    :param delimiter: sniffed from the header when left out
    :param encoding: told from the bytes when left out: UTF-8 or UTF-16 with mark, UTF-8, else Windows-1252
    :raises Unreadable: no text and no spreadsheet, or no header
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_OF_FILE)
    if head.startswith(_SPREADSHEETS):
        lines = _sheet_lines(path.read_bytes())
    else:
        lines = _csv_lines(path, _encoding_of(path, encoding, head), delimiter)
    header = next(lines, None)
    if header is None:
        raise Unreadable(1, _("The file is empty."))
    columns = tuple(str(cell).strip() for cell in header[1])
    if header[0] != 1 or not any(columns):
        raise Unreadable(1, _("The first line must name the columns."))
    if len(columns) > MOST_COLUMNS:
        raise Unreadable(
            1, _("This file has %(count)d columns: at most %(most)d are read.")
            % {"count": len(columns), "most": MOST_COLUMNS}
        )  # fmt: skip
    return Table(columns, _rows(columns, lines))


def _rows(columns: Sequence[str], lines: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[Row]:
    for line, cells in lines:
        if all(cell == "" for cell in cells):
            continue
        extra = [cell for cell in cells[len(columns) :] if cell != ""]
        problem = ""
        if extra or len(cells) < len(columns):
            problem = _("This line has %(found)d cells, the header has %(expected)d.") % {
                "found": len(cells),
                "expected": len(columns),
            }
        yield Row(line, dict(zip(columns, cells, strict=False)), problem)


def _encoding_of(path: Path, encoding: str, head: bytes) -> str:
    """The encoding in which the whole file is text.

    It is gone through piece by piece, and read from the disk again: as text in memory it may take six times
    its size.
    """
    names = [name for mark, name in _BOMS if head.startswith(mark)]
    line = 1
    for name in [encoding] if encoding else names or ["utf-8", "cp1252"]:
        try:
            path.open(encoding=name).close()
        except (LookupError, ValueError) as error:
            raise Unreadable(1, _("“%(name)s” is no encoding.") % {"name": name}) from error
        found = _first_fault(path, name)
        if found is None:
            return name
        line = found
    raise Unreadable(line, _("This file is neither UTF-8 nor Windows-1252 text nor a spreadsheet."))


def _first_fault(path: Path, encoding: str) -> int | None:
    """The first line that is no text in this encoding; a null byte never is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as stream:
        while True:
            piece = stream.read(_READ_AT_ONCE)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                return line + error.object.count(b"\n", 0, error.start)
            except UnicodeError:
                return line
            if "\0" in text:
                return line + text.count("\n", 0, text.index("\0"))
            if not piece:
                return None
            line += text.count("\n")


def _csv_lines(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Each record with the number of the line it starts on."""
    with path.open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter or _sniffed(path, encoding), strict=True)
        while True:
            start = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise Unreadable(
                    start, _("This line cannot be read: %(error)s.") % {"error": error}
                ) from error
            yield start, [cell.strip() for cell in record]


def _sniffed(path: Path, encoding: str) -> str:
    """The separator that stands most often in the header, outside of quotes."""
    with path.open(encoding=encoding) as stream:
        header = next((line for line in stream if line.strip("\n")), "")
    bare = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)


def _sheet_lines(content: bytes) -> Iterator[tuple[int, Sequence[Cell]]]:
    try:
        if content.startswith(_ZIP):
            _check_size(content)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        # Empty lines on top count, so that the numbers are those of the spreadsheet.
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Unreadable:
        raise
    except BaseException as error:
        # A broken file may make the library panic, which Python sees as no ordinary exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise Unreadable(
            1, _("This spreadsheet cannot be read: %(error)s.") % {"error": str(error)[:200]}
        ) from error
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, start=1):
        cells = [_cell(value) for value in row]
        yield number, cells + [""] * (width - len(cells))


def _check_size(content: bytes) -> None:
    """Unpack a spreadsheet piece by piece to see how large it really is, whatever it says of itself.

    :raises Unreadable: too large, or no spreadsheet
    """
    unpacked, last_row, last_column = 0, 0, 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if _WORKBOOK not in archive.namelist():
                raise Unreadable(1, _("This is no spreadsheet that can be read: save it as XLSX or CSV."))
            for entry in archive.infolist():
                with archive.open(entry) as stream:
                    kept, text = b"", 0
                    while piece := stream.read(_READ_AT_ONCE):
                        unpacked += len(piece)
                        text += len(piece) if "sharedStrings" in entry.filename else 0
                        if unpacked > _MOST_UNPACKED or text > _MOST_TEXT:
                            raise Unreadable(
                                1, _("This spreadsheet is too large: cut it into parts, or save it as CSV.")
                            )
                        if "worksheets/" in entry.filename:
                            for column, row in _PLACE.findall(kept + piece):
                                last_row = max(last_row, int(row))
                                last_column = max(last_column, _column_number(column))
                            kept = piece[-_LONGEST_PLACE:]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Unreadable(1, _("This spreadsheet cannot be read: %(error)s.") % {"error": error}) from error
    if last_row * last_column > _MOST_CELLS:
        raise Unreadable(1, _("This spreadsheet is too large: cut it into parts, or save it as CSV."))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else repr(value)
    return str(value).strip()
