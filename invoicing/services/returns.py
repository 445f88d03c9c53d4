"""Money that the bank takes back: the payment is closed by its return, what it had settled is owed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.enums import ItemKind
from invoicing.models import Allocation, Payment, PaymentReturn, ReceivableItem
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import Moved, retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotFound

from .allocations import event_of, reversal_of, set_letters
from .differences import differences_of, made_items, take_back
from .shared import (
    lock_items,
    open_days,
    reopened_on,
    require,
    require_cents,
    store_open_amounts,
    tell_credit_changed,
    tell_platforms,
)

RIGHT = "payments.record"


class AlreadyReturned(Conflict):
    code = "already_returned"
    message = _("This payment is returned already, on another day or for another reason.")


class NotReturned(Conflict):
    code = "not_returned"
    message = _("This payment is not returned.")


@dataclass(frozen=True)
class Returned:
    """A return in force, and whether this call recorded it."""

    row: PaymentReturn
    is_new: bool


@retrying
def return_payment(
    *,
    payment_id: int,
    returned_on: date,
    reason: str,
    fee: Decimal | None = None,
    by: User,
    at: datetime,
) -> Returned:
    """Record that the bank took a payment back: what it had settled is owed again from that day on.

    Its matches are reversed from the day of the return, its own item is closed by a new one, so that readings for
    earlier days keep what they showed. What was let go with them is owed again.
    The same return once more changes nothing.

    :param returned_on: from the day it came in until today, in an open period
    :param fee: what the bank charges, billed to the client as an item of its own, due that day; in its currency
    :raises AlreadyReturned: with other content
    :raises ReturnedBeforeReceived: before it came in
    :raises DatedAhead: after today
    :raises ClosedPeriod: in a closed period
    """
    reason = reason.strip()
    with transaction.atomic():
        payment = _visible(payment_id, by)
        require(by, RIGHT, payment.company_id)
        if not reason:
            raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
        fee = _checked_fee(fee, payment)
        matches = _live(payment)
        let_go = differences_of(matches)
        keys = {m.debit_id for m in matches} | {row.credit_id for row in let_go}
        items = _locked(payment, keys, {m.debit.account_id for m in matches})
        if known := payment.returns.filter(undone_at=None).first():
            if (known.returned_on, known.reason, known.fee) != (returned_on, reason, fee):
                raise AlreadyReturned
            return Returned(known, is_new=False)
        matches = _live(payment)  # read again: whoever matches it holds its item
        let_go = differences_of(matches)
        if not {m.debit_id for m in matches} | {row.credit_id for row in let_go} <= items.keys():
            raise Moved
        days = open_days(payment.company, today=paris_date(at))
        policy.check_return_date(
            returned_on, received=payment.received_on, today=paris_date(at), open_days=days
        )
        own = next((item for item in items.values() if item.kind == ItemKind.PAYMENT), None)
        row = PaymentReturn(
            payment=payment, account_id=payment.account_id, returned_on=returned_on, reason=reason, fee=fee
        )
        row.recorded_by, row.recorded_at = by, at
        if own is not None:
            _close(row, own, matches, items, by=by, at=at)
            if let_go or made_items(items.values()):
                take_back(let_go, items, effective=returned_on, by=by, at=at)
        row.save(force_insert=True)
        _record("payment.returned", row, len(matches), by=by, at=at, reason=reason)
        tell_credit_changed(item.account_id for item in items.values())
        work.emit("payment.returned", key=f"return:{row.pk}", payload={"return_id": row.pk})
    return Returned(row, is_new=True)


@retrying
def undo_return(*, payment_id: int, by: User, at: datetime) -> PaymentReturn:
    """Take a return back that was recorded by mistake, by counter-entries of its own day.

    What it had re-opened is matched with the payment again, as far as it is still open; a fee paid meanwhile stays a
    credit of the client.

    :raises NotReturned: there is none in force
    :raises ClosedPeriod: its day lies in a closed period by now
    """
    with transaction.atomic():
        payment = _visible(payment_id, by)
        require(by, RIGHT, payment.company_id)
        row = payment.returns.filter(undone_at=None).first()
        if row is None:
            raise NotReturned
        former = list(Allocation.objects.filter(pk__in=row.undid).select_related("debit").order_by("pk"))
        keys = {m.debit_id for m in former} | {key for key in (row.item_id, row.fee_item_id) if key}
        items = _locked(payment, keys, {m.debit.account_id for m in former})
        # Read again under the locks: somebody may have been faster.
        if (row := payment.returns.filter(undone_at=None).first()) is None:
            raise NotReturned
        open_days(payment.company, today=paris_date(at)).check(row.returned_on)
        if row.item_id is not None:
            own = next(item for item in items.values() if item.kind == ItemKind.PAYMENT)
            _reopen(row, own, former, items, by=by, at=at)
        row.undone_by, row.undone_at = by, at
        row.save(update_fields=["undone_by", "undone_at"])
        _record("payment.return_undone", row, len(former), by=by, at=at)
        tell_credit_changed(item.account_id for item in items.values())
        work.emit("payment.return_undone", key=f"return:{row.pk}", payload={"return_id": row.pk})
    return row


def _visible(payment_id: int, by: User) -> Payment:
    found = Payment.objects.visible_to(by).filter(pk=payment_id).select_related("company", "account").first()
    if found is None:
        raise NotFound(code="payment_not_found")
    return found


def _checked_fee(fee: Decimal | None, payment: Payment) -> Decimal | None:
    """A fee above 0, None of none."""
    if fee is None or fee == 0:
        return None
    require_cents(fee, "fee")
    if fee < 0:
        raise Invalid(errors={"fee": [_("A fee is above 0.")]})
    if payment.account_id is None:
        raise Invalid(errors={"fee": [_("Nobody knows whose payment this is: no client can be charged.")]})
    return fee


def _live(payment: Payment) -> list[Allocation]:
    """Matches of a payment's own item that are in force."""
    own = Allocation.objects.filter(credit__payment=payment, credit__kind=ItemKind.PAYMENT)
    return list(own.filter(reversal_of=None, reversal=None).select_related("debit").order_by("pk"))


