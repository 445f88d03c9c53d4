"""Telling people that a reminder did not arrive, and what of it waits for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from accounts.queries import in_force_on
from dunning.enums import ReminderStatus
from dunning.models import Call, Reminder, ReminderLine
from dunning.services.runs import RIGHT
from dunning.services.sending import KIND
from o2c.shared.calendar import paris_date
from o2c.shared.models import OutboxMessage

from .notices import lowest_with, write

# What is older is the business of the next step.
_LOOKS_BACK: Final = timedelta(days=45)
State = OutboxMessage.State
NOT_ARRIVED: Final = (State.BOUNCED, State.FAILED, State.UNCERTAIN)


def reminder_bounced(*, work: Any, message_id: int) -> dict[str, int]:
    """Work handler: tell the client's collector and sales administration, else who runs reminders; no other message."""
    del work
    message = OutboxMessage.objects.filter(pk=message_id, kind=KIND, state=State.BOUNCED).first()
    reminder = (
        Reminder.objects.select_related("account").filter(pk=message.about_id).first()
        if message is not None and message.about_id is not None
        else None
    )
    if message is None or reminder is None:
        return {"told": 0}
    today = paris_date(timezone.now())
    team = TeamMember.objects.filter(
        in_force_on(today),
        account=reminder.account,
        role__in=(TeamRole.COLLECTOR, TeamRole.ADV),
        user__is_active=True,
    )
    told = set(team.values_list("user_id", flat=True))
    told = told or lowest_with(RIGHT, reminder.company_id, level=0, without=set())
    facts = {
        "account": reminder.account.code,
        "client": reminder.account.name,
        "to": reminder.sent_to,
        "amount": str(reminder.total),
        "currency": reminder.currency,
        "reason": message.error,
    }
    return write(
        "reminder.bounced",
        f"message:{message_id}",
        facts,
        reverse("dunning:reminder", args=[reminder.pk]),
        dict.fromkeys(told, True),
        company_id=reminder.company_id,
        account_id=reminder.account_id,
        about=(reminder._meta.label_lower, reminder.pk),
    )


def not_arrived(user: User, company: Company, at: datetime) -> QuerySet[OutboxMessage]:
    """Reminders that did not arrive and nobody has called about since, the oldest first."""
    seen = CustomerAccount.objects.visible_to(user, company).order_by().values("pk")
    called = Call.objects.filter(account=OuterRef("account_id"), made_at__gt=OuterRef("created_at"))
    rows = OutboxMessage.objects.filter(
        ~Exists(called),
        company_id=company.pk,
        account_id__in=seen,
        kind=KIND,
        state__in=NOT_ARRIVED,
        created_at__gt=at - _LOOKS_BACK,
    )
    return rows.order_by("created_at", "pk")


def unreached(user: User, company: Company, at: datetime) -> QuerySet[Reminder]:
    """Reminders that had nobody to go to and still ask for something, the oldest first."""
    open_lines = ReminderLine.objects.filter(reminder=OuterRef("pk"), dropped="", item__open_amount__gt=0)
    called = Call.objects.filter(account=OuterRef("account"), made_at__date__gte=OuterRef("as_of"))
    rows = Reminder.objects.visible_to(user, company).filter(
        Exists(open_lines),
        ~Exists(called),
        status=ReminderStatus.NO_CONTACT,
        as_of__gt=paris_date(at - _LOOKS_BACK),
    )
    return rows.select_related("account").order_by("as_of", "pk")
