"""Setting up what is invoiced again and again, billing each period once, pausing, going on, ending."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import Company, CustomerAccount, User
from credit.locks import lock_credit
from invoicing.enums import Origin
from invoicing.models import Invoice, RecurringInvoice, RecurringLine, RecurringPeriod
from invoicing.policy import LineInput
from invoicing.services.documents import NothingToBill, due_date_of, record_invoice
from invoicing.services.shared import require
from o2c.shared import audit, formats
from o2c.shared import work as work_table
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotFound, Refusal
from o2c.shared.vat import vat_totals
from orders.paper import language_of

from . import policy

RIGHT: Final = "invoicing.issue"
BILL: Final = "recurring.bill"
_PAUSE: Final = ("paused_at", "paused_by", "pause_reason")
_END: Final = ("ended_at", "ended_by", "end_reason", "next_on", "problem_code", "problem")


class NotRunning(Conflict):
    code = "wrong_state"
    message = _("This schedule has ended.")


class NotPaused(Conflict):
    code = "not_paused"
    message = _("This schedule is not paused.")


class NotDue(Conflict):
    code = "not_due"
    message = _("No period of this schedule is due.")


@retrying
def create_schedule(
    *,
    company: Company,
    account: CustomerAccount,
    lines: Sequence[LineInput],
    rhythm: str,
    timing: str,
    first_day: date,
    last_day: date | None = None,
    term: str = "",
    customer_reference: str = "",
    by: User,
    at: datetime,
) -> RecurringInvoice:
    """Have a client invoiced again and again; what is due already is billed at once, in order.

    :raises Invalid: a day, a term or a line that cannot be
    :raises NothingToBill: no line, or nothing to pay
    """
    today = paris_date(at)
    with transaction.atomic():
        require(by, RIGHT, company)
        if account.company_id != company.pk:
            raise NotFound(code="account_not_found")
        _check_days(first_day, rhythm, last_day, today)
        due_date_of(first_day, term or account.term)
        totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in lines)
        if not lines or totals.excl <= 0:
            raise NothingToBill
        if any(len(line.description) > policy.LONGEST_DESCRIPTION for line in lines):
            said = _("At most %(count)d characters: the period is written behind it.")
            raise Invalid(errors={"lines": [said % {"count": policy.LONGEST_DESCRIPTION}]})
        first = policy.period(first_day, rhythm, timing, 0)
        made = RecurringInvoice.objects.create(
            company=company,
            account=account,
            rhythm=rhythm,
            timing=timing,
            first_day=first_day,
            last_day=last_day,
            term=term,
            currency=account.currency,
            customer_reference=customer_reference,
            total_excl_vat=totals.excl,
            created_by=by,
            created_at=at,
            next_on=first.bill_on,
        )
        RecurringLine.objects.bulk_create(
            RecurringLine(
                schedule=made,
                line=position,
                sku=line.sku,
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                vat_rate=line.vat_rate,
            )
            for position, line in enumerate(lines, start=1)
        )
        _record("created", made, by=by, at=at, rhythm=rhythm, first_day=first_day, last_day=last_day)
        if first.bill_on <= today:
            _ask(made)
    return made


def _check_days(first_day: date, rhythm: str, last_day: date | None, today: date) -> None:
    if first_day < add_months(today, -policy.MONTHS_BACK):
        raise Invalid(errors={"first_day": [_("A schedule begins at most a year ago.")]})
    if first_day > add_months(today, 120):
        raise Invalid(errors={"first_day": [_("A schedule begins within ten years.")]})
    if last_day is None:
        return
    if last_day < first_day or last_day > add_months(first_day, 1200):
        raise Invalid(errors={"last_day": [_("The last day lies before the first, or too far away.")]})
    before, after = policy.last_days_around(first_day, rhythm, last_day)
    if before != last_day:
        days = [formats.date_short(day) for day in (before, after) if day]
        said = _("A schedule ends with a whole period: on %(days)s.") % {"days": " / ".join(days)}
        raise Invalid(errors={"last_day": [said]})


@retrying
def bill_next(
    *, schedule_id: int, by: User | None, at: datetime, acknowledged: Collection[str] = ()
) -> Invoice | None:
    """Issue the invoice of the next period, if it is due: today's date, the period in its lines.

    The clock passes before every invoice like anybody who issues one; nothing is acknowledged for it.

    :param by: None: the clock
    :returns: None where nothing is due
    :raises Refusal: the invoice cannot be issued; the period stays unbilled
    """
    today = paris_date(at)
    with transaction.atomic():
        seen = RecurringInvoice.objects.select_related("account__entity", "company").get(pk=schedule_id)
        lock_credit(seen.account)
        schedule = _locked(schedule_id)
        found = schedule.period()
        if schedule.paused_at or schedule.next_on is None or schedule.next_on > today or found is None:
            return None
        language = language_of(seen.account)
        invoice = record_invoice(
            company=seen.company,
            account=seen.account,
            issue_date=today,
            term=schedule.term or None,
            currency=schedule.currency,
            lines=[
                LineInput(
                    description=policy.line_text(line.description, found, language),
                    quantity=line.quantity,
                    unit_price=line.unit_price,
                    vat_rate=line.vat_rate,
                    sku=line.sku,
                )
                for line in schedule.lines.all()
            ],
            origin=Origin.ISSUED,
            customer_reference=schedule.customer_reference,
            acknowledged=acknowledged,
            # Every period has the amount of the one before.
            apart_from=list(schedule.periods.values_list("invoice", flat=True)),
            by=by,
            at=at,
        )
        _settle(schedule, found, invoice, by=by, at=at)
        span = f"{found.first} → {found.last}"
        _record("billed", schedule, by=by, at=at, period=span, invoice=invoice.number)
    return invoice


@retrying
def bill_now(*, schedule_id: int, by: User, at: datetime, acknowledged: Collection[str] = ()) -> Invoice:
    """Try a period that is due once more, with what whoever issues it has seen; later ones follow by themselves.

    :raises NotDue: nothing is due
    :raises Refusal: as ``bill_next``
    """
    seen = _seen(schedule_id, by)
    require(by, RIGHT, seen.company_id)
    with transaction.atomic():
        invoice = bill_next(schedule_id=seen.pk, by=by, at=at, acknowledged=acknowledged)
        if invoice is None:
            raise NotDue
        _ask(seen)
    return invoice


def bill_due(*, work: Any, schedule_id: int) -> dict[str, Any]:
    """Work handler: bill every period of a schedule that is due, the oldest first, until one is refused.

    A refusal is kept with the schedule, as a task of the home page; the next day tries again.
    """
    del work
    at, made = timezone.now(), list[str]()
    while True:
        try:
            with transaction.atomic():
                invoice = bill_next(schedule_id=schedule_id, by=None, at=at)
        except Refusal as refusal:
            _keep_problem(schedule_id, refusal, at=at)
            return {"invoices": made, "why": refusal.code}
        if invoice is None:
            return {"invoices": made}
        made.append(invoice.number)


def new_day(*, work: Any = None) -> dict[str, int]:
    """Work handler of the clock: ask for every schedule with something due, each by work of its own."""
    del work
    today = paris_date(timezone.now())
    due = RecurringInvoice.objects.filter(next_on__lte=today, paused_at=None)
    pieces = {f"schedule:{key}": {"schedule_id": key} for key in due.values_list("pk", flat=True)}
    return {"asked": work_table.add_many(BILL, pieces) if pieces else 0}


@retrying
def pause(*, schedule_id: int, reason: str, by: User, at: datetime) -> RecurringInvoice:
    """Bill nothing until somebody lets it go on.

    :raises NotRunning: it has ended
    """
    with transaction.atomic():
        schedule = _to_change(schedule_id, by)
        if schedule.paused_at is None:
            schedule.paused_at, schedule.paused_by, schedule.pause_reason = at, by, _said(reason)
            schedule.save(update_fields=_PAUSE)
            _record("paused", schedule, by=by, at=at, reason=schedule.pause_reason)
    return schedule


@retrying
def resume(*, schedule_id: int, catch_up: bool, by: User, at: datetime) -> RecurringInvoice:
    """Go on after a pause.

    :param catch_up: bill what fell due in the pause; else those periods are left out for good
    :raises NotPaused: it is not paused
    """
    today, left_out = paris_date(at), 0
    with transaction.atomic():
        schedule = _to_change(schedule_id, by)
        if schedule.paused_at is None:
            raise NotPaused
        schedule.paused_at, schedule.paused_by, schedule.pause_reason = None, None, ""
        schedule.save(update_fields=_PAUSE)
        while not catch_up and schedule.next_on is not None and schedule.next_on < today:
            found = schedule.period()
            assert found is not None
            _settle(schedule, found, None, by=by, at=at)
            left_out += 1
        _record("resumed", schedule, by=by, at=at, left_out=left_out)
        if schedule.next_on is not None and schedule.next_on <= today:
            _ask(schedule)
    return schedule


@retrying
def end(*, schedule_id: int, reason: str, by: User, at: datetime) -> RecurringInvoice:
    """Bill nothing more, for good; what is due and not billed yet is given up.

    :raises NotRunning: it has ended
    """
    with transaction.atomic():
        schedule = _to_change(schedule_id, by)
        schedule.ended_at, schedule.ended_by, schedule.end_reason = at, by, _said(reason)
        schedule.paused_at, schedule.paused_by, schedule.pause_reason = None, None, ""
        schedule.next_on, schedule.problem_code, schedule.problem = None, "", {}
        schedule.save(update_fields=[*_PAUSE, *_END])
        _record("ended", schedule, by=by, at=at, reason=schedule.end_reason)
    return schedule


def _settle(
    schedule: RecurringInvoice,
    found: policy.Period,
    invoice: Invoice | None,
    *,
    by: User | None,
    at: datetime,
) -> None:
    """Note that a period of a locked schedule is settled, and go to the next."""
    RecurringPeriod.objects.create(
        schedule=schedule,
        position=found.position,
        first=found.first,
        last=found.last,
        invoice=invoice,
        settled_by=by,
        settled_at=at,
    )
    schedule.next_position = found.position + 1
    following = schedule.period()
    schedule.next_on = following.bill_on if following else None
    schedule.problem_code, schedule.problem = "", {}
    schedule.save(update_fields=["next_position", "next_on", "problem_code", "problem"])


def _keep_problem(schedule_id: int, refusal: Refusal, *, at: datetime) -> None:
    schedule = _locked(schedule_id)
    found = [{"code": row["code"], "severity": row["severity"]} for row in refusal.findings]
    news = {"said": {code: _told(refusal, code) for code, _name in settings.LANGUAGES}, "findings": found}
    if (schedule.problem_code, schedule.problem.get("findings")) != (refusal.code, found):
        codes = [row["code"] for row in found]
        _record("stuck", schedule, by=None, at=at, code=refusal.code, findings=codes)
    schedule.problem_code, schedule.problem = refusal.code, news
    schedule.save(update_fields=["problem_code", "problem"])


def _told(refusal: Refusal, language: str) -> str:
    """What a refusal says, in a language: whoever reads it is not there when it is made."""
    with override(language):
        fields = [str(text) for texts in refusal.errors.values() for text in texts]
        return " ".join([str(refusal), *fields])


def _ask(schedule: RecurringInvoice) -> None:
    work_table.add(BILL, f"schedule:{schedule.pk}", {"schedule_id": schedule.pk})


def _said(reason: str) -> str:
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    return reason.strip()[:300]


def _seen(schedule_id: int, by: User) -> RecurringInvoice:
    found = RecurringInvoice.objects.visible_to(by).select_related("account").filter(pk=schedule_id).first()
    if found is None:
        raise NotFound
    return found


def _locked(schedule_id: int) -> RecurringInvoice:
    rows = RecurringInvoice.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("account").get(pk=schedule_id)


def _to_change(schedule_id: int, by: User) -> RecurringInvoice:
    schedule = _locked(_seen(schedule_id, by).pk)
    require(by, RIGHT, schedule.company_id)
    if schedule.next_on is None:
        raise NotRunning
    return schedule


def _record(
    what: str, schedule: RecurringInvoice, *, by: User | None, at: datetime, reason: str = "", **facts: Any
) -> None:
    audit.record(
        f"recurring.{what}",
        schedule,
        by=by,
        at=at,
        reason=reason,
        after={"amount": schedule.total_excl_vat, "currency": schedule.currency, **facts},
    )