def _locked(payment: Payment, keys: set[int], account_ids: set[int]) -> dict[int, ReceivableItem]:
    """Lock the credit of everybody concerned, the payment, then its own item and these; return the items."""
    concerned = account_ids | ({payment.account_id} if payment.account_id else set())
    lock_credit(*CustomerAccount.objects.filter(pk__in=concerned))
    now = Payment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment.pk)
    if now.account_id != payment.account_id:
        raise Moved  # somebody put it on a client meanwhile
    own = payment.items.filter(kind=ItemKind.PAYMENT).values_list("pk", flat=True)
    return lock_items({*keys, *own})


def _close(
    row: PaymentReturn,
    own: ReceivableItem,
    matches: Iterable[Allocation],
    items: dict[int, ReceivableItem],
    *,
    by: User,
    at: datetime,
) -> None:
    """Reverse what the payment had settled, put the return against it, bill the fee."""
    since = reopened_on([own.pk])
    undone = [
        reversal_of(match, items, effective=max(match.effective_date, row.returned_on), by=by, at=at)
        for match in matches
    ]
    Allocation.objects.bulk_create(undone, batch_size=1000)
    audit.record_many([event_of("allocation.reversed", each, by=by, at=at) for each in undone])
    tell_platforms(undone)
    row.undid = [each.reversal_of_id for each in undone if each.reversal_of_id]
    row.item = _counter(own, ItemKind.PAYMENT_RETURN, -own.amount, row, at=at)
    if row.fee is not None:
        row.fee_item = _counter(own, ItemKind.BANK_FEE, row.fee, row, at=at)
    # A match undone after the day of the return was in force until then: the return closes what it left.
    effective = max(row.returned_on, since.get(own.pk, row.returned_on))
    _match(row.item, own, row.item.amount, effective, by=by, at=at)
    store_open_amounts(list({own.pk: own, row.item.pk: row.item, **items}.values()))


def _reopen(
    row: PaymentReturn,
    own: ReceivableItem,
    former: Iterable[Allocation],
    items: Mapping[int, ReceivableItem],
    *,
    by: User,
    at: datetime,
) -> None:
    """Take the return off the payment, settle it and its fee by counter-items, match again what is still open."""
    assert row.item_id is not None
    item = items[row.item_id]
    closing = Allocation.objects.get(debit=item, credit=own, reversal_of=None)
    # From its own first day: as if it had never been.
    reversal_of(closing, items, effective=closing.effective_date, by=by, at=at).save(force_insert=True)
    touched = {own.pk: own, **items}
    for debit in filter(None, (item, items.get(row.fee_item_id or 0))):
        counter = _counter(debit, debit.kind, -debit.amount, row, at=at)
        touched[counter.pk] = counter
        if debit.open_amount:
            day = max(row.returned_on, reopened_on([debit.pk]).get(debit.pk, row.returned_on))
            _match(debit, counter, debit.open_amount, day, by=by, at=at)
    since = reopened_on(touched)
    made = []
    for match in former:
        debit = items[match.debit_id]
        amount = min(match.amount, debit.open_amount, -own.open_amount)
        if amount > 0:
            days = [since[key] for key in (own.pk, debit.pk) if key in since]
            made.append(_match(debit, own, amount, max([match.effective_date, *days]), by=by, at=at))
    store_open_amounts(list(touched.values()))
    audit.record_many([event_of("allocation.made", each, by=by, at=at) for each in made])
    tell_platforms(made)


def _counter(
    own: ReceivableItem, kind: str, amount: Decimal, row: PaymentReturn, *, at: datetime
) -> ReceivableItem:
    """Store an item of a return beside one of its client's, dated and due on its day."""
    return ReceivableItem.objects.create(
        company_id=own.company_id,
        account_id=own.account_id,
        kind=kind,
        document=own.document,
        payment=row.payment,
        issue_date=row.returned_on,
        due_date=row.returned_on,
        currency=own.currency,
        amount=amount,
        open_amount=amount,
        effective_date=row.returned_on,
        recorded_at=at,
    )


def _match(
    debit: ReceivableItem,
    credit: ReceivableItem,
    amount: Decimal,
    effective: date,
    *,
    by: User,
    at: datetime,
) -> Allocation:
    """Store one match of locked items; their open amounts are the caller's to write."""
    debit.open_amount -= amount
    credit.open_amount += amount
    made = Allocation(
        debit=debit,
        credit=credit,
        amount=amount,
        effective_date=effective,
        dated_ahead=effective > paris_date(at),
        recorded_at=at,
        recorded_by=by,
    )
    set_letters([made])
    made.save(force_insert=True)
    return made


def _record(
    action: str, row: PaymentReturn, matches: int, *, by: User, at: datetime, reason: str = ""
) -> None:
    """Without the documents: their numbers stand in the events of the matches, which not everybody may read."""
    payment = row.payment
    audit.record(
        action,
        payment,
        by=by,
        at=at,
        reason=reason,
        company_id=payment.company_id,
        account_id=payment.account_id,
        after={
            "amount": payment.amount,
            "currency": payment.currency,
            "date": row.returned_on,
            "fee": row.fee or ZERO,
            "matches": matches,
        },
    )
