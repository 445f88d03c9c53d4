"""Files of statements that people bring: kept, looked at, then booked, at once or in the background."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Final

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from invoicing.bank import LARGEST_FILE, TooLarge
from invoicing.enums import FileStatus
from invoicing.models import StatementFile
from o2c.shared import audit, work
from o2c.shared.models import Work
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, NotFound, Refusal

from .shared import require
from .statements import RIGHT, Progress, StatementResult, import_statements

# What is read and booked in well under a second; anything larger is a piece of work.
AT_ONCE: Final = 300_000
LOOK: Final = "bank.look"
BOOK: Final = "bank.book"
# Lines that a preview shows of each statement; all of them are counted.
SHOWN: Final = 200


class NotWaiting(Conflict):
    code = "import_started"
    message = _("This file has been booked already, or was refused.")


def receive_file(
    *, company: Company, file: File[bytes], format: str = "", by: User, at: datetime
) -> StatementFile:
    """Keep a file and look at it: at once, or in the background where that takes longer than a second.

    :raises TooLarge: it is not read at all
    """
    row = _kept(company, file, format, by=by, at=at)
    if row.size <= AT_ONCE:
        _look(row, by=by, at=at)
    else:
        _ask(row, LOOK, by)
    return row


def queue_file(
    *, company: Company, file: File[bytes], format: str = "", by: User, at: datetime
) -> StatementFile:
    """Keep a file and have it booked in the background, without anybody looking at it first.

    :raises TooLarge: it is not read at all
    """
    with transaction.atomic():
        row = _kept(company, file, format, by=by, at=at)
        row.status = FileStatus.QUEUED
        row.save(update_fields=["status"])
        _ask(row, BOOK, by)
    return row


def find_file(user: User, file_id: int) -> StatementFile:
    """:raises NotFound: there is none, or it is not this user's to see."""
    found: Any = (
        StatementFile.objects.visible_to(user).filter(pk=file_id).select_related("company", "work").first()
    )
    if found is None:
        raise NotFound
    row: StatementFile = found
    return row


def book_file(*, file_id: int, by: User, at: datetime) -> StatementFile:
    """Book a file that was looked at: at once, or in the background.

    :raises NotWaiting: it was booked or refused already
    """
    with transaction.atomic():
        company = find_file(by, file_id).company
        require(by, RIGHT, company)
        row = StatementFile.objects.select_for_update(no_key=True).get(pk=file_id)
        if not row.is_waiting:
            raise NotWaiting
        row.status = FileStatus.QUEUED
        row.save(update_fields=["status"])
        if row.size > AT_ONCE:
            _ask(row, BOOK, by)
            return row
        _book(row, by=by, at=at)
    return row


def look(*, work: Work, file_id: int) -> dict[str, Any]:
    """Work handler: look at a file."""
    row = StatementFile.objects.select_related("company", "requested_by").get(pk=file_id)
    if row.is_waiting:
        _look(row, by=row.requested_by, at=timezone.now(), progress=_reporter(work))
    return {"file_id": file_id}


def book(*, work: Work, file_id: int) -> dict[str, Any]:
    """Work handler: book a file."""
    row = StatementFile.objects.select_related("company", "requested_by").get(pk=file_id)
    if row.status == FileStatus.QUEUED:
        by = work.requested_by or row.requested_by
        _book(row, by=by, at=timezone.now(), progress=_reporter(work))
    heads = [{**each, "lines": []} for each in row.result.get("statements", ())]
    return {**row.result, "file_id": file_id, "status": row.status, "statements": heads}


def _kept(company: Company, file: File[bytes], format: str, *, by: User, at: datetime) -> StatementFile:
    require(by, RIGHT, company)
    if (file.size or 0) > LARGEST_FILE:
        raise TooLarge
    name = PurePath(file.name or "statement").name
    row = StatementFile(
        company=company,
        original_name=name[:255],
        size=file.size or 0,
        format=format,
        requested_by=by,
        created_at=at,
    )
    # Under a name nobody can guess or choose, so that no file meets another one's.
    row.file.save(f"{uuid.uuid4().hex}{PurePath(name).suffix.lower()[:8]}", file, save=False)
    row.save(force_insert=True)
    return row


def _ask(row: StatementFile, kind: str, by: User) -> None:
    with transaction.atomic():
        row.work_id = work.add(kind, f"{kind}:{row.pk}", {"file_id": row.pk}, requested_by=by)
        row.save(update_fields=["work"])


def _reporter(row: Work) -> Progress:
    return lambda done, total: work.report_progress(row, done, total)


def _look(row: StatementFile, *, by: User, at: datetime, progress: Progress | None = None) -> None:
    """Note what booking the file would do, or why it is refused."""
    try:
        results = _imported(row, by=by, at=at, dry_run=True, progress=progress)
    except Refusal as refusal:
        _refuse(row, refusal, at)
        return
    row.status, row.result = FileStatus.PREVIEWED, _told(results)
    row.format = str(results[0].format)
    row.save(update_fields=["status", "result", "format"])


def _book(row: StatementFile, *, by: User, at: datetime, progress: Progress | None = None) -> None:
    try:
        with transaction.atomic():
            results = _imported(row, by=by, at=at, dry_run=False, progress=progress)
    except Refusal as refusal:
        _refuse(row, refusal, at)
        return
    row.status, row.result, row.finished_at = FileStatus.DONE, _told(results), at
    row.format = str(results[0].format)
    row.save(update_fields=["status", "result", "format", "finished_at"])


def _refuse(row: StatementFile, refusal: Refusal, at: datetime) -> None:
    row.status, row.finished_at = FileStatus.REFUSED, at
    row.result = {"code": refusal.code, "message": str(refusal)}
    row.save(update_fields=["status", "result", "finished_at"])


def _imported(
    row: StatementFile, *, by: User, at: datetime, dry_run: bool, progress: Progress | None
) -> list[StatementResult]:
    with row.file.open("rb") as content:
        return import_statements(
            company=row.company,
            content=content.read(),
            format=row.format,
            file_name=row.original_name,
            dry_run=dry_run,
            by=by,
            at=at,
            progress=progress,
        )


def _told(results: list[StatementResult]) -> dict[str, Any]:
    """What a page shows of it: heads, counts, sums, and the first lines of each statement."""
    found = []
    for result in results:
        statement, sums = result.statement, dict[str, Decimal]()
        for movement, outcome in zip(statement.movements, result.outcomes, strict=True):
            sums[str(outcome)] = sums.get(str(outcome), ZERO) + movement.amount
        found.append(
            {
                "id": result.stored.pk if result.stored else None,
                "account": str(result.bank_account or statement.account),
                "is_known_account": result.bank_account is not None,
                "currency": statement.currency,
                "number": statement.number,
                "opening_on": statement.opening_on,
                "opening_balance": statement.opening_balance,
                "closing_on": statement.closing_on,
                "closing_balance": statement.closing_balance,
                "continuity": str(result.continuity),
                "balance_before": result.balance_before,
                "created": result.created,
                "duplicates": result.duplicates,
                "counts": Counter(map(str, result.outcomes)),
                "sums": sums,
                "lines": [
                    {
                        "line": movement.line,
                        "day": movement.booked_on,
                        "value_day": movement.value_on,
                        "amount": movement.amount,
                        "label": movement.label,
                        "text": movement.text,
                        "payer": movement.payer_name,
                        "outcome": str(outcome),
                    }
                    for movement, outcome in list(zip(statement.movements, result.outcomes, strict=True))[
                        :SHOWN
                    ]
                ],
            }
        )
    told: dict[str, Any] = audit.plain({"statements": found})
    return told
