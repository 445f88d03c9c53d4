"""Sending a reminder once: looked at again, written with the figures of that moment, to the outbox or on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from dunning.attachments import files_of
from dunning.enums import Exclusion, ReminderStatus, StepChannel
from dunning.letters import Asked, letter_pdf, write_letter
from dunning.models import Reminder, ReminderLine
from dunning.queries.arrived import items_with_payment
from dunning.queries.contacts import contact_of
from dunning.queries.plan import standing_of
from invoicing.services.shared import lock_items
from o2c.shared import audit, outbox
from o2c.shared.calendar import paris_date
from o2c.shared.models import OutboxMessage
from o2c.shared.money import ZERO

from .links import link_of_reminder
from .runs import finish

KIND: Final = "dunning.reminder"
_ON_PAPER: Final = frozenset({StepChannel.LETTER, StepChannel.REGISTERED, StepChannel.FILE})


def send(*, work: Any, reminder_id: int) -> dict[str, str]:
    """Work handler: send one approved reminder; one that has left is never sent again.

    Its state, its text and the message leave in one transaction: a worker killed before that has sent nothing.
    """
    del work
    at = timezone.now()
    with transaction.atomic():
        rows = Reminder.objects.select_for_update(of=("self",), no_key=True)
        reminder = rows.select_related(
            "account__company", "account__entity", "step__scenario", "company"
        ).get(pk=reminder_id)
        if reminder.status != ReminderStatus.APPROVED:
            return {"state": reminder.status}
        lines = _still_due(reminder, at)
        if not lines:
            _end(reminder, ReminderStatus.DROPPED, at)
        else:
            _leave(reminder, lines, at)
    with transaction.atomic():
        finish(reminder.run_id, at=at)
    return {"state": reminder.status}


def _still_due(reminder: Reminder, at: datetime) -> Sequence[ReminderLine]:
    """Drop what was settled, contested, promised or stopped since the run; the rest with its present amount."""
    lines = list(reminder.lines.filter(dropped="").select_related("item"))
    items = lock_items([line.item_id for line in lines])
    day = max(reminder.as_of, paris_date(at))
    arrived = items_with_payment(reminder.company, on=day, accounts=[reminder.account_id])
    now = standing_of(reminder.company, reminder.account_id, as_of=day, settled=arrived)
    kept: list[ReminderLine] = []
    for line in lines:
        line.item = items[line.item_id]
        stands = now.get(line.item_id)
        was_late = line.due_date < reminder.as_of
        if stands is None:
            line.dropped = Exclusion.SETTLED
        elif stands.reason:
            line.dropped = stands.reason
        elif was_late and stands.late <= 0:
            line.dropped = Exclusion.IN_GRACE
        else:
            line.amount = stands.amount
            kept.append(line)
    ReminderLine.objects.bulk_update(lines, ["dropped", "amount"])
    # What is listed again does not make a letter by itself.
    return kept if any(not line.repeats for line in kept) else ()


def _leave(reminder: Reminder, lines: Sequence[ReminderLine], at: datetime) -> None:
    day = max(reminder.as_of, paris_date(at))
    reminder.total = _total(reminder, lines)
    contact = contact_of(reminder.account, reminder.step)
    on_paper = reminder.channel in _ON_PAPER
    if not on_paper and contact is None:
        _end(reminder, ReminderStatus.NO_CONTACT, at)
        return
    asked = [Asked(line.item, line.amount) for line in lines]
    signer = reminder.approved_by
    link = "" if on_paper else link_of_reminder(reminder, to=contact.email if contact else "", at=at)
    written = write_letter(
        reminder.account,
        reminder.step,
        asked,
        on=day,
        contact=contact,
        language=reminder.language[:2],
        link=link,
        signed_by=signer.label() if signer is not None else "",
    )
    # The address opens the client's page: it leaves with the message, the history keeps that there was one.
    reminder.subject, reminder.text = (
        written.subject[:200],
        written.text.replace(link, "…") if link else written.text,
    )
    reminder.sent_to = contact.email if contact is not None and not on_paper else reminder.account.name
    if on_paper:
        # Named by the reminder: a sending that was interrupted leaves no second letter behind.
        default_storage.delete(f"reminders/{reminder.pk}.pdf")
        reminder.file.save(f"{reminder.pk}.pdf", ContentFile(letter_pdf(written)), save=False)
    else:
        outbox.write([_message(reminder, written.text, lines, at)])
    _end(reminder, ReminderStatus.SENT, at)


def _total(reminder: Reminder, lines: Sequence[ReminderLine]) -> Any:
    late = [line for line in lines if line.due_date < reminder.as_of]
    return sum((line.amount for line in late or lines), ZERO)


def _message(reminder: Reminder, text: str, lines: Sequence[ReminderLine], at: datetime) -> OutboxMessage:
    return OutboxMessage(
        kind=KIND,
        key=f"reminder:{reminder.pk}",
        company_id=reminder.company_id,
        account_id=reminder.account_id,
        to=reminder.sent_to,
        subject=reminder.subject,
        text=text,
        language=reminder.language[:2],
        url=f"/collections/reminders/{reminder.pk}/",
        about_type=Reminder._meta.label_lower,
        about_id=reminder.pk,
        files=files_of(reminder, lines),
        created_at=at,
    )


def _end(reminder: Reminder, status: ReminderStatus, at: datetime) -> None:
    reminder.status = status
    reminder.sent_at = at if status == ReminderStatus.SENT else None
    reminder.save(
        update_fields=["status", "sent_at", "total", "subject", "text", "sent_to", "file"],
    )
    audit.record(
        f"reminder.{status.value}",
        reminder,
        by=reminder.approved_by,
        at=at,
        label=f"{reminder.account.code} {reminder.number}",
        after={"amount": reminder.total, "currency": reminder.currency, "step": reminder.number},
    )
