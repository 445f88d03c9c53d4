"""Letters that are printed here, each followed by what goes into its envelope, joined into one file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet

from accounts.models import User
from invoicing.bundle.joining import joined
from o2c.shared import outbox_files
from o2c.shared.outbox_files import CannotAttach, StillMade
from o2c.shared.pdf import PDF_TYPE

from .enums import ReminderStatus
from .models import DunningRun, Reminder
from .services.sending import PRINTED

# So many letters are joined at a time; the rest follows in further files.
AT_ONCE: Final = 100


class Printed(NamedTuple):
    """A file to be printed.

    :ivar missing: names of enclosures of which there is no file
    """

    content: bytes
    missing: list[str]


def to_print(user: User, run: DunningRun) -> QuerySet[Reminder]:
    """The letters of a run that left on our own paper, of clients this user may see, in the order of their names."""
    rows = Reminder.objects.visible_to(user, run.company).filter(
        run=run, channel__in=PRINTED, status=ReminderStatus.SENT
    )
    return rows.exclude(file="").order_by("account__sort_key", "pk")


def paper_of(letters: Sequence[Reminder]) -> Printed:
    """Join letters with their enclosures, one after the other.

    :raises StillMade: copies of invoices are being made; all of them are asked for
    """
    contents: list[bytes] = []
    missing: list[str] = []
    waits = False
    for letter in letters:
        with letter.file.open("rb") as stored:
            contents.append(stored.read())
        for row in letter.enclosures:
            try:
                contents.append(_content(row))
            except StillMade:
                waits = True
            except CannotAttach:
                missing.append(str(row["name"]))
    if waits:
        raise StillMade
    return Printed(joined(contents), missing)


def _content(row: dict[str, Any]) -> bytes:
    ((_name, content, content_type),) = outbox_files.contents(outbox_files.resolved([row]))
    if content_type != PDF_TYPE:
        raise CannotAttach(str(row["name"]))
    return content
