"""Looking at an uploaded file before it is booked: at once when it is small, else as a piece of work."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from accounts.models import User
from o2c.shared import work
from o2c.shared.models import Work
from o2c.shared.problems import Refusal

from . import services
from .mapping import Mapping, parse_mapping
from .models import ImportRun
from .reader import Unreadable, open_table

# What is read in well under a second; anything larger is a piece of work.
AT_ONCE: Final = 300_000
HEAD: Final = 20


def ask(*, run: ImportRun, by: User, at: datetime) -> None:
    """Look at a file now, or have a worker look at it."""
    if run.file.size <= AT_ONCE:
        look(run=run, by=by, at=at)
        return
    with transaction.atomic():
        run.work_id = work.add("imports.preview", f"preview:{run.pk}", {"import_id": run.pk}, requested_by=by)
        run.save(update_fields=["work"])


def run(*, work: Work, import_id: int) -> dict[str, Any]:
    """Work handler: look at an uploaded file."""
    found = ImportRun.objects.select_related("requested_by").get(pk=import_id)
    look(run=found, by=found.requested_by, at=work.started_at or work.created_at)
    return {"import_id": import_id}


def look(*, run: ImportRun, by: User, at: datetime) -> None:
    """Note what booking the file would do, its columns, its first lines, and the lines that are refused.

    A file that cannot be read keeps the state it has, with the reason among its errors.
    """
    mapping = parse_mapping(run.mapping_text)
    try:
        seen = services.preview(import_id=run.pk, by=by, at=at)
        head = _head(run, mapping)
    except Refusal as refusal:
        line = refusal.line if isinstance(refusal, Unreadable) else 1
        said = [text for texts in refusal.errors.values() for text in texts] or [refusal.message]
        ImportRun.objects.filter(pk=run.pk).update(errors=[[line, str(text)] for text in said])
        return
    run.refresh_from_db()
    # As the result counts them: documents of the file that are settled by the day, new ones included.
    settled = len(seen.plan.settled) + sum(line.settled_on is not None for line in seen.plan.new)
    run.counts = {**run.counts, **head, "settlements": settled}
    services.keep_refused(run, seen.plan.errors, delimiter=mapping.delimiter, encoding=mapping.encoding)
    run.save(update_fields=["counts", "refused"])


def _head(run: ImportRun, mapping: Mapping) -> dict[str, Any]:
    """The columns of a file with the field each is read as (empty for those left out), and its first lines."""
    table = open_table(Path(run.file.path), delimiter=mapping.delimiter, encoding=mapping.encoding)
    fields = {column.casefold(): name for column, name in mapping.columns.items()}
    columns = [[column, fields.get(column.casefold(), "")] for column in table.columns]
    rows = [
        [row.line, *(str(row.cells.get(column, "")) for column in table.columns)]
        for row in islice(table.rows, HEAD)
    ]
    return {"columns": columns, "head": rows}
