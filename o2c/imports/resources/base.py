"""What a kind of file is: its fields with their names in people's files, how a cell is read, what comes of a line.

Fields and widgets are django-import-export's, so that a kind reads as a list of what it takes. A whole file goes
through the acts of the applications at once; nothing is written here.
"""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from import_export import resources, widgets
from import_export.fields import Field

from accounts.models import Company, User
from accounts.services import Effect
from o2c.imports.cells import currencies, is_plain, read_date, text_of
from o2c.imports.ledger import LineError
from o2c.imports.mapping import Mapping as FileMapping
from o2c.imports.mapping import Shape
from o2c.imports.reader import Cell, Row, Table
from o2c.shared.money import parse_decimal
from o2c.shared.problems import Refusal

Outcome = Effect | Refusal | Exception
Progress = Callable[[int], None]

_PROGRESS_EVERY: Final = 2000
_LONGEST_NUMBER: Final = 60
# What a spreadsheet leaves of 0.1 + 0.2 is no further decimal.
_TRACE: Final = Decimal("0.000001")


class Wrong(ValueError):
    """One cell cannot be taken; says what it is and what to write."""


class CellWidget(widgets.Widget):
    """Reads one cell; an empty one is None."""

    def clean(self, value: Cell, row: Any = None, *, mapping: FileMapping, **kwargs: Any) -> Any:
        """Return what the cell says.

        :raises Wrong: it cannot be taken
        """
        return None if value == "" else self.read(value, mapping)

    @abstractmethod
    def read(self, value: Cell, mapping: FileMapping) -> Any:
        """Read a cell that is not empty."""


class TextWidget(CellWidget):
    """Text of a certain length at most."""

    def __init__(self, longest: int, *, key: bool = False, upper: bool = False) -> None:
        super().__init__()
        self.longest, self.key, self.upper = longest, key, upper

    def read(self, value: Cell, mapping: FileMapping) -> str:
        """:raises Wrong: too long, or a key that no address can carry."""
        text = text_of(value)
        if len(text) > self.longest:
            raise Wrong(
                _("“%(text)s…” is longer than %(length)d characters")
                % {"text": text[:30], "length": self.longest}
            )
        # Line breaks are text; what no database and no page can show is a fault of the file.
        if not text.isprintable() and (self.key or _CONTROL.search(text)):
            raise Wrong(_("“%(text)s” holds signs that cannot be printed") % {"text": _shown(text)})
        if self.key and (text.startswith("/") or text.endswith("/") or text in {".", ".."}):
            raise Wrong(_("“%(text)s” begins or ends with a slash") % {"text": text})
        return text.upper() if self.upper else text


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:40])


class DayWidget(CellWidget):
    """A day as the mapping writes it, or in ISO."""

    def read(self, value: Cell, mapping: FileMapping) -> date:
        """:raises ValueError: no date, or a year of two figures."""
        if isinstance(value, date):
            return read_date(value.isoformat(), mapping.date_format)
        return _day(text_of(value)[:40], mapping.date_format)


@lru_cache(maxsize=20_000)
def _day(text: str, date_format: str) -> date:
    return read_date(text, date_format)


class NumberWidget(CellWidget):
    """A number with a certain number of decimals, French or English."""

    def __init__(
        self, places: int, *, figures: int = 14, least: str | None = None, most: str | None = None
    ) -> None:
        super().__init__()
        self.unit = Decimal(1).scaleb(-places)
        self.places, self.below = places, Decimal(10) ** (figures - places)
        self.least = None if least is None else Decimal(least)
        self.most = None if most is None else Decimal(most)

    def read(self, value: Cell, mapping: FileMapping) -> Decimal:
        """:raises ValueError: no number, too many decimals, too large or too small."""
        text = text_of(value)
        if isinstance(value, date):
            raise Wrong(_("“%(text)s” is a date, not a number") % {"text": text})
        if len(text) > _LONGEST_NUMBER:
            raise Wrong(_("“%(text)s…” is too long for a number") % {"text": text[:30]})
        number = value if isinstance(value, Decimal) else parse_decimal(text, decimal_mark=mapping.decimal)
        if not is_plain(number) or abs(number) >= self.below:
            raise Wrong(_("“%(text)s” is too large") % {"text": text})
        rounded = number.quantize(self.unit)
        exact = abs(number - rounded) < _TRACE if isinstance(value, Decimal) else number == rounded
        if not exact:
            raise Wrong(
                _("“%(text)s” has more than %(places)d decimals") % {"text": text, "places": self.places}
            )
        if self.least is not None and rounded < self.least:
            raise Wrong(_("“%(text)s” is below %(least)s") % {"text": text, "least": self.least})
        if self.most is not None and rounded > self.most:
            raise Wrong(_("“%(text)s” is above %(most)s") % {"text": text, "most": self.most})
        return rounded


