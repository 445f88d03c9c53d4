"""A list as a file: its filtered rows and shown columns, sent at once or, when there are many, written by a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from .copied import copied_csv
from .exports import CSV_TYPE, XLSX_TYPE, csv_chunks, xlsx_file
from .tables import Table

# What takes some two seconds: rows that the database writes itself, and rows that go through Python.
COPIED_AT_ONCE: Final = 200_000
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

    @cached_property
    def _copied(self) -> Iterator[bytes] | None:
        return copied_csv(self.table, language=self.language) if self.kind == "csv" else None

    @property
    def is_long(self) -> bool:
        """Whether it is better written in the background."""
        return self.count > (WRITTEN_AT_ONCE if self._copied is None else COPIED_AT_ONCE)

    def pieces(self, counted: Counted | None = None) -> Iterator[bytes]:
        """Yield the file piece by piece.

        :param counted: what the rows are read through, to say how far it is; not told where the database writes
        """
        if self._copied is not None:
            yield from self._copied
            return
        rows: Iterable[Any] = self.table.export_rows()
        if counted is not None:
            rows = counted(rows, self.count)
        header = self.table.export_header()
        if self.kind == "csv":
            yield from csv_chunks(header, rows, language=self.language)
            return
        kinds = self.table.export_kinds()
        with xlsx_file(header, rows, language=self.language, sheet=self.title, kinds=kinds) as book:
            while piece := book.read(_PIECE):
                yield piece
