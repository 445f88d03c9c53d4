"""Taking a client's promise to pay, cancelling it, and judging it by the money that came (domain.md 6.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from accounts.models import User
from dunning import policy
from dunning.enums import PromiseChannel, PromiseStatus
from dunning.models import PlanItem, PromiseItem, PromiseToPay
from dunning.queries.promises import promises_before, receipts_of
from invoicing.insolvency import check_payable
from invoicing.models import DisputedAmount, ReceivableItem
from invoicing.services.shared import (
    lock_items,
    own_items,
    require,
    require_cents,
    tell_credit_changed,
    tell_credit_taken,
    visible_items,
)
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused
from orders.enums import ConditionSource, ConditionStatus
from orders.services import conditions_ended

RIGHT: Final = "dunning.promise"
BEYOND: Final = "dunning.promise_again"
_AT_ONCE: Final = 500
# Why a promise ended that nobody cancelled: a credit note or an offset left nothing to pay.
SETTLED_OTHERWISE: Final = "settled_otherwise"
_EVENTS: Final = {
    PromiseStatus.KEPT: "promise.kept",
    PromiseStatus.PARTIAL: "promise.kept_in_part",
    PromiseStatus.BROKEN: "promise.broken",
    PromiseStatus.CANCELLED: "promise.cancelled",
}


class PromiseOpen(Conflict):
    code = "promise_open"
    message = _("One of these items is promised already: cancel that promise first.")


class InPlan(Conflict):
    code = "in_payment_plan"
    message = _("One of these items is paid by a payment plan already.")


class PromiseEnded(Conflict):
    code = "promise_ended"
    message = _("This promise has ended already.")


class TooManyPromises(NotAllowed):
    code = "too_many_promises"
    message = _("An item was promised twice already: somebody with more authority takes the next promise.")


class PromisedTooMuch(RuleRefused):
    code = "promised_too_much"
    message = _("This is more than what is open.")


class NothingPromised(RuleRefused):
    code = "nothing_to_promise"
    message = _("Only what is owed and still open can be promised.")


@retrying
def make_promise(
    *,
    item_ids: Sequence[int],
    amount: Decimal | None = None,
    promised_date: date,
    method: str = PaymentMethod.TRANSFER,
    channel: str = PromiseChannel.CALL,
    made_by: str = "",
    comment: str = "",
    account_id: int | None = None,
    by: User | None,
    at: datetime,
) -> PromiseToPay:
    """Note that a client promised an amount for some items by a day; until its last day they are not reminded of.

    :param amount: all that is open and not contested when left out
    :param account_id: whose items they must be, where the caller knows
    :param by: None where the client itself promises, through its link: then ``account_id`` says whose they are
    :raises PromiseOpen: one of them is promised already
    :raises InPlan: one of them is in a payment plan
    :raises TooManyPromises: promised twice already, and this user may not go beyond
    :raises PromisedTooMuch: more than is open
    :raises FrozenItem: a judgement forbids that it is paid on that day
    """
    if not item_ids:
        raise Invalid(errors={"items": [_("Name at least one item.")]})
    if promised_date < paris_date(at):
        raise Invalid(errors={"promised_date": [_("A promise is for today or a day to come.")]})
    seen = visible_items(item_ids, by) if by else own_items(item_ids, account_id)
    try:
        with transaction.atomic():
            items = list(lock_items(seen).values())
            account = _account_of(items, account_id)
            if by is not None:
                require(by, RIGHT, account.company_id)
            check_payable(items, promised_date)
            promised = _amount(items, amount)
            if PromiseItem.objects.filter(item__in=seen, is_open=True).exists():
                raise PromiseOpen
            if PlanItem.objects.filter(item__in=seen, is_open=True).exists():
                raise InPlan
            beyond = by is not None and by.may(BEYOND, account.company_id)
            if promises_before(seen) >= policy.MOST_PROMISES and not beyond:
                raise TooManyPromises(required_role="credit_manager")
            promise = PromiseToPay.objects.create(
                company_id=account.company_id,
                account=account,
                amount=promised,
                currency=items[0].currency,
                promised_date=promised_date,
                last_day=policy.last_day(promised_date),
                method=method,
                channel=channel,
                made_by=made_by.strip(),
                comment=comment.strip(),
                taken_by=by,
                taken_at=at,
            )
            PromiseItem.objects.bulk_create(PromiseItem(promise=promise, item=item) for item in items)
            _record("promise.made", promise, by=by, at=at)
            work.emit("promise.made", key=f"promise:{promise.pk}", payload={"promise_id": promise.pk})
            tell_credit_changed([account.pk])
    except IntegrityError as error:
        if "one_open_promise_per_item" in str(error):
            raise PromiseOpen from error
        raise
    return promise


def promise_rest(
    *, item_id: int, amount: Decimal, promised_date: date, reference: str, by: User, at: datetime
) -> PromiseToPay:
    """Note that the part of an item which a payment lacks is promised (``settings.SHORT_PAYMENT_PROMISE``).

    :param reference: of the payment, kept as the comment
    """
    return make_promise(
        item_ids=[item_id],
        amount=amount,
        promised_date=promised_date,
        channel=PromiseChannel.BANK,
        comment=reference,
        by=by,
        at=at,
    )


@retrying
def cancel_promise(*, promise_id: int, reason: str, by: User, at: datetime) -> PromiseToPay:
    """Take a promise back: its items are reminded of again.

    :raises PromiseEnded: it was judged or cancelled already
    """
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        if not PromiseToPay.objects.visible_to(by).filter(pk=promise_id).exists():
            raise NotFound
        promise = _locked([promise_id])[0]
        require(by, RIGHT, promise.company_id)
        if promise.status != PromiseStatus.OPEN:
            raise PromiseEnded
        _end(promise, PromiseStatus.CANCELLED, on=paris_date(at), by=by, at=at, reason=reason.strip())
    return promise


def judge_promises(
    *, work: Any = None, account_ids: Sequence[int] | None = None, on: date | None = None
) -> dict[str, int]:
    """Work handler: judge open promises by the money that came; of clients after they paid, of all every night.

    A promise is kept as soon as enough is there; it is broken when its last day has passed. What was settled
    otherwise (a credit note, an offset) need not come any more; nothing left to pay ends it.
    """
    del work
    at = timezone.now()
    today = on or paris_date(at)
    waiting = PromiseToPay.objects.filter(status=PromiseStatus.OPEN)
    if account_ids is not None:
        waiting = waiting.filter(account__in=account_ids)
    keys = list(waiting.order_by("account", "pk").values_list("pk", flat=True))
    counts = dict.fromkeys((status.lower() for status in _EVENTS), 0)
    for start in range(0, len(keys), _AT_ONCE):
        for status, number in _judge(keys[start : start + _AT_ONCE], today, at).items():
            counts[status.lower()] += number
    return counts


def after_payment(*, work: Any, account_id: int) -> dict[str, int]:
    """Reaction to money that came or went: the open promises of the client are judged at once."""
    return judge_promises(work=work, account_ids=[account_id])


def after_payments(*, work: Any, account_ids: Sequence[int]) -> dict[str, int]:
    """The same for clients that one act touched together."""
    return judge_promises(work=work, account_ids=account_ids)


def _judge(keys: Sequence[int], today: date, at: datetime) -> dict[str, int]:
    found: dict[str, int] = {}
    with transaction.atomic(), audit.together():
        promises = [promise for promise in _locked(keys) if promise.status == PromiseStatus.OPEN]
        if not promises:
            return found
        receipts = receipts_of(promises)
        for promise in promises:
            cash, otherwise = receipts[promise.pk]
            left = promise.amount - otherwise
            status = (
                policy.judge(left, promise.promised_date, cash, on=today)
                if left > 0
                else PromiseStatus.CANCELLED
            )
            if status == PromiseStatus.OPEN:
                continue
            promise.received = sum((row.amount for row in cash if row.day <= promise.last_day), ZERO)
            day = promise.last_day + timedelta(days=1) if status in policy.NOT_KEPT else today
            reason = SETTLED_OTHERWISE if status == PromiseStatus.CANCELLED else ""
            _end(promise, status, on=day, by=None, at=at, reason=reason)
            found[status] = found.get(status, 0) + 1
    return found


def _locked(keys: Sequence[int]) -> list[PromiseToPay]:
    rows = PromiseToPay.objects.select_for_update(of=("self",), no_key=True).select_related("account")
    return list(rows.filter(pk__in=keys).order_by("pk"))


def _end(
    promise: PromiseToPay, status: PromiseStatus, *, on: date, by: User | None, at: datetime, reason: str = ""
) -> None:
    promise.status, promise.ended_at, promise.ended_on = status, at, on
    promise.ended_by, promise.reason = by, reason
    promise.save(update_fields=["status", "ended_at", "ended_on", "ended_by", "reason", "received"])
    PromiseItem.objects.filter(promise=promise).update(is_open=False)
    _record(_EVENTS[status], promise, by=by, at=at, reason=reason)
    conditions_ended(ConditionSource.PROMISE, [promise.pk], _condition(status, reason), by=by, at=at)
    if status in policy.NOT_KEPT:
        work.emit("promise.not_kept", key=f"promise:{promise.pk}", payload={"promise_id": promise.pk})
        tell_credit_taken([promise.account_id])


def _condition(status: PromiseStatus, reason: str) -> ConditionStatus:
    """What becomes of the condition of an order that is this promise."""
    if status in policy.NOT_KEPT:
        return ConditionStatus.BROKEN
    met = status == PromiseStatus.KEPT or reason == SETTLED_OTHERWISE
    return ConditionStatus.MET if met else ConditionStatus.WITHDRAWN


def _account_of(items: Sequence[ReceivableItem], account_id: int | None) -> Any:
    accounts = {item.account_id for item in items} | ({account_id} if account_id else set())
    if len(accounts) != 1:
        raise Invalid(errors={"items": [_("A promise is about the items of one client.")]})
    if len({item.currency for item in items}) != 1:
        raise Invalid(errors={"items": [_("A promise is in one currency.")]})
    return items[0].account


def open_and_not_contested(items: Sequence[ReceivableItem]) -> dict[int, Decimal]:
    """What is open of locked items and not contested now; a credit and what is contested whole give nothing."""
    rows = DisputedAmount.objects.filter(item__in=[item.pk for item in items], effective_to=None)
    contested: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for item_id, part in rows.values_list("item", "amount"):
        contested[item_id] += part
    return {item.pk: max(ZERO, item.open_amount - contested[item.pk]) for item in items}


def _amount(items: Sequence[ReceivableItem], amount: Decimal | None) -> Decimal:
    if any(item.amount <= 0 or item.open_amount == 0 for item in items):
        raise NothingPromised
    open_amount = sum((item.open_amount for item in items), ZERO)
    if amount is None:
        amount = sum(open_and_not_contested(items).values(), ZERO)
        if amount <= 0:
            raise NothingPromised
        return amount
    require_cents(amount, "amount")
    if amount <= 0:
        raise Invalid(errors={"amount": [_("A promise is for more than nothing.")]})
    if amount > open_amount:
        raise PromisedTooMuch
    return amount


def _record(action: str, promise: PromiseToPay, *, by: User | None, at: datetime, reason: str = "") -> None:
    audit.record(
        action,
        promise,
        by=by,
        at=at,
        reason=reason,
        label=promise.account.code,
        after={
            "amount": promise.amount,
            "currency": promise.currency,
            "promised_date": promise.promised_date,
            "received": promise.received,
        },
    )
