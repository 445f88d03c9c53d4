"""Matching money with what is owed (lettrage). Nothing but a match or its undoing changes an open amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Length

from accounts.models import CustomerAccount, User
from invoicing import policy
from invoicing.enums import ItemKind
from invoicing.insolvency import Frozen
from invoicing.models import Allocation, Payment, ReceivableItem
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.models import AuditEvent
from o2c.shared.problems import NotFound

from .shared import (
    lock_items,
    open_days,
    reopened_on,
    require,
    require_cents,
    store_open_amounts,
    tell_credit_changed,
    tell_platforms,
    visible_items,
)


class MatchPair(NamedTuple):
    """An amount to be matched between two items, whichever of them is the credit."""

    one_id: int
    other_id: int
    amount: Decimal


def allocate(
    *,
    from_item_id: int,
    to_item_id: int,
    amount: Decimal,
    date: date | None = None,
    by: User,
    at: datetime,
) -> Allocation:
    """Match an amount of a credit (payment, credit note) with an item that is owed, either way round.

    :param amount: positive, in the items' currency
    :param date: a later effective date; the later of the two items' dates when left out
    :raises OverAllocated: more than either side has open, or nothing
    :raises ClosedPeriod: a date asked for that lies in a closed period
    :raises OtherDebtor: items of two clients outside one entity or group
    """
    pair = MatchPair(from_item_id, to_item_id, amount)
    return allocate_many([pair], date=date, by=by, at=at)[0]


@retrying
def allocate_many(
    pairs: Sequence[MatchPair], *, date: date | None = None, by: User, at: datetime
) -> list[Allocation]:
    """Match several pairs, all or none, with two writes however many they are.

    :raises OverAllocated: the pairs together take more of an item than it has open
    """
    with transaction.atomic():
        ids = visible_items({key for pair in pairs for key in pair[:2]}, by)
        items = lock_items(ids)
        for company_id in {item.company_id for item in items.values()}:
            require(by, "payments.allocate", company_id)
        made = book_pairs(pairs, items, date=date, by=by, at=at)
        tell_credit_changed(item.account_id for item in items.values())
    return made


@retrying
def allocate_payment(
    *, payment_id: int, items: Sequence[tuple[int, Decimal]], by: User, at: datetime
) -> list[Allocation]:
    """Match a payment with several items, all or none.

    :param items: ``(item, amount)`` pairs
    :raises NotFound: no such payment, or one nobody has identified yet
    """
    own = ReceivableItem.objects.visible_to(by).filter(payment_id=payment_id, kind=ItemKind.PAYMENT).first()
    if own is None:
        raise NotFound
    return allocate_many([MatchPair(own.pk, key, amount) for key, amount in items], by=by, at=at)


def book_pairs(
    pairs: Sequence[MatchPair],
    items: Mapping[int, ReceivableItem],
    *,
    date: date | None = None,
    by: User | None,
    at: datetime,
) -> list[Allocation]:
    """Check and write matches of locked items; for acts that hold the items' locks already.

    :raises FrozenItem: new money for what was owed before a judgement
    """
    today = paris_date(at)
    companies = {item.company_id: item.company for item in items.values()}
    days = {key: open_days(company, today=today) for key, company in sorted(companies.items())}
    since = reopened_on(items)
    frozen = Frozen.of(items.values())
    for pair in pairs:
        frozen.check(*_sides_of(pair, items))
    made = [_booked(pair, items, days, since, asked=date, today=today, by=by, at=at) for pair in pairs]
    set_letters(made)
    Allocation.objects.bulk_create(made, batch_size=1000)
    store_open_amounts(list({item.pk: item for a in made for item in (a.debit, a.credit)}.values()))
    audit.record_many([event_of("allocation.made", a, by=by, at=at) for a in made])
    tell_platforms(made)
    return made


def _booked(
    pair: MatchPair,
    items: Mapping[int, ReceivableItem],
    days: Mapping[int, policy.OpenDays],
    since: Mapping[int, date],
    *,
    asked: date | None,
    today: date,
    by: User | None,
    at: datetime,
) -> Allocation:
    debit, credit = _sides_of(pair, items)
    require_cents(pair.amount, "amount")
    policy.check_match(_side(debit), _side(credit), pair.amount)
    debit.open_amount -= pair.amount
    credit.open_amount += pair.amount
    owed, paid = (max(i.effective_date, since.get(i.pk, i.effective_date)) for i in (debit, credit))
    effective = policy.match_date(owed, paid, asked, days[debit.company_id])
    return Allocation(
        debit=debit,
        credit=credit,
        amount=pair.amount,
        effective_date=effective,
        dated_ahead=effective > today,
        recorded_at=at,
        recorded_by=by,
    )


def _sides_of(pair: MatchPair, items: Mapping[int, ReceivableItem]) -> tuple[ReceivableItem, ReceivableItem]:
    """What is owed and the credit."""
    one, other = items[pair.one_id], items[pair.other_id]
    return (one, other) if other.amount < 0 else (other, one)


def _side(item: ReceivableItem) -> policy.Side:
    return policy.Side(
        company_id=item.company_id,
        account_id=item.account_id,
        entity_id=item.account.entity_id,
        group_id=item.account.entity.group_id,
        currency=item.currency,
        amount=item.amount,
        open_amount=item.open_amount,
        effective_date=item.effective_date,
    )


def set_letters(allocations: Sequence[Allocation]) -> None:
    """Give new matches the letters their items are matched with already, else the account's next ones."""
    item_ids = {a.debit_id for a in allocations} | {a.credit_id for a in allocations}
    known: dict[int, str] = {}
    for debit_id, credit_id, letter in (
        Allocation.objects.filter(Q(debit_id__in=item_ids) | Q(credit_id__in=item_ids))
        .filter(reversal_of=None, reversal=None)
        .exclude(letter="")
        .order_by("pk")
        .values_list("debit_id", "credit_id", "letter")
    ):
        known.setdefault(debit_id, letter)
        known.setdefault(credit_id, letter)
    fresh = [a for a in allocations if a.debit_id not in known and a.credit_id not in known]
    last = _last_letters({a.debit.account_id for a in fresh})
    for allocation in allocations:
        letter = known.get(allocation.debit_id) or known.get(allocation.credit_id, "")
        if not letter:
            account_id = allocation.debit.account_id
            letter = last[account_id] = policy.next_letter(last.get(account_id))
        allocation.letter = known[allocation.debit_id] = known[allocation.credit_id] = letter


