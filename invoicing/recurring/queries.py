"""Schedules and what they made, as pages and the API read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import get_language

from accounts.models import Company, User
from invoicing.firewall.policy import REMEDIES, Anomaly, Severity
from invoicing.models import Invoice, RecurringInvoice, RecurringPeriod
from invoicing.services.documents import due_date_of
from o2c.shared.problems import NotFound

from .policy import Period, in_words, periods

# How many coming dates are shown.
SHOWN: Final = 6


class Coming(NamedTuple):
    """A date to come: the period, when its invoice would be due, and the sentence that says so."""

    period: Period
    due: date
    text: str


def schedules(user: User, company: Company | None) -> QuerySet[RecurringInvoice]:
    """Every schedule the reader may see, the newest first."""
    return RecurringInvoice.objects.visible_to(user, company).select_related("account", "company")


def find_schedule(user: User, company: Company | None, key: int) -> RecurringInvoice:
    """The schedule with this key.

    :raises NotFound: there is none, or it is not the reader's to see
    """
    found = schedules(user, company).select_related("created_by", "paused_by", "ended_by").filter(pk=key)
    for row in found:
        return row
    raise NotFound(code="recurring_invoice_not_found")


def stuck(user: User, company: Company | None) -> QuerySet[RecurringInvoice]:
    """Schedules whose next period could not be billed, the oldest first."""
    return schedules(user, company).exclude(problem_code="").filter(paused_at=None).order_by("next_on", "pk")


class Standing(NamedTuple):
    """What stands in the way of an invoice, and what mends it."""

    code: str
    severity: str
    message: str
    remedy: str


def in_the_way(schedule: RecurringInvoice) -> list[Standing]:
    """The findings that kept the next period unbilled when it was tried last, in the reader's language."""
    return [
        Standing(row["code"], row["severity"], str(Anomaly(row["code"]).label), str(REMEDIES[row["code"]]))
        for row in schedule.problem.get("findings", ())
        if row["severity"] in {Severity.WARN, Severity.BLOCK}
    ]


def why_unbilled(schedule: RecurringInvoice) -> str:
    """The same in one sentence; empty where nothing stands in the way."""
    said = schedule.problem.get("said", {})
    return str(said.get(get_language()) or said.get(settings.LANGUAGE_CODE, ""))


def coming(
    *, first_day: date, rhythm: str, timing: str, last_day: date | None, term: str, start: int, today: date
) -> list[Coming]:
    """The next dates of a schedule; what is late already is billed, and so due, from today.

    :raises Invalid: a term nobody can read
    """
    found = periods(first_day, rhythm, timing, last_day=last_day, start=start)
    rows = []
    for each in islice(found, SHOWN):
        due = due_date_of(max(each.bill_on, today), term)
        rows.append(Coming(each, due, in_words(each, due)))
    return rows


def coming_of(schedule: RecurringInvoice, today: date) -> Sequence[Coming]:
    """The next dates of a stored schedule; none once it has ended."""
    if schedule.next_on is None:
        return ()
    return coming(
        first_day=schedule.first_day,
        rhythm=schedule.rhythm,
        timing=schedule.timing,
        last_day=schedule.last_day,
        term=schedule.term or schedule.account.term,
        start=schedule.next_position,
        today=today,
    )


def settled(schedule: RecurringInvoice, user: User) -> list[RecurringPeriod]:
    """The periods billed or left out, newest first; ``shown`` is the invoice where the reader may open it."""
    rows = list(schedule.periods.select_related("invoice"))
    keys = [row.invoice_id for row in rows if row.invoice_id]
    seen = set(Invoice.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True))
    for row in rows:
        row.shown = row.invoice if row.invoice_id in seen else None  # type: ignore[attr-defined]
    return rows
