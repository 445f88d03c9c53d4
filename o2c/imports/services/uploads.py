"""Files uploaded in the browser: kept, started once, their refused lines given back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Company, User
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.exports import csv_chunks
from o2c.shared.problems import Conflict, NotFound

from ..ledger import LineError
from ..mapping import LEDGER, Shape, mapping_text, parse_mapping
from ..models import ImportRun, SavedMapping
from ..reader import Table, open_table
from .ledger import SHOWN_ERRORS, checked_day, require_import

# What looks at a file and what enters it, in the background.
PREVIEW: Final = "imports.preview"
ENTER: Final = "imports.ledger"


class NotWaiting(Conflict):
    code = "import_started"
    message = gettext_lazy("This import has been started already.")


def upload(
    *,
    company_code: str,
    file: File[bytes],
    mapping: str,
    as_of: date | None,
    by: User,
    at: datetime,
    mapping_file_text: str = "",
    kind: str = ImportRun.Kind.LEDGER,
    shape: Shape = LEDGER,
) -> ImportRun:
    """Keep a file to look at and to book later.

    :param mapping: the name of a mapping that comes with the portal, or shown beside ``mapping_file_text``; with
        neither the mapping is chosen afterwards
    :param mapping_file_text: a mapping as TOML
    :param shape: what a mapping of this kind may name
    :raises UnreadableMapping: what is wrong with the mapping
    """
    require_import(by, company_code)
    checked_day(as_of, paris_date(at))
    text = mapping_file_text or (mapping_text(mapping) if mapping else "")
    if text:
        parse_mapping(text, shape)
    return ImportRun.objects.create(
        company_code=company_code,
        company=Company.objects.filter(code=company_code).first(),
        file=file,
        original_name=Path(file.name or "").name[:255],
        kind=kind,
        mapping_name=mapping[:60],
        mapping_text=text,
        as_of=as_of,
        requested_by=by,
        created_at=at,
    )


def find_run(user: User, import_id: int) -> ImportRun:
    """:raises NotFound: there is none, or it is not this user's to see."""
    run = ImportRun.objects.visible_to(user).filter(pk=import_id).first()
    if run is None:
        raise NotFound
    return run


def start(
    *, import_id: int, keep_good_lines: bool, by: User, at: datetime, dry_run: bool = False
) -> ImportRun:
    """Have an uploaded file booked in the background.

    :param keep_good_lines: the person's choice: all or nothing, or what can be booked and a file of the rest
    :raises NotWaiting: it was started already
    """
    del at  # the booking carries the time at which it is done
    with transaction.atomic():
        find_run(by, import_id)
        run = ImportRun.objects.select_for_update(no_key=True).get(pk=import_id)
        if not run.is_waiting:
            raise NotWaiting
        run.keep_good_lines, run.dry_run, run.status = keep_good_lines, dry_run, ImportRun.Status.QUEUED
        run.work_id = work.add(ENTER, f"import:{run.pk}", {"import_id": run.pk}, requested_by=by)
        run.save(update_fields=["keep_good_lines", "dry_run", "status", "work"])
    return run


def read_by(*, run: ImportRun, name: str, text: str) -> None:
    """Have an uploaded file read by another mapping; what was seen of it is forgotten.

    :param text: a mapping that has been parsed
    :raises NotWaiting: it was started already
    """
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if not locked.is_waiting:
            raise NotWaiting
        run.mapping_name, run.mapping_text = name, text
        run.status, run.counts, run.errors, run.work = ImportRun.Status.UPLOADED, {}, [], None
        run.save(update_fields=["mapping_name", "mapping_text", "status", "counts", "errors", "work"])


def keep_mapping(
    *, company: Company, kind: str, name: str, text: str, headers: Sequence[str], by: User, at: datetime
) -> SavedMapping:
    """Keep a mapping under a name, for every file of this company and kind; one of that name is replaced.

    :param headers: the columns of the file it was made for, by which it is chosen again
    """
    require_import(by, company.code)
    kept, _made = SavedMapping.objects.update_or_create(
        company=company,
        kind=kind,
        name=name.strip(),
        defaults={"text": text, "headers": list(headers), "updated_by": by, "updated_at": at},
    )
    audit.record("mapping.saved", kept, by=by, at=at, label=kept.name, after={"kind": kind})
    return kept


def drop_mapping(*, mapping_id: int, by: User, at: datetime) -> None:
    """Forget a saved mapping; imports read by it keep their own copy.

    :raises NotFound: no such mapping, or not this person's to see
    """
    with transaction.atomic():
        kept = find_mapping(by, mapping_id)
        audit.record("mapping.dropped", kept, by=by, at=at, label=kept.name, before={"kind": kept.kind})
        kept.delete()


def find_mapping(user: User, mapping_id: int) -> SavedMapping:
    """:raises NotFound: there is none, or it is not this user's to see."""
    kept = SavedMapping.objects.visible_to(user).filter(pk=mapping_id).first()
    if kept is None:
        raise NotFound
    return kept


def shown_errors(errors: Sequence[LineError]) -> list[list[int | str]]:
    """The first errors as the run keeps them."""
    return [[error.line, error.message] for error in errors[:SHOWN_ERRORS]]


def keep_refused(run: ImportRun, errors: Sequence[LineError], *, delimiter: str, encoding: str) -> None:
    """Write the refused lines as a CSV of the same columns, each with its number and the reason."""
    if not errors:
        return
    table = open_table(Path(run.file.path), delimiter=delimiter, encoding=encoding)
    language = run.requested_by.language or "fr"
    content = b"".join(
        csv_chunks([_("Line"), _("Reason"), *table.columns], _refused_rows(table, errors), language=language)
    )
    run.refused.save("refused.csv", ContentFile(content), save=False)


def _refused_rows(table: Table, errors: Sequence[LineError]) -> Iterable[list[Any]]:
    reasons: dict[int, list[str]] = {}
    for error in errors:
        reasons.setdefault(error.line, []).append(error.message)
    for line, messages in sorted(reasons.items()):
        if line == 1:  # what is wrong with the header is wrong with no line of its own
            yield [1, "; ".join(messages), *table.columns]
    for row in table.rows:
        if row.line in reasons:
            yield [row.line, "; ".join(reasons[row.line]), *(row.cells.get(c, "") for c in table.columns)]