def _last_letters(account_ids: set[int]) -> dict[int, str]:
    """Return the highest letters of each account, which nobody else can read until this transaction ends."""
    accounts = CustomerAccount.objects.select_for_update(no_key=True).filter(pk__in=account_ids)
    list(accounts.order_by("pk").values_list("pk"))  # always after items, so nobody waits in a circle
    return dict(
        Allocation.objects.filter(debit__account_id__in=account_ids)
        .exclude(letter="")
        .order_by("debit__account_id", Length("letter").desc(), "-letter")
        .distinct("debit__account_id")
        .values_list("debit__account_id", "letter")
    )


def event_of(action: str, allocation: Allocation, *, by: User | None, at: datetime) -> AuditEvent:
    """Return what the journal says of a match or its undoing, not yet stored."""
    debit, credit = allocation.debit, allocation.credit
    return audit.event(
        action,
        allocation,
        by=by,
        at=at,
        label=f"{credit.document} → {debit.document}",
        company_id=debit.company_id,
        account_id=debit.account_id,
        after={
            "debit": debit.document,
            "credit": credit.document,
            "amount": allocation.amount,
            "currency": debit.currency,
            "effective_date": allocation.effective_date,
            "letter": allocation.letter,
            "debit_open": debit.open_amount,
            "credit_open": credit.open_amount,
        },
    )


def reversal_of(
    found: Allocation, items: Mapping[int, ReceivableItem], *, effective: date, by: User, at: datetime
) -> Allocation:
    """Return the reversal of a match of locked items, not yet stored; the items' open amounts move with it."""
    debit, credit = items[found.debit_id], items[found.credit_id]
    debit.open_amount += found.amount
    credit.open_amount -= found.amount
    return Allocation(
        debit=debit,
        credit=credit,
        amount=-found.amount,
        effective_date=effective,
        dated_ahead=effective > paris_date(at),
        recorded_at=at,
        recorded_by=by,
        letter=found.letter,
        reversal_of=found,
    )


def item_of(payment: Payment) -> ReceivableItem | None:
    """Return the credit item a payment made, None while nobody knows the payer."""
    return payment.items.filter(kind=ItemKind.PAYMENT).first()
