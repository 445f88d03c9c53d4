"""Reminders that did not reach their client, as lines of the inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Company, User
from dunning.enums import Unreached
from dunning.models import Reminder
from dunning.queries.contacts import Finding
from dunning.reach_words import finding
from o2c.shared.calendar import PARIS
from o2c.shared.models import OutboxMessage

from .inbox_line import ALERTS, EVENING, Waiting
from .reminder_notices import not_arrived, unreached

_ROWS: Final = 10


def reminders_not_arrived(user: User, company: Company, at: datetime) -> list[Waiting]:
    """Reminders that came back, or had nobody to go to; three readings for any number."""
    lost = list(not_arrived(user, company, at)[:_ROWS])
    about = Reminder.objects.select_related("account").in_bulk([row.about_id for row in lost if row.about_id])
    rows = [_came_back(row, about[row.about_id]) for row in lost if row.about_id in about]
    return rows + [_nobody(row) for row in unreached(user, company, at)[:_ROWS]]


def _came_back(message: OutboxMessage, reminder: Reminder) -> Waiting:
    return Waiting(
        kind=ALERTS,
        tone="bad",
        icon="mail",
        word=str(message.get_state_display()),
        title=reminder.account.name,
        sub=_("reminder to %(address)s: correct it and call the client") % {"address": reminder.sent_to},
        url=reverse("dunning:reminder", args=[reminder.pk]),
        due=message.created_at,
        amount=reminder.total,
        currency=reminder.currency,
        note=message.error[:80],
    )


def _nobody(reminder: Reminder) -> Waiting:
    said = finding(Finding(Unreached(reminder.problem), "")) if reminder.problem else None
    return Waiting(
        kind=ALERTS,
        tone="bad",
        icon="user-question",
        word=_("Reminder not sent"),
        title=reminder.account.name,
        sub=f"{said.problem} · {said.remedy}" if said else _("Nobody to send it to"),
        url=reverse("dunning:reminder", args=[reminder.pk]),
        due=datetime.combine(reminder.as_of, EVENING, PARIS),
        amount=reminder.total,
        currency=reminder.currency,
    )
