"""The number of a registered letter, noted once the post has taken it: the proof that a formal notice left."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dunning.enums import ReminderStatus, StepChannel
from dunning.models import Reminder
from invoicing.services.shared import require
from o2c.shared import audit
from o2c.shared.problems import Conflict, Invalid, NotFound

from .runs import RIGHT

# The post writes 2C 123 456 7890 1 and the like; electronic registered letters have longer ones.
_NUMBER: Final = re.compile(r"[0-9A-Z][0-9A-Z -]{6,38}[0-9A-Z]")


class NotPosted(Conflict):
    code = "not_posted"
    message = _("Only a registered letter that has left has a number.")


class NumberedAlready(Conflict):
    code = "numbered_already"
    message = _("This letter has another number already.")


def note_number(*, reminder_id: int, number: str, by: User, at: datetime) -> Reminder:
    """Note the number of a registered letter; the same once more changes nothing.

    :raises Invalid: no such number can be
    :raises NotPosted: it is no registered letter, or has not left
    :raises NumberedAlready: it has another one
    """
    given = " ".join(number.upper().split())
    if not _NUMBER.fullmatch(given):
        raise Invalid(errors={"number": [_("A number has 8 to 40 letters and digits, as on the receipt.")]})
    with transaction.atomic():
        rows = Reminder.objects.visible_to(by).select_for_update(of=("self",), no_key=True)
        reminder = rows.filter(pk=reminder_id).select_related("account").first()
        if reminder is None:
            raise NotFound
        require(by, RIGHT, reminder.company_id)
        if reminder.channel != StepChannel.REGISTERED or reminder.status != ReminderStatus.SENT:
            raise NotPosted
        if reminder.registered_number == given:
            return reminder
        if reminder.registered_number:
            raise NumberedAlready
        reminder.registered_number = given
        reminder.save(update_fields=["registered_number"])
        audit.record(
            "reminder.numbered", reminder, by=by, at=at, label=reminder.account.code, after={"number": given}
        )
    return reminder
