"""Reports as files: CSV and XLSX as French spreadsheets read them, JSON as the API answers, PDF to print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from o2c.shared.exports import CSV_TYPE, XLSX_TYPE, csv_chunks, xlsx_file
from o2c.shared.pdf import PDF_TYPE, render_pdf
from o2c.shared.problems import RuleRefused

TYPES: Final = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE, "json": "application/json", "pdf": PDF_TYPE}
FORMATS: Final = tuple(TYPES)
# Some 250 pages: what takes a minute to draw, and nobody prints.
MOST_ON_PAPER: Final = 10_000
_PIECE: Final = 64 * 1024
_NO_ROWS: Final = '"rows": []'


class TooLongForPaper(RuleRefused):
    """More lines than a PDF can be drawn of."""

    code = "too_long_for_pdf"
    message = _("This report has too many lines for a PDF: narrow it with a filter, or take CSV or XLSX.")


@dataclass(frozen=True)
class Paper:
    """A report as it is printed, its figures written already.

    :ivar facts: label and value of what it covers
    :ivar header: heading of each column and whether it stands to the right
    :ivar foot: line of totals, one per currency
    :ivar control: sentences under the table
    """

    title: str
    facts: Sequence[tuple[str, str]]
    header: Sequence[tuple[str, bool]]
    lines: Iterator[Sequence[str]]
    foot: Sequence[Sequence[str]]
    control: Sequence[str]


@dataclass(frozen=True)
class Sheet:
    """A report as a table; words are made in the language that is active when they are asked for.

    :ivar stem: name of the file without its ending
    :ivar kinds: per column ``money``, ``text`` or empty (``exports.xlsx_file``)
    :ivar lines: the lines, which a file reads once; a long report has them come as they are read
    :ivar count: how many
    :ivar contract: the JSON of contract §5, its ``rows`` an empty list
    :ivar records: the rows of that JSON, read once like ``lines``
    """

    company: Any
    name: Callable[[], str]
    stem: Callable[[], str]
    header: Callable[[], list[str]]
    kinds: Sequence[str]
    lines: Callable[[], Iterator[list[Any]]]
    count: int
    contract: Callable[[], dict[str, Any]]
    records: Callable[[], Iterator[dict[str, Any]]]
    paper: Callable[[str], Paper]


def written(sheet: Sheet, file_format: str, *, language: str) -> Iterator[bytes]:
    """Yield a report piece by piece in one of ``FORMATS``; tables have a line per row and no line of totals.

    :raises ValueError: another format
    :raises TooLongForPaper: a PDF of more than ``MOST_ON_PAPER`` lines
    """
    if file_format == "json":
        return _json(sheet)
    if file_format == "pdf":
        if sheet.count > MOST_ON_PAPER:
            raise TooLongForPaper
        return _pdf(sheet, language)
    with translation.override(language):
        header, name = sheet.header(), sheet.name()
    if file_format == "csv":
        return csv_chunks(header, sheet.lines(), language=language)
    if file_format == "xlsx":
        return _xlsx(sheet, header, name, language)
    raise ValueError(f"{file_format} is none of {', '.join(FORMATS)}.")


def _json(sheet: Sheet) -> Iterator[bytes]:
    before, place, after = _indented(sheet.contract()).partition(_NO_ROWS)
    yield (before + place.removesuffix("]")).encode()
    filled, piece = False, ""
    for record in sheet.records():
        piece += ",\n  " if filled else "\n  "
        piece += _indented(record).replace("\n", "\n  ")
        filled = True
        if len(piece) > _PIECE:
            yield piece.encode()
            piece = ""
    yield (piece + ("\n ]" if filled else "]") + after).encode()


def _indented(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _xlsx(sheet: Sheet, header: list[str], name: str, language: str) -> Iterator[bytes]:
    with xlsx_file(header, sheet.lines(), language=language, sheet=name, kinds=sheet.kinds) as file:
        while piece := file.read(_PIECE):
            yield piece


def _pdf(sheet: Sheet, language: str) -> Iterator[bytes]:
    with translation.override(language):
        context = {"company": sheet.company, "paper": sheet.paper(language)}
    yield render_pdf("pdf/report.html", context, language=language)
