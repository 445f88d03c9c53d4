"""What a client contests of an item, as dated rows (design 3.2)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.models import DisputedAmount, ReceivableItem
from invoicing.queries import with_open_amount
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotFound

from .shared import (
    lock_items,
    open_days,
    require,
    require_cents,
    tell_credit_changed,
    tell_disputed,
    tell_undisputed,
    visible_items,
)


class DisputeEnded(Conflict):
    code = "dispute_ended"
    message = _("This dispute has ended already.")


@retrying
def dispute_amount(
    *, item_id: int, amount: Decimal, on: date, by: User, at: datetime, reference: str = "", **facts: str
) -> DisputedAmount:
    """Note that an amount of an item is contested from a day on, that day included; its case follows.

    :param facts: how it came to it, for the case (``shared.tell_disputed``)

    :raises OverDisputed: together with what is disputed already, more than what is open
    :raises DatedAhead: from a day to come
    :raises ClosedPeriod: from a day in a closed period
    """
    with transaction.atomic():
        item = lock_items(visible_items({item_id}, by))[item_id]
        require(by, "invoicing.import", item.company_id)
        require_cents(amount, "amount")
        today = paris_date(at)
        policy.check_document_date(on, today=today, open_days=open_days(item.company, today=today))
        if not 0 < amount <= undisputed(item, today):
            raise policy.OverDisputed
        row = book_disputed(item, amount, on=on, reference=reference, by=by, at=at)
        tell_disputed([row.pk], **facts)
        tell_credit_changed([item.account_id])
    return row


def undisputed(item: ReceivableItem, today: date) -> Decimal:
    """What of a locked item is open today and contested by no row in force; nothing below 0."""
    already = sum(item.disputed_amounts.filter(effective_to=None).values_list("amount", flat=True), ZERO)
    own = ReceivableItem.objects.filter(pk=item.pk)
    return max(ZERO, with_open_amount(own, on=today, moved=True).get().open_on - already)


def book_disputed(
    item: ReceivableItem, amount: Decimal, *, on: date, reference: str, by: User | None, at: datetime
) -> DisputedAmount:
    """Write a contested amount of a locked item; for acts that have checked it."""
    row = DisputedAmount.objects.create(
        item=item,
        account_id=item.account_id,
        amount=amount,
        effective_from=on,
        reference=reference,
        recorded_at=at,
        recorded_by=by,
    )
    _record("dispute.noted", row, item, by=by, at=at)
    return row


@retrying
def end_dispute(*, disputed_id: int, on: date, by: User, at: datetime) -> DisputedAmount:
    """End a contested amount: ``on`` is the first day it no longer counts. The item may hold orders again.

    :raises DisputeEnded: it has an end already
    :raises ClosedPeriod: on a day in a closed period
    """
    with transaction.atomic():
        row = DisputedAmount.objects.select_related("item__account").filter(pk=disputed_id).first()
        if row is None:
            raise NotFound
        visible_items({row.item_id}, by)
        require(by, "invoicing.import", row.item.company_id)
        lock_credit(row.item.account)
        item = lock_items({row.item_id})[row.item_id]
        row = DisputedAmount.objects.get(pk=disputed_id)
        if row.effective_to is not None:
            raise DisputeEnded
        if on < row.effective_from:
            raise Invalid(errors={"on": [_("A dispute cannot end before it began.")]})
        open_days(item.company, today=paris_date(at)).check(on)
        book_end(row, item, on=on, by=by, at=at)
        tell_undisputed([row.pk])
        tell_credit_changed([item.account_id])
    return row


def book_end(row: DisputedAmount, item: ReceivableItem, *, on: date, by: User | None, at: datetime) -> None:
    """Write the end of a contested amount of a locked item; for acts that have checked it."""
    row.effective_to = on
    row.save(update_fields=["effective_to"])
    _record("dispute.ended", row, item, by=by, at=at)


def _record(action: str, row: DisputedAmount, item: ReceivableItem, *, by: User | None, at: datetime) -> None:
    audit.record(
        action,
        row,
        by=by,
        at=at,
        label=item.document,
        company_id=item.company_id,
        account_id=item.account_id,
        after={"amount": row.amount, "from": row.effective_from, "to": row.effective_to},
    )
