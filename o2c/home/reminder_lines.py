"""Reminders that did not reach their client, as lines of the inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Company, User
from dunning.enums import Unreached
from dunning.models import AccountStatement, Reminder
from dunning.queries.contacts import Finding
from dunning.reach_words import finding
from dunning.statement_tables import month_in_words
from o2c.shared.calendar import PARIS
from o2c.shared.models import OutboxMessage

from .inbox_line import ALERTS, EVENING, Waiting
from .reminder_notices import not_arrived, statements_not_there, statements_to_see_to, unreached

_ROWS: Final = 10


def reminders_not_arrived(user: User, company: Company, at: datetime) -> list[Waiting]:
    """Reminders and statements that came back, or had nobody to go to; four readings for any number."""
    lost = list(not_arrived(user, company, at)[:_ROWS])
    about = Reminder.objects.select_related("account").in_bulk([row.about_id for row in lost if row.about_id])
    rows = [_came_back(row, about[row.about_id]) for row in lost if row.about_id in about]
    rows += [_nobody(row) for row in unreached(user, company, at)[:_ROWS]]
    return rows + [_statement(row) for row in statements_not_there(user, company, at)[:_ROWS]]


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


def _statement(made: AccountStatement) -> Waiting:
    month = month_in_words(made.month)
    if made.message is None:
        sub = _("statement of %(month)s: %(why)s") % {"month": month, "why": made.get_why_display()}
    else:
        to = ", ".join(made.message.to.splitlines())
        sub = _("statement of %(month)s to %(address)s: correct it and send it again") % {
            "month": month,
            "address": to,
        }
    return Waiting(
        kind=ALERTS,
        tone="bad",
        icon="user-question" if made.message is None else "mail",
        word=_("Statement not sent") if made.message is None else _("Statement came back"),
        title=made.account.name,
        sub=sub,
        url=statements_to_see_to(made.account.code),
        due=made.made_at,
    )
