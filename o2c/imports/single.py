"""Files of one kind (clients, orders, invoices, payments, rates, cover): looked at, then entered whole or in part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Company, User
from accounts.services import Effect
from o2c.shared import audit
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import NotAllowed, NotFound

from . import ledger_names
from .ledger import LineError
from .mapping import Mapping, UnreadableMapping, mapping_of, parse_mapping
from .reader import Row, open_table
from .resources import KINDS, Entry, KindResource, Reading
from .services import LedgerRefused

Progress = Callable[[int, str], None]


class LinesRefused(LedgerRefused):
    """Lines of the file are wrong and nothing was entered."""

    code = "lines_refused"


class CompanyUnknown(NotFound):
    code = "company_not_found"

    def __init__(self, company_code: str) -> None:
        super().__init__(_("There is no company %(code)s.") % {"code": company_code})


@dataclass(frozen=True)
class SingleResult:
    """What came of a file.

    :ivar effects: documents or rows created, updated, unchanged, unknown, refused
    :ivar totals: sum of what is in the book of this file now, per currency; empty for kinds without amounts
    :ivar read: sum of all lines that could be read
    """

    kind: str
    company_code: str
    dry_run: bool
    lines_read: int
    errors: tuple[LineError, ...]
    effects: dict[str, int] = field(default_factory=dict)
    read: dict[str, Decimal] = field(default_factory=dict)
    totals: dict[str, Decimal] = field(default_factory=dict)

    @property
    def refused_lines(self) -> int:
        """Lines that were left out."""
        return len({error.line for error in self.errors})


class _Undo(Exception):
    """Everything was tried; nothing is kept."""


def import_single(
    *,
    kind: str,
    company_code: str,
    path: Path,
    mapping_text: str,
    by: User,
    at: datetime,
    dry_run: bool = False,
    keep_good_lines: bool = False,
    progress: Progress | None = None,
) -> SingleResult:
    """Enter a file of one kind by the acts of the API, in one transaction.

    A line whose key is known with the same content changes nothing; with other content it is refused.

    :param mapping_text: how its columns are read; guessed from their names when empty
    :param dry_run: say what would happen; orders are not submitted, so that no credit is held meanwhile
    :param keep_good_lines: enter what can be entered and report the rest, instead of all or nothing
    :raises Unreadable: the file as a whole cannot be read
    :raises UnreadableMapping: a mapping that says nothing, or columns that cannot be guessed
    :raises LinesRefused: lines that cannot be entered, with ``keep_good_lines`` and ``dry_run`` off
    :raises NotAllowed: no right to import there, or to do what the lines do
    """
    company = Company.objects.filter(code=company_code).first()
    if company is None:
        raise CompanyUnknown(company_code)
    resource = KINDS[kind]
    if not by.may("imports.run", company) or not by.may(resource.permission, company):
        raise NotAllowed
    mapping = parse_mapping(mapping_text or guessed(kind, path), resource.shape())
    reader = resource(company, by, mapping)
    table = open_table(path, delimiter=mapping.delimiter, encoding=mapping.encoding)
    reading = reader.read_file(table, lambda count: _tell(progress, count, _("Reading")))
    if reading.errors and not keep_good_lines and not dry_run:
        raise LinesRefused(reading.errors)
    return _entered(reader, reading, at=at, dry_run=dry_run, keep=keep_good_lines, progress=progress)


@retrying
def _entered(
    reader: KindResource,
    reading: Reading,
    *,
    at: datetime,
    dry_run: bool,
    keep: bool,
    progress: Progress | None,
) -> SingleResult:
    result: SingleResult | None = None
    try:
        with transaction.atomic():
            # Two imports into one company run one after the other.
            Company.objects.select_for_update(no_key=True).get(pk=reader.company.pk)
            result = _result(reader, reading, at, dry_run, progress)
            if dry_run:
                raise _Undo
            if result.errors and not keep:
                raise LinesRefused(result.errors)
            if result.effects.get(Effect.CREATED) or result.effects.get(Effect.UPDATED):
                audit.record(
                    "file.imported",
                    reader.company,
                    by=reader.by,
                    at=at,
                    company_id=reader.company.pk,
                    after={
                        "kind": reader.kind,
                        **result.effects,
                        "refused_lines": result.refused_lines,
                        "booked": result.totals,
                    },
                )
    except _Undo:
        pass
    assert result is not None
    return result


def _result(
    reader: KindResource, reading: Reading, at: datetime, dry_run: bool, progress: Progress | None
) -> SingleResult:
    outcomes = reader.enter(
        reading.entries,
        at=at,
        progress=lambda count: _tell(progress, count, _("Entering")),
        only_ask=dry_run,
    )
    errors, effects = list(reading.errors), Counter[str]()
    read, totals = dict[str, Decimal](), dict[str, Decimal]()
    for entry, outcome in zip(reading.entries, outcomes, strict=True):
        _add(read, entry)
        if isinstance(outcome, Exception):
            effects["refused"] += 1
            told = "; ".join(reader.told(outcome))
            errors += [LineError(line, told) for line in entry.lines]
        else:
            effects[str(outcome)] += 1
            _add(totals, entry)
    errors.sort(key=lambda error: error.line)
    return SingleResult(
        kind=reader.kind,
        company_code=reader.company.code,
        dry_run=dry_run,
        lines_read=reading.lines,
        errors=tuple(errors),
        effects=dict(effects),
        read=read,
        totals=totals,
    )


def _add(sums: dict[str, Decimal], entry: Entry) -> None:
    if entry.amount is not None:
        sums[entry.currency] = sums.get(entry.currency, ZERO) + entry.amount


def _tell(progress: Progress | None, count: int, message: str) -> None:
    if progress is not None:
        progress(count, message)


def guessed(kind: str, path: Path) -> str:
    """A mapping by the names of the columns.

    :raises UnreadableMapping: a column that is needed goes by no name we know
    """
    resource = KINDS[kind]
    columns = open_table(path).columns
    found = resource.guess(columns)
    missing = [name for name in resource.shape().required if name not in found.values()]
    if missing:
        raise UnreadableMapping(errors={"mapping": missing_columns(resource, missing, columns)})
    return mapping_of(found)


def missing_columns(
    resource: type[KindResource], missing: Iterable[str], columns: Sequence[str]
) -> list[str]:
    """What to say where no column could be found for a field."""
    there = ", ".join(column for column in columns[:30] if column)[:600]
    return [
        _(
            "No column is called “%(label)s” (%(field)s) or the like; there are %(found)s. Name it in a mapping."
        )
        % {"label": resource.fields[name].label, "field": name, "found": there}
        for name in missing
    ]


def sample_rows(kind: str) -> tuple[list[Any], list[list[str]]]:
    """Header and one line of a file as we would write it."""
    if kind not in KINDS:
        return list(ledger_names.LABELS.values()), [
            [ledger_names.SAMPLE[name] for name in ledger_names.LABELS]
        ]
    fields = KINDS[kind].fields
    shown = [found for found in fields.values() if found.required or found.sample]
    return [found.label for found in shown], [[found.sample for found in shown]]


def is_complete(kind: str, mapping: Mapping) -> bool:
    """Whether a mapping names every field that is needed."""
    return set(KINDS[kind].shape().required) <= set(mapping.columns.values())


def understood_head(reader: KindResource, columns: Sequence[str], rows: Sequence[Row]) -> list[list[str]]:
    """The first lines as they are understood: per column a day as ISO, a number as plain text, a word as its code.

    Cells that are not read, or cannot be, are empty.
    """
    reading = Reading()
    values = dict(reader.values_of(columns, rows, reading))
    field_of = {column: name for name, column in reader.column_of.items()}
    return [
        [
            _plain(values.get(row.line, {}).get(field_of[column])) if column in field_of else ""
            for column in columns
        ]
        for row in rows
    ]


def _plain(value: Any) -> str:
    return "" if value is None else str(audit.plain(value))
