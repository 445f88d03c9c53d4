"""Naming who answers for a process, and telling each of its month: once, by the clock or by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Protocol

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from o2c.shared import audit, outbox, outbox_files
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.models import Notice, OutboxMessage
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused

from ..enums import StatementKind
from ..files import MOST_ON_PAPER, TYPES, Sheet, written
from ..models import MonthlyStatement, ProcessOwner
from . import queries
from .causes import cause_statement
from .policy import full_months
from .satisfaction import satisfaction_statement

SET: Final = "policy.change"
SEND: Final = "disputes.committee"
ONE: Final = "statements.one"
NOTICE: Final = "statement.sent"
_SUBJECT_LENGTH: Final = 200


class AlreadySent(Conflict):
    """Nobody is told of the same month twice."""

    code = "already_sent"
    message = _("This statement has been sent already: its message can be sent again from the outbox.")


class OwnsNothing(RuleRefused):
    """There is nothing to tell this person of."""

    code = "owns_nothing"
    message = _("This person is the owner of no process, or may not see disputes any more.")


class Statement(Protocol):
    """What a kind of statement says of a month, in the language that is in force when it is asked."""

    def title(self) -> str:
        """What it is."""

    def figures(self) -> dict[str, Any]:
        """What is kept of it."""

    def lines(self, language: str) -> list[str]:
        """The words of its message."""

    def sheet(self) -> Sheet:
        """Its files."""


_READERS: Final[dict[StatementKind, Callable[..., Statement]]] = {
    StatementKind.CAUSES: cause_statement,
    StatementKind.SATISFACTION: satisfaction_statement,
}


def set_owners(
    *,
    company: Company,
    owners: Mapping[queries.Subject, User | None],
    reason: str,
    by: User,
    at: datetime,
) -> dict[str, str | None]:
    """Say who answers for which process; who takes one over is told of the months that end from then on.

    :param owners: None: nobody; processes left out stay as they are
    :returns: what has changed, as the journal keeps it; empty where nothing has
    :raises NotAllowed: no right to set the house's policy
    :raises Invalid: no reason, a process that is none, somebody who may not see disputes
    """
    if not by.may(SET, company):
        raise NotAllowed
    if not reason.strip():
        raise Invalid(errors={"reason": [_("A reason is required.")]})
    possible = set(queries.possible_owners(company).values_list("pk", flat=True))
    for (kind, subject), person in owners.items():
        if (kind, subject) not in queries.subjects() or (person is not None and person.pk not in possible):
            raise Invalid(errors={f"{kind}_{subject}": [_("This person may not see disputes.")]})
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        now = queries.owners_of(company)
        changed = {
            subject: person
            for subject, person in owners.items()
            if (now[subject].user if subject in now else None) != person
        }
        if not changed:
            return {}
        for (kind, subject), person in changed.items():
            rows = ProcessOwner.objects.filter(company=company, kind=kind, subject=subject)
            rows.delete()
            if person is not None:
                ProcessOwner.objects.create(
                    company=company, kind=kind, subject=subject, user=person, since=paris_date(at)
                )
        after = {_code(subject): person.username if person else None for subject, person in changed.items()}
        audit.record(
            "process_owners.changed",
            company,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            reason=reason.strip(),
            before={
                _code(subject): now[subject].user.username if subject in now else None for subject in changed
            },
            after=after,
        )
    return after


def send_by_hand(
    *, company: Company, kind: StatementKind, month: date, owner: User, by: User, at: datetime
) -> MonthlyStatement:
    """Tell an owner of a full month now.

    :param month: its first day
    :raises NotAllowed: no right to hold the committee
    :raises Invalid: a month that is not over, or more than a year back
    :raises AlreadySent: it was told before
    :raises OwnsNothing: nothing to tell
    """
    if not by.may(SEND, company):
        raise NotAllowed
    if month not in full_months(paris_date(at)):
        raise Invalid(errors={"month": [_("Choose one of the last twelve full months.")]})
    return _send(company=company, kind=kind, month=month, owner=owner, by=by, at=at)


def send_due(*, work: Any) -> dict[str, int]:
    """Work handler of every morning: ask for what is to be told by now, months that were missed among it."""
    del work
    due = queries.statements_due(paris_date(timezone.now()))
    pieces = {
        f"{company}:{kind}:{month}:{owner}": {
            "company_id": company,
            "kind": kind,
            "month": month.isoformat(),
            "owner_id": owner,
        }
        for company, kind, month, owner in due
    }
    return {"asked": work_table.add_many(ONE, pieces) if pieces else 0}


def send_one(*, work: Any, company_id: int, kind: str, month: str, owner_id: int) -> dict[str, Any]:
    """Work handler: tell one owner of one month; who was told, or owns nothing any more, is left alone."""
    del work
    try:
        made = _send(
            company=Company.objects.get(pk=company_id),
            kind=StatementKind(kind),
            month=date.fromisoformat(month),
            owner=User.objects.get(pk=owner_id),
            by=None,
            at=timezone.now(),
        )
    except (AlreadySent, OwnsNothing) as refusal:
        return {"sent": None, "why": refusal.code}
    return {"sent": made.pk}


def _send(
    *, company: Company, kind: StatementKind, month: date, owner: User, by: User | None, at: datetime
) -> MonthlyStatement:
    with transaction.atomic():
        # Who tells the same owner at the same time waits here, and finds it told.
        list(
            ProcessOwner.objects.select_for_update(no_key=True)
            .filter(company=company, user=owner)
            .order_by("pk")
        )
        if MonthlyStatement.objects.filter(company=company, kind=kind, month=month, owner=owner).exists():
            raise AlreadySent
        subjects = queries.subjects_of(company, kind, owner)
        if not subjects or not owner.is_active or not owner.may(queries.READS, company):
            raise OwnsNothing
        language = owner.language or settings.LANGUAGE_CODE
        with translation.override(language):
            read = _READERS[kind](company=company, month=month, owner=owner, subjects=subjects)
            files = _files(read.sheet(), read.title(), language)
            message = _message(read, files, owner, company, f"{kind}:{company.pk}:{month}:{owner.pk}", at)
        outbox.write([message])
        made = MonthlyStatement.objects.create(
            company=company, kind=kind, month=month, owner=owner, subjects=[_code(each) for each in subjects],
            figures=read.figures(), files=[file.as_row() for file in files], language=language,
            message=OutboxMessage.objects.get(key=message.key), made_at=at, asked_by=by,
        )  # fmt: skip
        Notice.objects.bulk_create(
            [
                Notice(
                    user=owner, kind=f"{NOTICE}_{kind}", key=message.key, url=message.url, created_at=at,
                    figures={"month": f"{month:%m/%Y}"},
                )
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        audit.record(
            "statement.sent", made, by=by, at=at, label=f"{owner.username} {month:%Y-%m}",
            after={"kind": kind, "month": month, "subjects": made.subjects},
        )  # fmt: skip
    return made


def _files(sheet: Sheet, title: str, language: str) -> Sequence[outbox_files.Attachment]:
    """The cases to work on, and the whole to read where it is not too long to print."""
    kinds = ["xlsx"] if sheet.count > MOST_ON_PAPER else ["pdf", "xlsx"]
    return [
        outbox_files.keep(
            f"{sheet.stem()}.{kind}", b"".join(written(sheet, kind, language=language)), TYPES[kind]
        )
        for kind in kinds
    ]


def _message(
    read: Statement,
    files: Sequence[outbox_files.Attachment],
    owner: User,
    company: Company,
    key: str,
    at: datetime,
) -> OutboxMessage:
    language = translation.get_language() or settings.LANGUAGE_CODE
    address = reverse("reports:statements")
    lines = [*read.lines(language), "", f"{gettext('Open it here:')} {settings.PORTAL_URL}{address}"]
    paragraphs = format_html_join("", "<p>{}</p>", ((line,) for line in lines if line))
    return OutboxMessage(
        kind=f"{NOTICE}_{key.partition(':')[0]}",
        key=f"statement:{key}",
        user=owner,
        company_id=company.pk,
        to=owner.email or owner.label(),
        subject=read.title()[:_SUBJECT_LENGTH],
        text="\n".join(lines) + "\n",
        html=format_html('<!doctype html><html lang="{}"><body>{}</body></html>', language, paragraphs),
        language=language,
        url=address,
        files=[file.as_row() for file in files],
        created_at=at,
    )


def _code(subject: queries.Subject) -> str:
    return ":".join(subject)


def file_of(statement: MonthlyStatement, kind: str) -> outbox_files.Attachment:
    """One of the files that went with a statement.

    :raises NotFound: none of this kind went with it
    """
    for row in statement.files:
        file = outbox_files.Attachment(**row)
        if file.name.endswith(f".{kind}"):
            return file
    raise NotFound
