"""Passing calls on that nobody has made in time: sales administration, credit management, direction (domain.md 6.2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import Company
from dunning import relay_policy as policy
from dunning.enums import RelayLevel, ReminderStatus, StepOwner
from dunning.models import Relay, Reminder, ReminderLine
from dunning.queries.relays import managed as companies_with_credit
from o2c.shared import audit
from o2c.shared import work as work_table
from o2c.shared.calendar import is_business_day, paris_date

from .account_relays import pass_clients

EVENT: Final = "call.relayed"


def relay_calls(*, work: Any = None) -> dict[str, int]:
    """Work handler of every morning: calls that were due go to the next of their company's chain, and so do clients."""
    del work
    at = timezone.now()
    day = paris_date(at)
    if not is_business_day(day):
        return {"relayed": 0, "clients": 0}
    companies = Company.objects.filter(dunning_scenarios__is_active=True).distinct().order_by("pk")
    return {
        "relayed": relay(day, at),
        "clients": sum(pass_clients(company, on=day, at=at) for company in companies),
    }


@transaction.atomic
def relay(on: date, at: datetime) -> int:
    """Pass on what was not called within three business days; a call goes one step a day at most, and once to each.

    What is settled meanwhile is nobody's call any more; the scenario goes on beside it.
    """
    owed = ReminderLine.objects.filter(reminder=OuterRef("pk"), dropped="", item__open_amount__gt=0)
    waiting = (
        Reminder.objects.filter(Exists(owed), status=ReminderStatus.TO_CALL, as_of__lt=on)
        .select_related("step", "run", "account")
        .order_by("pk")
    )
    managed = companies_with_credit({reminder.company_id for reminder in waiting})
    last = {row.reminder_id: row for row in Relay.objects.filter(reminder__in=waiting).order_by("pk")}
    made = 0
    for reminder in waiting.select_for_update(of=("self",), no_key=True):
        has_credit = reminder.company_id in managed
        if before := last.get(reminder.pk):
            level, since = RelayLevel(before.to_level), before.on
        else:
            level = policy.first_of(StepOwner(reminder.step.owner), has_credit_management=has_credit)
            since = paris_date(reminder.run.approved_at) if reminder.run.approved_at else reminder.as_of
        after = policy.next_of(level, policy.chain_of(has_credit_management=has_credit))
        if after is None or not policy.is_overdue(since, on):
            continue
        _pass_on(reminder, level, after, on, at)
        made += 1
    return made


def _pass_on(reminder: Reminder, level: RelayLevel, after: RelayLevel, on: date, at: datetime) -> None:
    row, is_new = Relay.objects.get_or_create(
        reminder=reminder, to_level=after, defaults={"from_level": level, "on": on, "at": at}
    )
    if not is_new:
        return
    audit.record(
        EVENT, reminder, by=None, at=at, label=reminder.account.code, company_id=reminder.company_id,
        account_id=reminder.account_id, after={"level": after, "step": reminder.number},
    )  # fmt: skip
    work_table.emit(EVENT, key=f"relay:{row.pk}", payload={"relay_id": row.pk})
