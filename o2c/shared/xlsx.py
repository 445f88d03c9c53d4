"""Large XLSX files, row by row: the workbook around them is xlsxwriter's, the rows are spliced in as text.

A row is a ``<row>`` of the sheet's XML, its cells one after the other; nothing of it is kept once it is written, so a
million rows take no more memory than ten. What a library does for each cell costs more than all the rest: writing the
text itself is several times faster, and lets the database write it (``copied``).
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _

Cell = Any
Write = Callable[[bytes], Any]

# Day 0 of spreadsheets.
EPOCH: Final = date(1899, 12, 30)
EMPTY: Final = "<c/>"
_EPOCH_AT: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zone
_DAY: Final = 86_400
_SHEET: Final = "xl/worksheets/sheet1.xml"
_WIDEST: Final = 60
_ROWS_A_CHUNK: Final = 500
# What XML must not hold, and what a spreadsheet would take for an escape of its own.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ESCAPE: Final = re.compile("_(x[0-9A-Fa-f]{4}_)")
_SPECIAL: Final = re.compile("[&<>_\x00-\x1f\ufffe\uffff]")
# Half as long as the default, for files a tenth larger.
_COMPRESSION: Final = 4


@dataclass(frozen=True)
class Looks:
    """Numbers of the formats that cells name: ``s="3"``."""

    money: str
    number: str
    date: str
    time: str
    text: str


def write_xlsx(
    header: Sequence[Any], sheet: str, language: str, fill: Callable[[Write, Looks], None]
) -> IO[bytes]:
    """Return an open XLSX file of one sheet, at its beginning, its head kept in sight.

    :param fill: writes the rows, as ``row_xml`` makes them, piece by piece
    """
    looks, parts, before, after = _around(header, sheet, language)
    # The file outlives this function: whoever sends it closes and so removes it.
    target = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION) as book:
        for name, content in parts:
            book.writestr(name, content)
        with book.open(_SHEET, "w", force_zip64=True) as page:
            page.write(before)
            fill(page.write, looks)
            page.write(after)
    target.seek(0)
    return target


def fill_with(rows: Iterable[Sequence[Cell]], kinds: Sequence[str]) -> Callable[[Write, Looks], None]:
    """Return what writes typed rows.

    :param kinds: per column ``money``, ``text`` or empty
    """

    def fill(write: Write, looks: Looks) -> None:
        lines: list[str] = []
        for row in rows:
            lines.append(row_xml(row, kinds, looks))
            if len(lines) == _ROWS_A_CHUNK:
                write("".join(lines).encode())
                lines.clear()
        write("".join(lines).encode())

    return fill


def row_xml(row: Sequence[Cell], kinds: Sequence[str], looks: Looks) -> str:
    """Write one row."""
    named = (*kinds, *[""] * (len(row) - len(kinds)))
    return (
        f"<row>{''.join([_cell(value, kind, looks) for value, kind in zip(row, named, strict=False)])}</row>"
    )


def _cell(value: Cell, kind: str, looks: Looks) -> str:
    if value is None or value == "":
        return EMPTY
    if isinstance(value, str):
        return _text(value, looks)
    if isinstance(value, bool):
        return _text(_("yes") if value else _("no"), looks)
    if isinstance(value, Decimal | float):
        look = looks.money if kind in {"money", ""} else looks.number
        return f'<c s="{look}"><v>{value:f}</v></c>'
    if isinstance(value, int):
        return f'<c s="{looks.money if kind == "money" else looks.number}"><v>{value}</v></c>'
    if isinstance(value, datetime):
        local = timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
        return f'<c s="{looks.time}"><v>{(local - _EPOCH_AT).total_seconds() / _DAY:.10f}</v></c>'
    if isinstance(value, date):
        return f'<c s="{looks.date}"><v>{(value - EPOCH).days}</v></c>'
    return _text(str(value), looks)


def _text(value: str, looks: Looks) -> str:
    """Write a text: never evaluated, so nothing is put before it."""
    if _SPECIAL.search(value):
        value = _ESCAPE.sub(r"_x005F_\1", _FORBIDDEN.sub("", value))
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return f'<c s="{looks.text}" t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'


def _around(
    header: Sequence[Any], sheet: str, language: str
) -> tuple[Looks, list[tuple[str, bytes]], bytes, bytes]:
    """Have a workbook made of the head alone: the formats, its other parts, its sheet before and after the rows."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(
        made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}
    )  # fmt: skip
    page = book.add_worksheet(_sheet_name(sheet))
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": False})
    patterns = {
        "money": "# ##0.00" if language.startswith("fr") else "#,##0.00",
        "number": "General",
        "date": "dd/mm/yyyy",
        "time": "dd/mm/yyyy hh:mm",
        "text": "@",
    }
    for column, title in enumerate(header):
        page.set_column(column, column, min(max(len(str(title)) + 3, 13), _WIDEST))
        page.write_string(0, column, str(title), head)
    # A line that uses each format once, for the numbers they get; it is taken out again.
    for column, pattern in enumerate(patterns.values()):
        page.write_number(1, column, 0, book.add_format({"num_format": pattern}))
    page.freeze_panes(1, 1)
    book.close()
    with zipfile.ZipFile(made) as parts:
        content = {name: parts.read(name) for name in parts.namelist()}
    text = content.pop(_SHEET).decode()
    sample = re.search(r'<row r="2".*?</row>', text)
    assert sample is not None
    numbers = [found or "0" for found in re.findall(r'<c r="\w+"(?: s="(\d+)")?', sample[0])]
    # How far the sheet reaches is not known yet, and need not be told.
    text = re.sub(r"<dimension [^>]*/>", "", text.replace(sample[0], ""))
    before, end, after = text.partition("</sheetData>")
    looks = Looks(**dict(zip(patterns, numbers, strict=True)))
    return looks, list(content.items()), before.encode(), (end + after).encode()


def _sheet_name(name: str) -> str:
    return "".join(" " if letter in "[]:*?/\\" else letter for letter in name).strip("' ")[:31] or "o2c"
