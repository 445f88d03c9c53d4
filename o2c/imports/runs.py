"""Uploaded files of any kind: read by the mapping that fits, looked at, entered in the background."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Company, User
from o2c.shared import audit
from o2c.shared import work as work_table
from o2c.shared.models import Work
from o2c.shared.problems import Refusal

from . import kinds, services
from .cells import text_of
from .ledger import LineError
from .mapping import Mapping as FileMapping
from .mapping import mapping_of, parse_mapping
from .models import ImportRun
from .reader import Table, Unreadable, open_table
from .resources import KINDS
from .services.ledger import Progress
from .services.uploads import PREVIEW
from .single import SingleResult, import_single, is_complete, understood_head

# What is read in well under a second; anything larger is a piece of work.
AT_ONCE: Final = 300_000
HEAD: Final = 20
_WIDEST: Final = 60


def choose_mapping(*, run: ImportRun) -> bool:
    """Find how a file that was uploaded without a mapping is read; False where a person must say.

    :raises Unreadable: the file as a whole cannot be read
    """
    if run.mapping_text:
        return True
    columns = kinds.columns_of(open_table(Path(run.file.path)).columns)
    found = kinds.chosen_by_itself(run.kind, run.company, columns)
    if found is None:
        guessed = kinds.guess(run.kind, columns)
        values = (
            {"currency": run.company.currency}
            if run.company and kinds.shape_of(run.kind).needs_currency
            else {}
        )
        if not set(kinds.shape_of(run.kind).required) <= set(guessed.values()):
            return False
        found = "", mapping_of(guessed, values=values)
    services.read_by(run=run, name=found[0], text=found[1])
    return True


def ask(*, run: ImportRun, by: User, at: datetime) -> None:
    """Look at a file now, or have a worker look at it."""
    if run.file.size <= AT_ONCE:
        look(run=run, by=by, at=at)
        return
    with transaction.atomic():
        run.work_id = work_table.add(PREVIEW, f"preview:{run.pk}", {"import_id": run.pk}, requested_by=by)
        run.save(update_fields=["work"])


def preview(*, work: Work, import_id: int) -> dict[str, Any]:
    """Work handler: look at an uploaded file."""
    found = ImportRun.objects.select_related("requested_by").get(pk=import_id)
    look(run=found, by=found.requested_by, at=work.started_at or work.created_at)
    return {"import_id": import_id}


def look(*, run: ImportRun, by: User, at: datetime) -> None:
    """Note what entering the file would do, its columns, its first lines, and the lines that are refused.

    A file that cannot be read keeps the state it has, with the reason among its errors.
    """
    mapping = parse_mapping(run.mapping_text, kinds.shape_of(run.kind))
    try:
        counts, errors = (
            _seen_ledger(run, mapping, by, at)
            if run.kind == ImportRun.Kind.LEDGER
            else _seen_single(run, mapping, by, at)
        )
    except Refusal as refusal:
        waiting = ImportRun.objects.filter(pk=run.pk, status__in=_WAITING)
        waiting.update(errors=_said(refusal))
        return
    services.keep_refused(run, errors, delimiter=mapping.delimiter, encoding=mapping.encoding)
    waiting = ImportRun.objects.filter(pk=run.pk, status__in=_WAITING)
    waiting.update(
        status=ImportRun.Status.PREVIEWED,
        counts=counts | _head(run, mapping, by),
        errors=services.shown_errors(errors),
        refused=run.refused.name,
    )
    run.refresh_from_db()


_WAITING: Final = (ImportRun.Status.UPLOADED, ImportRun.Status.PREVIEWED)


def _said(refusal: Refusal) -> list[list[Any]]:
    line = refusal.line if isinstance(refusal, Unreadable) else 1
    said = [text for texts in refusal.errors.values() for text in texts] or [refusal.message]
    return [[line, str(text)] for text in said]


def _seen_ledger(
    run: ImportRun, mapping: FileMapping, by: User, at: datetime
) -> tuple[dict[str, Any], tuple[LineError, ...]]:
    seen = services.preview_ledger(
        company_code=run.company_code,
        path=Path(run.file.path),
        mapping=mapping,
        as_of=run.as_of,
        by=by,
        at=at,
    )
    # As the result counts them: documents of the file that are settled by the day, new ones included.
    settled = len(seen.plan.settled) + sum(line.settled_on is not None for line in seen.plan.new)
    counts = {
        "lines": seen.plan.lines_read,
        "refused": seen.plan.refused,
        "clients": seen.plan.new_clients,
        "invoices": len(seen.plan.new),
        "settlements": settled,
        "read": audit.plain(seen.plan.read),
    }
    return counts, seen.plan.errors


def _seen_single(
    run: ImportRun, mapping: FileMapping, by: User, at: datetime
) -> tuple[dict[str, Any], tuple[LineError, ...]]:
    del mapping
    result = import_single(
        kind=run.kind,
        company_code=run.company_code,
        path=Path(run.file.path),
        mapping_text=run.mapping_text,
        by=by,
        at=at,
        dry_run=True,
    )
    return _counts(result), result.errors


def _counts(result: SingleResult) -> dict[str, Any]:
    return {
        "lines": result.lines_read,
        "refused": result.refused_lines,
        "new": result.effects.get("created", 0),
        "changed": result.effects.get("updated", 0),
        "unchanged": result.effects.get("unchanged", 0),
        **({"unknown": result.effects["unknown"]} if result.effects.get("unknown") else {}),
        "read": audit.plain(result.read),
        **({} if result.dry_run else {"booked": audit.plain(result.totals)}),
    }


def _head(run: ImportRun, mapping: FileMapping, by: User) -> dict[str, Any]:
    """The columns of a file with the field each is read as (empty for those left out), and its first lines."""
    table = _opened(run, mapping)
    fields = {column.casefold(): name for column, name in mapping.columns.items()}
    columns = [[column, fields.get(column.casefold(), "")] for column in table.columns]
    first = list(islice(table.rows, HEAD))
    rows = [
        [row.line, *(text_of(row.cells.get(column, ""))[:200] for column in table.columns)] for row in first
    ]
    read: list[list[str]] = []
    if run.kind != ImportRun.Kind.LEDGER and run.company is not None:
        reader = KINDS[run.kind](run.company, by, mapping)
        read = understood_head(reader, table.columns, first)
    return {"columns": columns, "head": rows, "understood": read}


def _opened(run: ImportRun, mapping: FileMapping) -> Table:
    return open_table(Path(run.file.path), delimiter=mapping.delimiter, encoding=mapping.encoding)


def enter(*, work: Work, import_id: int) -> dict[str, Any]:
    """Work handler: enter an uploaded file; a refusal ends it, anything else is tried again."""
    run = ImportRun.objects.select_related("requested_by").get(pk=import_id)
    at = work.started_at or work.created_at
    mapping = parse_mapping(run.mapping_text, kinds.shape_of(run.kind))
    table_args = {"delimiter": mapping.delimiter, "encoding": mapping.encoding}
    report = _reporter(work, int(run.counts.get("lines") or 0))
    errors: tuple[LineError, ...] = ()
    try:
        with transaction.atomic():
            counts, errors = _entered(run, mapping, at, report)
    except services.LedgerRefused as refusal:
        run.status, run.errors = ImportRun.Status.FAILED, services.shown_errors(refusal.lines)
        run.counts = {**run.counts, "refused": len({line.line for line in refusal.lines})}
        errors = refusal.lines
    except Refusal as refusal:
        run.status, run.errors = ImportRun.Status.FAILED, _said(refusal)
    else:
        run.status, run.errors = ImportRun.Status.DONE, services.shown_errors(errors)
        run.counts = counts
        run.company = Company.objects.filter(code=run.company_code).first()
    services.keep_refused(run, errors, **table_args)
    run.finished_at = at
    run.save()
    work.done = work.total = int(run.counts.get("lines") or 0)
    return {"import_id": run.pk, "status": run.status}


def _entered(
    run: ImportRun, mapping: FileMapping, at: datetime, report: Progress
) -> tuple[Mapping[str, Any], tuple[LineError, ...]]:
    asked: dict[str, Any] = {
        "company_code": run.company_code,
        "path": Path(run.file.path),
        "dry_run": run.dry_run,
        "keep_good_lines": run.keep_good_lines,
        "by": run.requested_by,
        "at": at,
        "progress": report,
    }
    if run.kind == ImportRun.Kind.LEDGER:
        booked = services.import_ledger(mapping=mapping, as_of=run.as_of, **asked)
        return services.counts_of(booked), booked.errors
    entered = import_single(kind=run.kind, mapping_text=run.mapping_text, **asked)
    return _counts(entered), entered.errors


def _reporter(row: Work, lines: int) -> Progress:
    """Tell how far it is: reading is the first half of the way, entering the second."""

    def report(count: int, message: str) -> None:
        total = max(lines, count)
        done = count if message != _("Reading") else count // 2
        work_table.report_progress(row, max(done, row.done), max(total, row.total), message)

    return report


def is_ready(run: ImportRun) -> bool:
    """Whether a run has a mapping that names what its kind needs."""
    if not run.mapping_text:
        return False
    if run.kind == ImportRun.Kind.LEDGER:
        return True
    return is_complete(run.kind, parse_mapping(run.mapping_text, kinds.shape_of(run.kind)))
