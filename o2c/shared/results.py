"""Files that background work makes and its asker fetches: kept for a while, then removed by work of their own.

The row of the work says where its file lies (``Work.result``), so that file and right to it go together: only whoever
asked may fetch it, and only with the right it was made with. A run that is repeated writes over what it left behind.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from django.core.files import File
from django.core.files.storage import default_storage
from django.http import FileResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import work as work_table
from .models import Notice, Work
from .problems import NotFound

KEPT_FOR: Final = timedelta(days=7)
REMOVE: Final = "results.remove"
READY: Final = "file.ready"
_FOLDER: Final = "results"
_ROWS_A_STEP: Final = 1000


def asker_of(work: Work) -> Any:
    """Return whoever asked for a piece of work.

    :raises GiveUp: nobody, or somebody who is not there any more
    """
    if work.requested_by is None or not work.requested_by.is_active:
        raise work_table.GiveUp("nobody asks for it any more")
    return work.requested_by


def counted(work: Work, rows: Iterable[Any], total: int) -> Iterator[Any]:
    """Yield rows and say how far the work is, now and then."""
    for number, row in enumerate(rows, start=1):
        if number % _ROWS_A_STEP == 1:
            work_table.report_progress(work, number - 1, total)
        yield row
    work_table.report_progress(work, total, total)


def keep(
    work: Work,
    pieces: Iterable[bytes],
    *,
    name: str,
    content_type: str,
    permission: str,
    company_id: int | None,
    scope: str = "",
) -> dict[str, Any]:
    """Keep the file that a piece of work makes, tell its asker, and have it removed later.

    :param pieces: the content; read once, never held as a whole
    :param permission: what fetching it takes in the company, as making it did
    :param scope: what of the company its asker could read then; whoever reads less now does not fetch it
    :return: the result of the work
    """
    until = timezone.now() + KEPT_FOR
    path = f"{_FOLDER}/{work.pk}"
    with tempfile.TemporaryFile() as file:
        for piece in pieces:
            file.write(piece)
        size = file.tell()
        file.seek(0)
        default_storage.delete(path)
        stored = default_storage.save(path, File(file, name=path))
    work.message = name
    work_table.add(REMOVE, str(work.pk), {"work_id": work.pk}, not_before=until)
    if work.requested_by_id is not None:
        Notice.objects.get_or_create(
            user_id=work.requested_by_id,
            kind=READY,
            key=f"work:{work.pk}",
            defaults={"figures": {"name": name}, "url": reverse("jobs"), "created_at": timezone.now()},
        )
    return {
        "file": stored,
        "name": name,
        "content_type": content_type,
        "size": size,
        "permission": permission,
        "company_id": company_id,
        "scope": scope,
        "until": until.isoformat(),
        "url": reverse("job_file", args=[work.pk]),
        "result_url": reverse("api-job-file", args=[work.pk]),
    }


def sent(work: Work) -> FileResponse:
    """Return the file that a piece of work has made as an answer; who may have it was asked before.

    :raises NotFound: its time is over, or it has made none
    """
    made = work.result
    if "file" not in made or not default_storage.exists(made["file"]):
        raise NotFound(_("This file is no longer kept: ask for it again."))
    response = FileResponse(
        default_storage.open(made["file"], "rb"),
        as_attachment=True,
        filename=made["name"],
        content_type=made["content_type"],
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def remove(*, work: Work, work_id: int) -> None:
    """Work handler: remove a file whose time is over, and the addresses that led to it."""
    del work
    made = Work.objects.filter(pk=work_id).first()
    if made is None or "file" not in made.result:
        return
    default_storage.delete(made.result["file"])
    gone = {"file", "url", "result_url"}
    made.result = {name: value for name, value in made.result.items() if name not in gone} | {"removed": True}
    made.save(update_fields=["result"])
