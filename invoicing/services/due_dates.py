"""Putting a due date off or bringing it forward, as a dated row (design 3.2, ADR 0008)."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import policy as terms
from accounts.enums import CapRegime
from accounts.models import User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.models import DueDateChange, ReceivableItem
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid

from .shared import lock_items, open_days, require, tell_credit_changed, visible_items


class NothingDue(Conflict):
    code = "nothing_due"
    message = _("Only what is owed and still open has a due date to change.")


@retrying
def change_due_date(
    *, item_id: int, due_date: date, reason: str, on: date | None = None, by: User, at: datetime
) -> DueDateChange:
    """Change when an item is due, from a day on: readings for earlier days keep the date they knew.

    What was late may be late no longer, so held orders of the client are examined again, and the reverse.

    :param on: the first day the new date counts, today when left out; not before the last change
    :raises NothingDue: a credit, or nothing is open
    :raises BeyondLegalCap: later than before, and later than the law allows from the date of issue
    :raises ClosedPeriod: from a day in a closed period
    :raises DatedAhead: from a day to come
    """
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    seen = visible_items({item_id}, by)
    with transaction.atomic():
        lock_credit(ReceivableItem.objects.select_related("account").get(pk=item_id).account)
        item = lock_items(seen)[item_id]
        require(by, "invoicing.change_due_date", item.company_id)
        today = paris_date(at)
        starts = on or today
        policy.check_document_date(starts, today=today, open_days=open_days(item.company, today=today))
        _check(item, due_date, starts)
        row = DueDateChange.objects.create(
            item=item,
            old_due_date=item.due_date,
            new_due_date=due_date,
            effective_from=starts,
            reason=reason.strip(),
            recorded_at=at,
            recorded_by=by,
        )
        item.due_date = due_date
        item.save(update_fields=["due_date"])
        audit.record(
            "item.due_date_changed",
            item,
            by=by,
            at=at,
            reason=reason,
            label=item.document,
            company_id=item.company_id,
            account_id=item.account_id,
            before={"due_date": row.old_due_date},
            after={"due_date": due_date, "from": starts},
        )
        tell_credit_changed([item.account_id])
    return row


def _check(item: ReceivableItem, due_date: date, starts: date) -> None:
    if item.amount <= 0 or item.open_amount == 0:
        raise NothingDue
    if due_date == item.due_date:
        raise Invalid(errors={"due_date": [_("This is the present due date.")]})
    if due_date < item.issue_date:
        raise Invalid(errors={"due_date": [_("The due date lies before the issue date.")]})
    last = item.due_date_changes.last()
    if starts < max(item.effective_date, last.effective_from if last else item.effective_date):
        raise Invalid(errors={"on": [_("It cannot count before the item or its last change does.")]})
    regime = CapRegime(item.account.cap_regime)
    if due_date > item.due_date and not terms.within_cap(due_date, regime, item.issue_date, item.issue_date):
        raise policy.BeyondLegalCap