class ChoiceWidget(CellWidget):
    """One of few words; French and English ones are understood beside our own codes."""

    def __init__(self, codes: Iterable[str], words: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.codes = tuple(codes)
        self.words = {plain_words(code): code for code in self.codes}
        self.words |= {plain_words(word): code for word, code in (words or {}).items()}

    def read(self, value: Cell, mapping: FileMapping) -> str:
        """:raises Wrong: none of the words."""
        text = text_of(value)
        found = self.words.get(plain_words(text[:60]))
        if found is None:
            raise Wrong(
                _("“%(text)s” is none of %(known)s") % {"text": text[:40], "known": ", ".join(self.codes)}
            )
        return found


class CurrencyWidget(CellWidget):
    """A currency by its three letters."""

    def read(self, value: Cell, mapping: FileMapping) -> str:
        """:raises Wrong: there is no such currency."""
        code = text_of(value).upper()
        code = "EUR" if code == "€" else code
        if code not in currencies():
            raise Wrong(_("“%(text)s” is no currency: write EUR, USD") % {"text": code[:40]})
        return code


class CheckedWidget(CellWidget):
    """An identifier with check digits: SIREN, IBAN."""

    def __init__(self, check: Callable[[str], Any]) -> None:
        super().__init__()
        self.check = check

    def read(self, value: Cell, mapping: FileMapping) -> str:
        """:raises Wrong: the check digits say no."""
        text = text_of(value)
        checked = self.check(text[:60])
        if not checked.valid:
            raise Wrong(_("“%(text)s”: %(problem)s") % {"text": text[:40], "problem": checked.problem})
        return str(checked.value)


class ImportField(Field):
    """A field of a kind.

    :ivar label: as people read it
    :ivar names: further names of its column, French and English
    :ivar sample: the value in the sample file
    """

    def __init__(
        self,
        widget: CellWidget,
        label: str | Promise,
        *names: str,
        required: bool = False,
        sample: str = "",
    ) -> None:
        super().__init__(widget=widget)
        self.label, self.names, self.required, self.sample = label, names, required, sample


@dataclass(frozen=True, slots=True)
class Entry:
    """What one line, or several lines of one document, enter.

    :ivar lines: of the file, to say where a refusal belongs
    :ivar value: as the kind's act takes it
    :ivar amount: what it adds to the control total of ``currency``; None where a kind has no amounts
    """

    lines: tuple[int, ...]
    value: Any
    amount: Decimal | None = None
    currency: str = ""


@dataclass
class Reading:
    """A file read: what its lines enter, what is wrong with the others."""

    entries: list[Entry] = field(default_factory=list)
    errors: list[LineError] = field(default_factory=list)
    lines: int = 0


class KindResource(resources.Resource):
    """A kind of file: subclasses list its fields and say what a line enters and by which act.

    :cvar kind: of ``ImportRun.Kind``
    :cvar permission: what the act itself asks for, beside the right to import
    """

    kind: ClassVar[str]
    permission: ClassVar[str] = "imports.run"

    def __init__(self, company: Company, by: User, mapping: FileMapping) -> None:
        super().__init__()
        self.company, self.by, self.mapping = company, by, mapping
        self.column_of: dict[str, str] = {}

    @classmethod
    def shape(cls) -> Shape:
        """What a mapping of this kind may name."""
        return Shape(
            required=tuple(name for name, found in cls.fields.items() if found.required),
            fields=tuple(cls.fields),
            meanings={
                name: frozenset(found.widget.codes)
                for name, found in cls.fields.items()
                if isinstance(found.widget, ChoiceWidget)
            },
        )

    @classmethod
    def guess(cls, columns: Sequence[str]) -> dict[str, str]:
        """The field of each column whose name says it, French or English; each field once."""
        known: dict[str, str] = {}
        for name, found in cls.fields.items():
            for word in (name, str(found.label), *found.names):
                known.setdefault(plain_words(word), name)
        guessed: dict[str, str] = {}
        for column in columns:
            found = known.get(plain_words(column))
            if found is not None and found not in guessed.values():
                guessed[column] = found
        return guessed

    def read_file(self, table: Table, progress: Progress | None = None) -> Reading:
        """Read every line and check it; a line with an error enters nothing."""
        reading = Reading()
        self.column_of, missing = _columns(table.columns, self.mapping)
        if missing:
            reading.errors = [LineError(1, message) for message in missing]
            return reading
        for entry in self.entries(self._values(table.rows, reading, progress), reading):
            reading.entries.append(entry)
        reading.errors.sort(key=lambda error: error.line)
        return reading

    def values_of(
        self, columns: Sequence[str], rows: Iterable[Row], reading: Reading
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """The values of each good line of a file with these columns."""
        self.column_of, _missing = _columns(columns, self.mapping)
        return self._values(rows, reading, None)

    def _values(
        self, rows: Iterable[Row], reading: Reading, progress: Progress | None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """The values of each good line by field; what is wrong with the others is noted."""
        fields = [(name, column, self.fields[name]) for name, column in self.column_of.items()]
        words = self.mapping.value_maps
        for row in rows:
            reading.lines += 1
            if progress is not None and reading.lines % _PROGRESS_EVERY == 0:
                progress(reading.lines)
            if row.problem:
                reading.errors.append(LineError(row.line, row.problem))
                continue
            values: dict[str, Any] = {}
            wrong = False
            for name, column, found in fields:
                cell = row.cells[column]
                if name in words:
                    cell = words[name].get(text_of(cell).casefold(), cell)
                try:
                    value = found.clean({name: cell}, mapping=self.mapping)
                except ValueError as error:
                    reading.errors.append(LineError(row.line, f"{column}: {error}"))
                    wrong = True
                    continue
                if value is None and found.required:
                    reading.errors.append(
                        LineError(row.line, f"{column}: " + _("nothing is written here; it is needed"))
                    )
                    wrong = True
                values[name] = value
            if not wrong:
                yield row.line, values

    def entries(self, lines: Iterable[tuple[int, dict[str, Any]]], reading: Reading) -> Iterator[Entry]:
        """Make of good lines what is entered, one for each; what cannot be is noted."""
        for line, values in lines:
            try:
                yield self.entry(line, values)
            except Wrong as error:
                reading.errors.append(LineError(line, str(error)))

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """Make of one line what it enters.

        :raises Wrong: its values do not go together
        """
        raise NotImplementedError

    @abstractmethod
    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Enter them in the caller's transaction; for each what became of it, or what refused it.

        :param only_ask: take no credit and hold nobody up: the caller undoes what is written
        """

    def currency(self, values: Mapping[str, Any]) -> str | None:
        """The currency of a line: its own, else the one the mapping names for the file."""
        return values.get("currency") or self.mapping.currency or None

    def told(self, outcome: Exception) -> list[str]:
        """What refused something in words, each beginning with the column it is about where there is one."""
        if not isinstance(outcome, Refusal) or not outcome.errors:
            return [str(outcome)]
        said = []
        for name, texts in outcome.errors.items():
            column = self.column_of.get(self.field_of(name), "")
            said += [f"{column}: {text}" if column else str(text) for text in texts]
        return said

    def field_of(self, name: str) -> str:
        """The field of ours that an error of the act is about."""
        return name


def _columns(found: Sequence[str], mapping: FileMapping) -> tuple[dict[str, str], list[str]]:
    """Which column of this file holds each field, and what is wrong with that; case does not matter."""
    by_name: dict[str, list[str]] = {}
    for name in found:
        by_name.setdefault(name.casefold(), []).append(name)
    columns, problems = {}, []
    for column, name in mapping.columns.items():
        actual = by_name.get(column.casefold(), [])
        if not actual:
            there = [each for each in found if each]
            problems.append(
                _("the column “%(column)s” (%(field)s) is missing; there are %(found)s.")
                % {"column": column, "field": name, "found": ", ".join(there[:30])[:600]}
            )
        elif len(actual) > 1:
            problems.append(
                _("the column “%(column)s” stands there %(count)d times: keep one of them.")
                % {"column": column, "count": len(actual)}
            )
        else:
            columns[name] = actual[0]
    return columns, problems


@lru_cache(maxsize=2000)
def plain_words(text: str) -> str:
    """A name as it is compared: lower case, no accents, no signs between the words."""
    bare = unicodedata.normalize("NFKD", text.replace("°", "o")).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", bare.casefold()))
