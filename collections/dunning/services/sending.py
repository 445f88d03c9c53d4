"""Sending a reminder once: looked at again, written with the figures of that moment, to the outbox or on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from dunning import attachments
from dunning.enums import Exclusion, ReminderStatus, StepChannel
from dunning.letters import Asked, letter_pdf, write_letter
from dunning.models import Reminder, ReminderLine
from dunning.queries.arrived import items_with_payment
from dunning.queries.contacts import Finding, Reached, reach
from dunning.queries.letter_items import Credits, credits_of
from dunning.queries.plan import standing_of
from invoicing.services.shared import lock_items
from o2c.shared import audit, outbox, outbox_files, postal, texting
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.models import OutboxMessage
from o2c.shared.money import ZERO
from o2c.shared.outbox_files import Attachment
from o2c.shared.pdf import PDF_TYPE

from .links import link_of_reminder
from .runs import SEND, finish

KIND: Final = "dunning.reminder"
_ON_PAPER: Final = frozenset({StepChannel.LETTER, StepChannel.REGISTERED, StepChannel.POST})
# Letters that somebody prints here and puts into an envelope.
PRINTED: Final = frozenset({StepChannel.LETTER, StepChannel.REGISTERED})
# Channels of a step that leave through the outbox.
_MESSAGES: Final = {
    StepChannel.EMAIL: OutboxMessage.Channel.EMAIL,
    StepChannel.SMS: OutboxMessage.Channel.SMS,
    StepChannel.POST: OutboxMessage.Channel.POST,
}


def send(*, work: Any, reminder_id: int) -> dict[str, str]:
    """Work handler: send one approved reminder; one that has left is never sent again.

    Its state, its text and the message leave in one transaction: a worker killed before that has sent nothing. A text
    message waits for the hours in which people may be texted, and is looked at then.
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
        if reminder.channel == StepChannel.SMS and not texting.may_text(at):
            later = texting.next_time(at)
            work_table.add(SEND, f"reminder:{reminder.pk}", {"reminder_id": reminder.pk}, not_before=later)
            return {"state": reminder.status, "until": later.isoformat()}
        day = max(reminder.as_of, paris_date(at))
        lines, credits = _still_due(reminder, day)
        if not lines:
            _end(reminder, ReminderStatus.DROPPED, at)
        else:
            _leave(reminder, lines, credits, day, at)
    with transaction.atomic():
        finish(reminder.run_id, at=at)
    return {"state": reminder.status}


def _still_due(reminder: Reminder, day: date) -> tuple[Sequence[ReminderLine], Credits]:
    """Drop what was settled, contested, promised or stopped since the run; the rest with its present amount.

    With it the credits that may be taken off: not those that cover what is left out.
    """
    lines = list(reminder.lines.filter(dropped="").select_related("item"))
    items = lock_items([line.item_id for line in lines])
    arrived = items_with_payment(reminder.company, on=day, accounts=[reminder.account_id])
    now = standing_of(reminder.company, reminder.account_id, as_of=day, arrived=arrived)
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
    credits = credits_of(reminder.account, reminder.currency, on=day, stands=now, arrived=arrived)
    # What is listed again does not make a letter by itself.
    return (kept if any(not line.repeats for line in kept) else ()), credits


