"""The folder into which a mail server puts what it says: ``in/``, then ``done/``, ``other/`` or ``refused/``.

Whoever delivers the portal's own mail writes each message as one file of ``in/``, whole: under a name that begins
with a dot, then renamed. Absence notes and answers of people go to ``other/``; what is about no message of ours to
``refused/`` with a text beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from . import bounces, delivery
from .problems import Refusal

FETCH: Final = "mail.fetch"
# So many at a time: the clock comes again in a minute.
_BATCH: Final = 200


def fetch(*, work: Any = None) -> dict[str, int]:
    """Work handler of the clock: read what lies in the folder; one that is wrong keeps none of the others."""
    del work
    counts = {"done": 0, "other": 0, "refused": 0}
    for path, content in _waiting():
        try:
            with transaction.atomic():
                delivery.take(content, at=timezone.now())
        except delivery.NotAReport:
            where, problem = "other", ""
        except Refusal as refusal:
            where, problem = "refused", f"{refusal.code}: {refusal}"
        else:
            where, problem = "done", ""
        counts[where] += 1
        # Once what it says is stored: a worker that dies before that finds the message again.
        transaction.on_commit(partial(_put_away, path, where, problem))
    return counts


def _waiting() -> Iterator[tuple[Path, bytes]]:
    files = sorted((Path(settings.MAIL_FOLDER) / "in").glob("[!.]*"))
    for path in files[:_BATCH]:
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            yield path, file.read(bounces.LONGEST + 1)


def _put_away(path: Path, where: str, problem: str) -> None:
    target = path.parent.parent / where
    target.mkdir(parents=True, exist_ok=True)
    if problem:
        (target / f"{path.name}.txt").write_text(problem, encoding="utf-8")
    path.replace(target / path.name)
