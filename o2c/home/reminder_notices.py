"""Telling people that a reminder did not arrive, and what of it waits for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from accounts.queries import in_force_on
from dunning.enums import ReminderStatus
from dunning.models import AccountStatement, Call, Reminder, ReminderLine
from dunning.queries import statements as statement_queries
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
    facts = {"to": reminder.sent_to, "amount": str(reminder.total), "currency": reminder.currency}
    return _tell(
        "reminder.bounced", message, reminder, facts, reverse("dunning:reminder", args=[reminder.pk])
    )


def statement_bounced(*, work: Any, message_id: int) -> dict[str, int]:
    """Work handler: tell the same people of a client's monthly statement; of no other message."""
    del work
    made = (
        AccountStatement.objects.select_related("account", "message")
        .filter(message_id=message_id, message__state=State.BOUNCED)
        .first()
    )
    if made is None or made.message is None:
        return {"told": 0}
    facts = {"to": ", ".join(made.message.to.splitlines())}
    return _tell(
        "client_statement.bounced", made.message, made, facts, statements_to_see_to(made.account.code)
    )


def statements_to_see_to(code: str) -> str:
    """The address of the list of what one client did not get."""
    return f"{reverse('dunning:client_statements')}?{urlencode({'status': 'not_there', 'q': code})}"


def _tell(
    kind: str, message: OutboxMessage, about: Reminder | AccountStatement, facts: dict[str, str], url: str
) -> dict[str, int]:
    account = about.account
    team = TeamMember.objects.filter(
        in_force_on(paris_date(timezone.now())),
        account=account,
        role__in=(TeamRole.COLLECTOR, TeamRole.ADV),
        user__is_active=True,
    )
    told = set(team.values_list("user_id", flat=True))
    told = told or lowest_with(RIGHT, account.company_id, level=0, without=set())
    return write(
        kind,
        f"message:{message.pk}",
        {"account": account.code, "client": account.name, "reason": message.error} | facts,
        url,
        dict.fromkeys(told, True),
        company_id=account.company_id,
        account_id=account.pk,
        about=(about._meta.label_lower, about.pk),
    )


def statements_not_there(user: User, company: Company, at: datetime) -> QuerySet[AccountStatement]:
    """Monthly statements of late that reached nobody, the oldest first."""
    return statement_queries.not_there(user, company, paris_date(at - _LOOKS_BACK).replace(day=1))


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
