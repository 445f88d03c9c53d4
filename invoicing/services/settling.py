"""Matching a payment with everything that goes with it: several items and credits, discount, differences (lettrage)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from invoicing.matching import reading
from invoicing.matching.facts import Proposal, Rules
from invoicing.matching.reading import Case, Granted
from invoicing.models import Matching, PayerLink, Payment, ReceivableItem
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound, Refusal

from .differences import check_discount, check_write_off
from .shared import (
    KeyTaken,
    lock_items,
    refusing_taken_key,
    require,
    tell_credit_changed,
    tell_credit_changed_by_many,
)
from .wishes import (
    AlreadyIdentified,
    SettleLine,
    Wish,
    book_wishes,
    check_lines,
    lines_of,
    own_items,
    stored_items,
)

RIGHT: Final = "payments.allocate"


@retrying
def settle(
    *,
    payment_id: int,
    lines: Sequence[SettleLine],
    over: Decimal = ZERO,
    over_is_exchange: bool = False,
    account_id: int | None = None,
    key: str,
    proposal: Proposal | None = None,
    by: User | None,
    at: datetime,
) -> Matching:
    """Match a payment with items, and let go what goes with it, all or nothing; the same once more changes nothing.

    :param over: more than was owed by so little that it is written off
    :param over_is_exchange: an exchange made it: within the company's share instead of its tolerance
    :param account_id: whose it is, where nobody knew; the payment then stands on this client
    :param key: names this wish in the company: sent twice it is done once
    :param proposal: what it follows, kept with its score and reasons
    :param by: None for the portal itself, which a company lets match what is sure
    :raises NotFound: no such payment or item, or not the user's to see
    :raises KeyTaken: the key is taken by another wish
    :raises NoDiscount: a discount that is not due
    :raises AboveTolerance: more than is tolerated
    """
    with transaction.atomic(), refusing_taken_key("matching_asked_once"):
        wish = Wish(
            _payment(payment_id, by),
            tuple(lines),
            over,
            account_id,
            key,
            proposal,
            over_is_exchange and over > 0,
        )
        payment = wish.payment
        known = Matching.objects.filter(company=payment.company_id, key=key).first()
        if known is not None:
            if known.content_hash != wish.content_hash:
                raise KeyTaken(_("This was asked for already, with other amounts."))
            return known
        check_lines(lines, over)
        _check_differences(wish, reading.rules_of(payment.company), by)
        own = own_items([wish], stored_items([payment.pk]), by=by, at=at)
        items = lock_items(_visible(lines, by) | {own[payment.pk].pk})
        own = {payment.pk: items[own[payment.pk].pk]}
        _check_discounts(wish, items, _granted([wish], items))
        act = book_wishes([wish], own, items, by=by, at=at)[0]
        if by is not None:
            _learn(payment, by=by, at=at)
        tell_credit_changed({item.account_id for item in items.values()})
    return act


def settle_sure(
    cases: Sequence[tuple[Case, Proposal]], rules: Rules, *, at: datetime
) -> tuple[int, list[int]]:
    """Match payments of one company with what was found to be sure, in one transaction, as ``settle`` does each.

    Under the locks everything must still stand as it was read, and no item serves twice; a payment of which that is
    not true is left as it is. One that was matched by the portal before is never matched so again.

    :param cases: payments as they were read, each with what it settles
    :param rules: what the proposals were made by
    :return: how many were matched, and those left that may be looked at again
    """
    with transaction.atomic(), refusing_taken_key("matching_asked_once"):
        payments = _locked([case.payment.pk for case, _chosen in cases])
        wishes = {case.payment.pk: _wish(case, chosen, payments) for case, chosen in cases}
        companies = {payment.company_id for payment in payments.values()}
        keys = [wish.key for wish in wishes.values()]
        known = set(
            Matching.objects.filter(company__in=companies, key__in=keys).values_list("key", flat=True)
        )
        waiting = [wish for wish in wishes.values() if wish.key not in known]
        own = stored_items([wish.payment.pk for wish in waiting])
        items = lock_items(
            {line.item_id for wish in waiting for line in wish.lines} | {i.pk for i in own.values()}
        )
        own = {key: items[item.pk] for key, item in own.items()}
        left = {case.payment.pk: case.left for case, _chosen in cases}
        granted = _granted(waiting, items)
        going: list[Wish] = []
        used: set[int] = set()
        for wish in waiting:
            mine = {line.item_id for line in wish.lines}
            if used & mine or not _stands_as_read(wish, own, items, left[wish.payment.pk]):
                continue
            if _is_allowed(wish, rules, items, granted):
                used |= mine
                going.append(wish)
        own = own_items(going, own, by=None, at=at)
        items |= {item.pk: item for item in own.values()}
        book_wishes(going, own, items, by=None, at=at)
        touched = used | {own[wish.payment.pk].pk for wish in going}
        tell_credit_changed_by_many({items[key].account_id for key in touched})
    return len(going), [wish.payment.pk for wish in waiting if wish not in going]


@retrying
def identify(*, payment_id: int, account_id: int, by: User, at: datetime) -> ReceivableItem:
    """Put money nobody had identified on a client: from the day it came in it frees that client's credit.

    :raises AlreadyIdentified: it stands on a client
    :raises WentBack: the bank took it back: a credit would stand on the client for money that is gone
    """
    with transaction.atomic():
        payment = _payment(payment_id, by)
        if payment.account_id is not None:
            raise AlreadyIdentified
        wish = Wish(payment, (), ZERO, account_id, "")
        own = own_items([wish], {}, by=by, at=at)[payment.pk]
        tell_credit_changed([account_id])
    return own


# --- parts of the acts ----------------------------------------------------------------------------------------------


def _payment(payment_id: int, by: User | None) -> Payment:
    """Lock a payment and return it as it stands; money that waits is matched by one at a time."""
    seen = Payment.objects.all() if by is None else Payment.objects.visible_to(by)
    if not seen.filter(pk=payment_id).exists():
        raise NotFound(code="payment_not_found")
    payment = _locked([payment_id])[payment_id]
    if by is not None:
        require(by, RIGHT, payment.company_id)
    return payment


def _locked(payment_ids: Iterable[int]) -> dict[int, Payment]:
    """Lock payments by key and return them as they stand."""
    rows = Payment.objects.select_for_update(of=("self",), no_key=True).select_related("company", "account")
    return {payment.pk: payment for payment in rows.filter(pk__in=set(payment_ids)).order_by("pk")}


def _wish(case: Case, chosen: Proposal, payments: Mapping[int, Payment]) -> Wish:
    payment = payments[case.payment.pk]
    return Wish(
        payment=payment,
        lines=tuple(lines_of(chosen)),
        over=chosen.over,
        account_id=chosen.account_id if payment.account_id is None else None,
        key=f"automatic:{payment.pk}",
        proposal=chosen,
    )


def _stands_as_read(
    wish: Wish, own: Mapping[int, ReceivableItem], items: Mapping[int, ReceivableItem], left: Decimal
) -> bool:
    """Whether nobody was faster: everything is open by as much as when it was looked at."""
    assert wish.proposal is not None
    credit = own.get(wish.payment.pk)
    if credit is not None and -credit.open_amount != left:
        return False
    return all(
        line.item.key in items and items[line.item.key].open_amount == line.item.open_amount
        for line in wish.proposal.lines
    )


def _is_allowed(
    wish: Wish, rules: Rules, items: Mapping[int, ReceivableItem], granted: Mapping[int, Granted]
) -> bool:
    try:
        check_lines(wish.lines, wish.over)
        _check_differences(wish, rules, None)
        _check_discounts(wish, items, granted)
    except Refusal:
        return False
    return True


def _visible(lines: Iterable[SettleLine], by: User | None) -> set[int]:
    wanted = {line.item_id for line in lines}
    seen = ReceivableItem.objects.all() if by is None else ReceivableItem.objects.visible_to(by)
    if seen.filter(pk__in=wanted).count() < len(wanted):
        raise NotFound
    return wanted


def _granted(wishes: Iterable[Wish], items: Mapping[int, ReceivableItem]) -> dict[int, Granted]:
    keys = {line.item_id for wish in wishes for line in wish.lines if line.discount}
    return reading.discounts_on([items[key] for key in sorted(keys & items.keys())]) if keys else {}


def _check_discounts(wish: Wish, items: Mapping[int, ReceivableItem], granted: Mapping[int, Granted]) -> None:
    for line in wish.lines:
        if line.discount:
            check_discount(items[line.item_id], line.discount, wish.payment, granted.get(line.item_id))


def _check_differences(wish: Wish, rules: Rules, by: User | None) -> None:
    by_exchange = wish.over if wish.over_is_exchange else ZERO
    small = sum((line.write_off for line in wish.lines if not line.is_exchange), wish.over - by_exchange)
    exchange = sum((line.write_off for line in wish.lines if line.is_exchange), by_exchange)
    owed = sum((line.amount for line in wish.lines if line.amount > 0), ZERO)
    check_write_off(small, exchange, owed, wish.payment, rules, by)


def _learn(payment: Payment, *, by: User, at: datetime) -> None:
    """Remember whose bank account it was: a person has said so by matching."""
    if not payment.payer_iban or payment.account_id is None:
        return
    known = PayerLink.objects.filter(
        company=payment.company_id, iban=payment.payer_iban, account=payment.account_id, ended_at=None
    )
    if known.update(seen=F("seen") + 1, payer_name=payment.payer_name) == 0:
        PayerLink.objects.bulk_create(
            [
                PayerLink(
                    company_id=payment.company_id,
                    account_id=payment.account_id,
                    iban=payment.payer_iban,
                    payer_name=payment.payer_name,
                    learned_from=payment,
                    learned_by=by,
                    learned_at=at,
                )
            ],
            ignore_conflicts=True,
        )
