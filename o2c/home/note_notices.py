"""Telling the team of a client what somebody noted about it (features B15)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts.enums import TeamRole
from accounts.models import TeamMember, User
from accounts.queries import in_force_on
from credit.alerts.facts import owners_of
from credit.models import ClientNote
from credit.notes.enums import NoteKind, NoteWeight
from credit.notes.policy import raises_alert
from credit.notes.queries import READ, RESTRICTED
from o2c.shared.calendar import paris_date

from .notices import write


def note_written(*, work: Any, note_id: int) -> dict[str, int]:
    """Work handler: tell everybody who looks after the client but the author, once.

    Whoever keeps its credit is told of a worrying note by its alert. A restricted note is told to those of the team
    who may read it. Of a note that was withdrawn meanwhile nobody is told.
    """
    del work
    note = ClientNote.objects.select_related("account__company", "written_by").get(pk=note_id)
    told = _team(note)
    if note.withdrawn_at is not None or not told:
        return {"told": 0}
    worrying = note.weight == NoteWeight.WORRYING
    count = 0
    # The topic in each reader's own language: notices keep their facts as they were written.
    for language in sorted({person.language or settings.LANGUAGE_CODE for person in told}):
        with translation.override(language):
            about = note.headline
        people = {person.pk for person in told if (person.language or settings.LANGUAGE_CODE) == language}
        facts = {
            "client": note.account.name,
            "account": note.account.code,
            "by": note.written_by.label(),
            "about": about,
        }
        count += write(
            "note.worrying" if worrying else "note.written",
            f"note:{note.pk}",
            facts,
            reverse("credit:note", args=[note.pk]),
            dict.fromkeys(people, False),
            company_id=note.account.company_id,
            account_id=note.account_id,
            about=(ClientNote._meta.label_lower, note.pk),
        )["told"]
    return {"told": count}


def _team(note: ClientNote) -> list[User]:
    today = paris_date(timezone.now())
    members = TeamMember.objects.filter(in_force_on(today), account=note.account, user__is_active=True)
    without = {note.written_by_id}
    if raises_alert(note.kind, note.weight):
        without.add(owners_of([note.account_id], today).get((note.account_id, TeamRole.CREDIT), 0))
    people = User.objects.filter(pk__in=members.values("user"), is_system=False).exclude(pk__in=without)
    right = RESTRICTED if note.kind == NoteKind.RESTRICTED else READ
    return [person for person in people.order_by("pk") if person.may(right, note.account.company_id)]