def _leave(
    reminder: Reminder, lines: Sequence[ReminderLine], credits: Credits, day: date, at: datetime
) -> None:
    reminder.total = _total(reminder, lines)
    if reminder.channel == StepChannel.FILE:
        # Nothing goes to the client: credit management makes the file of what is handed over.
        with translation.override(reminder.language):
            reminder.subject = _("File for hand-over: %(client)s") % {"client": reminder.account.name[:150]}
        _end(reminder, ReminderStatus.SENT, at)
        return
    found = reach(reminder.account, reminder.step)
    if isinstance(found, Finding):
        _end(reminder, ReminderStatus.NO_CONTACT, at, problem=found.problem)
        return
    on_paper = reminder.channel in _ON_PAPER
    takes = [] if reminder.channel == StepChannel.SMS else attachments.files_of(reminder, lines)
    asked = [Asked(line.item, line.amount) for line in lines]
    signer = reminder.approved_by
    link = "" if on_paper else link_of_reminder(reminder, to=found.to, at=at)
    written = write_letter(
        reminder.account,
        reminder.step,
        asked,
        on=day,
        contact=found.contact,
        language=reminder.language[:2],
        link=link,
        signed_by=signer.label() if signer is not None else "",
        credits=credits,
        encloses=_encloses(reminder, takes) if on_paper else (),
    )
    # The address opens the client's page: it leaves with the message, the history keeps that there was one.
    reminder.subject, reminder.text = (
        written.subject[:200],
        written.text.replace(link, "…") if link else written.text,
    )
    reminder.sent_to = postal.in_one_line(found.to.split("\n"))[:254]
    papers: list[Attachment] = []
    if on_paper:
        content = letter_pdf(written)
        # Named by the reminder: a sending that was interrupted leaves no second letter behind.
        default_storage.delete(f"reminders/{reminder.pk}.pdf")
        reminder.file.save(f"{reminder.pk}.pdf", ContentFile(content), save=False)
        if reminder.channel in PRINTED:
            reminder.enclosures = attachments.kept(reminder, takes, on=day)
        elif reminder.channel == StepChannel.POST:
            papers = [outbox_files.keep(f"{reminder.account.code}-{reminder.pk}.pdf", content, PDF_TYPE)]
    if reminder.channel in _MESSAGES:
        files = [*(paper.as_row() for paper in papers), *takes]
        outbox.write([_message(reminder, found, written.text, files, at)])
    _end(reminder, ReminderStatus.SENT, at)


def _encloses(reminder: Reminder, takes: Sequence[dict[str, Any]]) -> Sequence[str]:
    with translation.override(reminder.language):
        return attachments.in_words(takes)


def _total(reminder: Reminder, lines: Sequence[ReminderLine]) -> Any:
    late = [line for line in lines if line.due_date < reminder.as_of]
    return sum((line.amount for line in late or lines), ZERO)


def _message(
    reminder: Reminder,
    found: Reached,
    text: str,
    files: Sequence[dict[str, Any]],
    at: datetime,
) -> OutboxMessage:
    channel = _MESSAGES[StepChannel(reminder.channel)]
    return OutboxMessage(
        kind=KIND,
        key=f"reminder:{reminder.pk}",
        channel=channel,
        company_id=reminder.company_id,
        account_id=reminder.account_id,
        to=found.to,
        from_name=_sender(reminder.company.name, channel),
        subject=reminder.subject or _text_subject(reminder),
        text=text,
        language=reminder.language[:2],
        url=f"/collections/reminders/{reminder.pk}/",
        about_type=Reminder._meta.label_lower,
        about_id=reminder.pk,
        files=list(files),
        created_at=at,
    )


def _sender(company: str, channel: str) -> str:
    """Whose name a message carries: of a mail the portal's own, as before."""
    if channel == OutboxMessage.Channel.SMS:
        return texting.sender_name(company)
    return company[:200] if channel == OutboxMessage.Channel.POST else ""


def _text_subject(reminder: Reminder) -> str:
    """What stands for a text message in lists: it has no subject of its own."""
    with translation.override(reminder.language):
        return _("Text message to %(client)s") % {"client": reminder.account.name[:150]}


def _end(reminder: Reminder, status: ReminderStatus, at: datetime, *, problem: str = "") -> None:
    reminder.status, reminder.problem = status, problem
    reminder.sent_at = at if status == ReminderStatus.SENT else None
    reminder.save(
        update_fields=[
            "status", "problem", "sent_at", "total", "subject", "text", "sent_to", "file", "enclosures",
        ],
    )  # fmt: skip
    after = {"amount": reminder.total, "currency": reminder.currency, "step": reminder.number}
    audit.record(
        f"reminder.{status.value}",
        reminder,
        by=reminder.approved_by,
        at=at,
        label=f"{reminder.account.code} {reminder.number}",
        after=after | ({"problem": problem} if problem else {}),
    )
