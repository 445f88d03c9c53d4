"""Trying a reminder again that had nobody to go to, once somebody has mended the number or the address."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dunning.enums import ReminderStatus, Unreached
from dunning.models import Reminder
from dunning.queries.contacts import Finding, reach
from invoicing.services.shared import require
from o2c.shared import audit, delivery, work
from o2c.shared.problems import Conflict, NotFound

from .runs import RIGHT, SEND

_NOT_SENT = (ReminderStatus.DROPPED, ReminderStatus.NO_CONTACT)


class NotWaiting(Conflict):
    code = "not_waiting"
    message = _("Only a reminder that had nobody to go to is tried again.")


class OvertakenByLater(Conflict):
    code = "overtaken"
    message = _("A later reminder of this client was made meanwhile: it goes by that one.")


class StillUnreached(Conflict):
    code = "still_unreached"
    message = _("There is still nobody to send it to: %(problem)s.")


def try_again(*, reminder_id: int, trusts: bool = False, by: User, at: datetime) -> Reminder:
    """Let a reminder that had nobody to go to leave after all; it is looked at once more when it does.

    :param trusts: whoever asks knows that the number or address from which something came back is right
    :raises NotWaiting: it has somebody, or was dropped
    :raises OvertakenByLater: the client was reminded by a later run
    :raises StillUnreached: number or address are as they were
    """
    with transaction.atomic():
        rows = Reminder.objects.visible_to(by).select_for_update(of=("self",), no_key=True)
        reminder = rows.filter(pk=reminder_id).select_related("account", "step").first()
        if reminder is None:
            raise NotFound
        require(by, RIGHT, reminder.company_id)
        if reminder.status != ReminderStatus.NO_CONTACT:
            raise NotWaiting
        later = Reminder.objects.filter(
            account=reminder.account_id, currency=reminder.currency, pk__gt=reminder.pk
        )
        if later.exclude(status__in=_NOT_SENT).exists():
            raise OvertakenByLater
        found = reach(reminder.account, reminder.step)
        if trusts and isinstance(found, Finding) and found.to:
            delivery.trust([found.to], by=by, at=at)
            found = reach(reminder.account, reminder.step)
        if isinstance(found, Finding):
            raise StillUnreached(
                str(StillUnreached.message) % {"problem": Unreached(found.problem).label.lower()}
            )
        reminder.status, reminder.problem = ReminderStatus.APPROVED, ""
        reminder.save(update_fields=["status", "problem"])
        work.add(SEND, f"reminder:{reminder.pk}", {"reminder_id": reminder.pk})
        audit.record(
            "reminder.tried_again",
            reminder,
            by=by,
            at=at,
            label=f"{reminder.account.code} {reminder.number}",
            after={"step": reminder.number},
        )
    return reminder
