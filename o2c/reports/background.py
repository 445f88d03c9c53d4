"""Reports too long for one answer: written by a worker, fetched when they are ready."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Company, User
from invoicing.models import ReceivableItem
from o2c.shared import results
from o2c.shared import work as work_table
from o2c.shared.models import Work
from o2c.shared.problems import Refusal

from .catalogue import AGED_BALANCE, Asked, read, sheet_of
from .files import MOST_ON_PAPER, TYPES, Sheet, TooLongForPaper, written
from .scope import accounts_in_sight

KIND: Final = "reports.file"
# Contract §3: past so many rows an answer is 202. What is slower to write than to read goes earlier.
ROWS_AT_ONCE: Final = 50_000
AT_ONCE: Final = {"json": ROWS_AT_ONCE, "csv": ROWS_AT_ONCE, "xlsx": ROWS_AT_ONCE, "pdf": 200}


def is_long(asked: Asked, file_format: str, *, user: User, company: Company) -> bool:
    """Whether a report is better written in the background; known before it is read.

    A client counts as a row: those who owe in several currencies have more, those of whom nothing is open have none.

    :raises NotAllowed: no right to reports
    :raises NotFound: as the report itself
    """
    return _has_more(asked, AT_ONCE[file_format], user, company)


def _has_more(asked: Asked, most: int, user: User, company: Company) -> bool:
    accounts, _scope = asked.selection.of(user, company, on=asked.as_of)
    if accounts.count() <= most:
        return False
    if asked.report == AGED_BALANCE:
        items = ReceivableItem.objects.filter(account=OuterRef("pk"), effective_date__lte=asked.as_of)
        accounts = accounts.filter(Exists(items))
    return accounts.count() > most


def prepare(asked: Asked, file_format: str, *, user: User, company: Company, language: str) -> Work:
    """Have a report written; the same question, asked again while it waits, is the same piece of work.

    :raises NotAllowed: no right to reports
    :raises NotFound: as the report itself
    :raises TooLongForPaper: more lines than a PDF can hold
    """
    if _has_more(asked, MOST_ON_PAPER, user, company) and file_format == "pdf":
        raise TooLongForPaper
    payload = {
        "asked": asked.as_payload(),
        "file_format": file_format,
        "company_id": company.pk,
        "language": language,
    }
    key = sha256(repr((user.pk, payload)).encode()).hexdigest()
    with transaction.atomic():
        made = work_table.add(KIND, key, payload, requested_by=user)
        waiting = Work.objects.filter(kind=KIND, key=key).order_by("-pk")
        return Work.objects.get(pk=made) if made else waiting[0]


def write(
    *, work: Work, asked: dict[str, Any], file_format: str, company_id: int, language: str
) -> dict[str, Any]:
    """Work handler: read the report as its asker may today, and keep it as a file.

    :raises GiveUp: the asker may not, or there is nothing of that day
    """
    company = Company.objects.get(pk=company_id)
    user: User = results.asker_of(work)
    try:
        with translation.override(language):
            work_table.report_progress(work, 0, 0, _("The figures are being read"))
            question = Asked.from_payload(asked)
            sheet = sheet_of(read(question, user=user, company=company, at=timezone.now()))
            pieces = written(_counted(work, sheet), file_format, language=language)
            _accounts, scope = accounts_in_sight(user, company)
            return results.keep(
                work,
                pieces,
                name=f"{sheet.stem()}.{file_format}",
                content_type=TYPES[file_format],
                permission="reports.view",
                company_id=company.pk,
                scope=scope,
            )
    except Refusal as refusal:
        raise work_table.GiveUp(str(refusal)) from refusal


def _counted(work: Work, sheet: Sheet) -> Sheet:
    def lines() -> Iterator[list[Any]]:
        return results.counted(work, sheet.lines(), sheet.count)

    def records() -> Iterator[dict[str, Any]]:
        return results.counted(work, sheet.records(), sheet.count)

    return replace(sheet, lines=lines, records=records)
