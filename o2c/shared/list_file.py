"""A list as a file: its filtered rows and shown columns, sent at once or, when there are many, written by a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from .copied import can_copy, copied_csv, copied_xlsx
from .exports import CSV_TYPE, XLSX_TYPE, csv_chunks, xlsx_file
from .tables import Table

# What takes some two seconds: rows that the database writes itself, and rows that go through Python.
AT_ONCE: Final = {"csv": 200_000, "xlsx": 50_000}
WRITTEN_AT_ONCE: Final = 5_000
_PIECE: Final = 64 * 1024

Counted = Callable[[Iterable[Any], int], Iterator[Any]]


@dataclass(frozen=True)
class ListFile:
    """A list to be written as CSV or XLSX.

    :ivar language: of headings, words and figures
    """

    TYPES: ClassVar[dict[str, str]] = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}

    table: Table
    kind: str
    name: str
    title: str
    language: str

    @property
    def content_type(self) -> str:
        """The type of its content."""
        return self.TYPES[self.kind]

    @cached_property
    def count(self) -> int:
        """How many rows it has."""
        return len(self.table.rows)

    @property
    def _is_copied(self) -> bool:
        return can_copy(self.table, language=self.language)

    @property
    def is_long(self) -> bool:
        """Whether it is better written in the background."""
        return self.count > (AT_ONCE[self.kind] if self._is_copied else WRITTEN_AT_ONCE)

    def pieces(self, counted: Counted | None = None) -> Iterator[bytes]:
        """Yield the file piece by piece.

        :param counted: what the rows are read through, to say how far it is; not told where the database writes
        """
        if self.kind == "csv":
            copied = copied_csv(self.table, language=self.language)
            yield from copied or csv_chunks(
                self.table.export_header(), self._rows(counted), language=self.language
            )
            return
        book = copied_xlsx(self.table, language=self.language, sheet=self.title) or xlsx_file(
            self.table.export_header(),
            self._rows(counted),
            language=self.language,
            sheet=self.title,
            kinds=self.table.export_kinds(),
        )
        with book:
            while piece := book.read(_PIECE):
                yield piece

    def _rows(self, counted: Counted | None) -> Iterable[Any]:
        rows = self.table.export_rows()
        return rows if counted is None else counted(rows, self.count)
