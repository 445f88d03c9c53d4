"""Closing the months of the books, and opening one again (ADR 0008)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from invoicing.models import AccountingPeriod
from invoicing.policy import OpenDays
from o2c.shared import audit
from o2c.shared.calendar import end_of_month, paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, RuleRefused

from .shared import open_days, require


class NotEnded(RuleRefused):
    code = "period_not_ended"
    message = _("A month can be closed once it has ended.")


class AlreadyClosed(Conflict):
    code = "already_closed"
    message = _("This month is closed already.")


class NotClosed(Conflict):
    code = "not_closed"
    message = _("This month is not closed.")


@retrying
def close_period(*, company: Company, month: date, by: User, at: datetime) -> list[AccountingPeriod]:
    """Close a month with every month before it that is still open: no entry takes effect in them any more.

    Waits for whoever is posting at this moment; whoever posts next finds the month closed.

    :param month: any day of it
    :returns: the months closed, oldest first
    :raises NotEnded: it has not ended yet
    :raises AlreadyClosed: nothing is left to close
    """
    month = month.replace(day=1)
    with transaction.atomic():
        company = _locked(company)
        require(by, "periods.close", company)
        today = paris_date(at)
        if end_of_month(month) >= today:
            raise NotEnded
        closing = list(_open_months(open_days(company, today=today), month))
        if not closing:
            raise AlreadyClosed
        rows = [
            AccountingPeriod(company=company, month=each, is_closed=True, closed_by=by, closed_at=at)
            for each in closing
        ]
        AccountingPeriod.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["company", "month"],
            update_fields=["is_closed", "closed_by", "closed_at"],
        )
        for row in rows:
            _record("period.closed", row, by=by, at=at)
    return rows


@retrying
def reopen_period(
    *, company: Company, month: date, reason: str, by: User, at: datetime
) -> list[AccountingPeriod]:
    """Open a closed month again, with a reason, and every month after it: their figures build on it.

    :returns: the months opened, oldest first
    :raises NotClosed: nobody closed it
    :raises Invalid: no reason
    """
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    month = month.replace(day=1)
    with transaction.atomic():
        company = _locked(company)
        require(by, "periods.reopen", company)
        rows = list(
            AccountingPeriod.objects.filter(company=company, month__gte=month, is_closed=True).order_by(
                "month"
            )
        )
        if not rows or rows[0].month != month:
            raise NotClosed
        for row in rows:
            row.is_closed = False
            row.reopened_by, row.reopened_at, row.reopen_reason = by, at, reason.strip()
            row.save(update_fields=["is_closed", "reopened_by", "reopened_at", "reopen_reason"])
            _record("period.reopened", row, by=by, at=at, reason=reason)
    return rows


def _locked(company: Company) -> Company:
    """The company under the one lock that conflicts with the key-share lock of every posting."""
    return Company.objects.select_for_update().get(pk=company.pk)


def _open_months(days: OpenDays, last: date) -> Iterator[date]:
    """Months up to a last one in which some day is open."""
    month = min([days.first.replace(day=1), *days.reopened])
    while month <= last:
        if days.first_from(month) <= end_of_month(month):
            yield month
        month = end_of_month(month) + timedelta(days=1)


def _record(action: str, row: AccountingPeriod, *, by: User, at: datetime, reason: str = "") -> None:
    audit.record(action, row, by=by, at=at, label=str(row), company_id=row.company_id, reason=reason)
