"""Runs and reminders as lists show them, without a query per row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Prefetch, Q, QuerySet, Sum

from accounts.models import Company, User
from dunning.enums import Exclusion, ReminderStatus, StepChannel
from dunning.models import DunningRun, Reminder, ReminderLine, RunExclusion


class LeftOutSum(NamedTuple):
    """How much a run left out for one reason."""

    reason: str
    words: str
    items: int
    amount: Decimal


def run_list(company: Company) -> QuerySet[Any]:
    """Runs of a company with what they made."""
    letters = ~Q(reminders__channel=StepChannel.CALL) & Q(reminders__isnull=False)
    return (
        DunningRun.objects.filter(company=company)
        .select_related("created_by", "approved_by")
        .annotate(
            letters=Count("reminders", filter=letters),
            calls=Count("reminders", filter=Q(reminders__channel=StepChannel.CALL)),
            dropped=Count("reminders", filter=Q(reminders__status=ReminderStatus.DROPPED)),
        )
    )


def reminder_list(user: User, company: Company | None = None) -> QuerySet[Any]:
    """Reminders this user may see, with how many documents each names."""
    named = Count("lines", filter=Q(lines__dropped=""))
    return Reminder.objects.visible_to(user, company).select_related("account").annotate(items_named=named)


def reminder_with_lines(user: User, company: Company | None, key: int) -> Any:
    """One reminder with its lines; None where there is none or it is not this user's to see."""
    lines = ReminderLine.objects.select_related("item__invoice").order_by("due_date", "item")
    rows = Reminder.objects.visible_to(user, company).select_related("account", "run", "step", "approved_by")
    return rows.prefetch_related(Prefetch("lines", queryset=lines), "relays").filter(pk=key).first()


def left_out_sums(run: DunningRun) -> list[LeftOutSum]:
    """What a run left out by reason, the most first."""
    rows = (
        RunExclusion.objects.filter(run=run)
        .values("reason")
        .annotate(items=Count("pk"), amount=Sum("amount"))
        .order_by("-amount", "reason")
    )
    return [
        LeftOutSum(row["reason"], str(Exclusion(row["reason"]).label), row["items"], row["amount"])
        for row in rows
    ]


def left_out(run: DunningRun, reason: str, most: int) -> list[RunExclusion]:
    """The items a run left out for one reason, the largest first."""
    rows = RunExclusion.objects.filter(run=run, reason=reason).select_related("account", "item__invoice")
    return list(rows.order_by("-amount", "pk")[:most])
