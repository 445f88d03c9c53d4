"""Undoing matches by reversals, and making them again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.models import Allocation, PaymentReturn
from o2c.shared.calendar import paris_date
from o2c.shared.locking import Moved, retrying
from o2c.shared.problems import Conflict, NotFound

from .allocations import MatchPair, book_pairs, event_of, reversal_of
from .differences import differences_of, made_items, take_back
from .shared import (
    lock_items,
    require,
    store_open_amounts,
    tell_credit_changed,
    tell_platforms,
    visible_items,
)


class AlreadyReversed(Conflict):
    code = "already_reversed"
    message = _("This match has been undone already.")


class OfReturn(Conflict):
    code = "of_return"
    message = _("This match closes a returned payment: undo the return instead.")


class NotUndone(Conflict):
    code = "not_undone"
    message = _("This match is in force: there is nothing to match again.")


@retrying
def unallocate(*, allocation_id: int, by: User, at: datetime) -> Allocation:
    """Undo a match by appending its reversal, effective today: past readings keep what they showed.

    What was let go with it (discount, small difference) is owed again. It opens the items again and so takes credit.

    :raises AlreadyReversed: somebody was faster, or this is itself a reversal
    :raises OfReturn: it closes a returned payment
    """
    with transaction.atomic():
        found = Allocation.objects.filter(pk=allocation_id).select_related("debit", "credit").first()
        if found is None:
            raise NotFound
        visible_items({found.debit_id, found.credit_id}, by)
        require(by, "payments.allocate", found.debit.company_id)
        account_ids = {found.debit.account_id, found.credit.account_id}
        lock_credit(*CustomerAccount.objects.filter(pk__in=account_ids))
        let_go = differences_of([found])
        items = lock_items({found.debit_id, found.credit_id, *_items_of(let_go)})
        # Read under the items' locks: whoever reverses it holds them.
        if found.reversal_of_id is not None or Allocation.objects.filter(reversal_of=found).exists():
            raise AlreadyReversed
        if PaymentReturn.objects.filter(item_id=found.debit_id).exists():
            raise OfReturn
        effective = policy.reversal_date(found.effective_date, paris_date(at))
        reversal = reversal_of(found, items, effective=effective, by=by, at=at)
        reversal.save(force_insert=True)
        store_open_amounts(list(items.values()))
        event_of("allocation.reversed", reversal, by=by, at=at).save(force_insert=True)
        tell_platforms([reversal])
        let_go = differences_of([found])
        if not _items_of(let_go) <= items.keys():
            raise Moved
        if let_go or made_items(items.values()):
            take_back(let_go, items, effective=effective, by=by, at=at)
        tell_credit_changed(account_ids)
    return reversal


def _items_of(rows: Sequence[Allocation]) -> set[int]:
    return {key for row in rows for key in (row.debit_id, row.credit_id)}


@retrying
def match_again(*, allocation_ids: Sequence[int], by: User, at: datetime) -> list[Allocation]:
    """Match once more what was matched and undone: the same items and amounts, all or none.

    One that was matched again meanwhile is left as it is, so that a second call makes nothing. Those made count from
    the day of the undoing: what earlier days showed stays.

    :raises NotUndone: one of them is in force, or is itself an undoing
    :raises OverAllocated: its items have less open by now
    """
    with transaction.atomic():
        found = list(Allocation.objects.filter(pk__in=allocation_ids).order_by("pk"))
        if len(found) < len(set(allocation_ids)):
            raise NotFound
        items = lock_items(visible_items({key for row in found for key in (row.debit_id, row.credit_id)}, by))
        for company_id in {item.company_id for item in items.values()}:
            require(by, "payments.allocate", company_id)
        pairs, kept = [], []
        for row in found:
            undoing = Allocation.objects.filter(reversal_of=row).first()
            if undoing is None:
                raise NotUndone
            later = Allocation.objects.filter(debit=row.debit_id, credit=row.credit_id, pk__gt=undoing.pk)
            if (again := later.filter(reversal_of=None, reversal=None).first()) is not None:
                kept.append(again)
            else:
                pairs.append(MatchPair(row.credit_id, row.debit_id, row.amount))
        made = book_pairs(pairs, items, by=by, at=at) if pairs else []
        if made:
            tell_credit_changed(item.account_id for item in items.values())
    return [*kept, *made]
