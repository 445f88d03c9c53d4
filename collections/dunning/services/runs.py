"""Runs: proposed by a look at the whole book, reviewed by a person, sent piece by piece (domain.md 6.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from dunning.enums import ReminderStatus, RunStatus, StepChannel
from dunning.models import DunningRun, Reminder
from dunning.queries.arrived import items_with_payment
from dunning.queries.plan import LeftOut, Planned, read_plan, store_plan
from invoicing.services.shared import require
from o2c.shared import audit, work
from o2c.shared.calendar import is_business_day, paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, NotFound

from .scenarios import ensure_scenario, one_at_a_time

RIGHT: Final = "dunning.run"
SIGNS: Final = "dunning.sign"
SEND: Final = "dunning.send"
# So many reminders are handed to the work table with one statement.
_AT_ONCE: Final = 2000


class RunBeforeLast(Conflict):
    code = "run_before_last"
    message = _("A later run was made already: what it decided stands.")


class RunReviewed(Conflict):
    code = "run_reviewed"
    message = _("Nothing of this run waits for you.")


@retrying
def plan_run(*, company: Company, as_of: date | None = None, by: User | None, at: datetime) -> DunningRun:
    """Propose who is reminded of what; nothing leaves before somebody has reviewed it.

    A second run of the same day finds nothing more to do. Steps that a scenario sends without review are approved at
    once.

    :param as_of: may lie ahead; today when left out
    :param by: None for the portal itself
    :raises RunBeforeLast: a later one was made
    """
    if by is not None:
        require(by, RIGHT, company)
    day = as_of or paris_date(at)
    with transaction.atomic():
        one_at_a_time(company.pk)
        last = DunningRun.objects.filter(company=company).first()
        if last is not None and day < last.as_of:
            raise RunBeforeLast
        ensure_scenario(company)
        run = DunningRun.objects.create(company=company, as_of=day, created_by=by, created_at=at)
        letters, lines, left_out = store_plan(
            company, run_id=run.pk, as_of=day, arrived=items_with_payment(company, on=day)
        )
        audit.record(
            "dunning.planned",
            run,
            by=by,
            at=at,
            label=day.isoformat(),
            after={"letters": letters, "items": lines, "left_out": left_out},
        )
        automatic = _automatic(run)
        if automatic.exists():
            _approve(automatic, run, by=None, at=at)
    return run


def simulate(
    *, company: Company, as_of: date | None = None, by: User, at: datetime
) -> tuple[list[Planned], list[LeftOut]]:
    """What a run would do on a day; nothing of it is kept."""
    require(by, RIGHT, company)
    day = as_of or paris_date(at)
    with transaction.atomic():
        ensure_scenario(company)
        found = read_plan(company, as_of=day, arrived=items_with_payment(company, on=day))
        # The scenario of a company that has none yet is a thought too.
        transaction.set_rollback(True)
    return found


@retrying
def approve_run(*, run_id: int, only: Iterable[int] | None = None, by: User, at: datetime) -> DunningRun:
    """Let the reminders of a run go; formal notices go once somebody with the right signs them.

    Each is looked at again when it leaves: what was paid, credited, contested or promised meanwhile is not in it.

    :param only: of these alone; the rest waits
    :raises RunReviewed: nothing waits that this user may let go
    """
    with transaction.atomic():
        run = DunningRun.objects.select_for_update(no_key=True).filter(pk=run_id).first()
        if run is None or run.company_id not in _companies(by):
            raise NotFound
        require(by, RIGHT, run.company_id)
        waiting = Reminder.objects.filter(run=run, status=ReminderStatus.PROPOSED)
        if only is not None:
            waiting = waiting.filter(pk__in=list(only))
        if not by.may(SIGNS, run.company_id):
            waiting = waiting.filter(is_formal=False)
        if not _approve(waiting, run, by=by, at=at):
            raise RunReviewed
    return run


def finish(run_id: int, *, at: datetime) -> None:
    """Mark a run as sent once nothing of it waits; its row is locked by whoever is last."""
    run = DunningRun.objects.select_for_update(no_key=True).get(pk=run_id)
    waits = Q(status__in=[ReminderStatus.PROPOSED, ReminderStatus.APPROVED])
    if run.status == RunStatus.REVIEWED and not run.reminders.filter(waits).exists():
        run.status, run.sent_at = RunStatus.SENT, at
        run.save(update_fields=["status", "sent_at"])


def daily(*, work: Any = None) -> dict[str, int]:
    """Work handler of the clock: a run for every company that has a scenario in use, on every working day."""
    at, made = timezone.now(), 0
    day = paris_date(at)
    if not is_business_day(day):
        return {"runs": 0}
    for company in Company.objects.filter(dunning_scenarios__is_active=True).distinct().order_by("pk"):
        if not DunningRun.objects.filter(company=company, as_of__gte=day).exists():
            plan_run(company=company, as_of=day, by=None, at=at)
            made += 1
    return {"runs": made}


def _approve(waiting: QuerySet[Reminder], run: DunningRun, *, by: User | None, at: datetime) -> int:
    keys = list(waiting.order_by("pk").values_list("pk", "channel"))
    calls = [key for key, channel in keys if channel == StepChannel.CALL]
    letters = [key for key, channel in keys if channel != StepChannel.CALL]
    Reminder.objects.filter(pk__in=calls).update(status=ReminderStatus.TO_CALL, approved_by=by)
    Reminder.objects.filter(pk__in=letters).update(status=ReminderStatus.APPROVED, approved_by=by)
    for start in range(0, len(letters), _AT_ONCE):
        part = letters[start : start + _AT_ONCE]
        work.add_many(SEND, {f"reminder:{key}": {"reminder_id": key} for key in part})
    if run.status == RunStatus.PROPOSED:
        run.status, run.approved_by, run.approved_at = RunStatus.REVIEWED, by, at
        run.save(update_fields=["status", "approved_by", "approved_at"])
    if keys or by is not None:
        audit.record(
            "dunning.approved",
            run,
            by=by,
            at=at,
            label=run.as_of.isoformat(),
            after={"letters": len(letters), "calls": len(calls)},
        )
    finish(run.pk, at=at)
    run.refresh_from_db()
    return len(keys) or int(not run.reminders.exists())


def _automatic(run: DunningRun) -> QuerySet[Reminder]:
    return Reminder.objects.filter(
        run=run,
        status=ReminderStatus.PROPOSED,
        is_formal=False,
        number__lte=F("step__scenario__automatic_until"),
    )


def _companies(by: User) -> Any:
    allowed = by.company_ids()
    rows = Company.objects.all() if allowed is None else Company.objects.filter(pk__in=allowed)
    return set(rows.values_list("pk", flat=True))
