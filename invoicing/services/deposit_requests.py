"""Asking for a deposit, and what happens when its money comes or its order ends (design 3.15)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.locks import lock_credit
from invoicing.enums import ItemKind
from invoicing.models import DepositRequest, Invoice, Payment
from o2c.shared import audit
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotFound
from o2c.shared.vat import vat_totals
from orders.enums import ConditionSource, ConditionStatus, OrderState
from orders.models import Order
from orders.paper import language_of
from orders.services import conditions_ended

from .deposits import DepositTooLarge, book_deposit, deposits_of
from .ordered import lock_order
from .shared import require, require_cents, tell_credit_changed

RIGHT: Final = "invoicing.issue"
ARRIVED: Final = "deposits.arrived"
_LIVE: Final = (OrderState.SUBMITTED, OrderState.CONFIRMED)
_ORDER_ENDED: Final = "order ended"
_CONDITION: Final = ConditionSource.DEPOSIT_REQUEST


class DepositWaits(Conflict):
    code = "deposit_waits"
    message = _("A deposit of this order is asked for already and has not come in yet.")


class OrderNotLive(Conflict):
    code = "wrong_state"
    message = _("A deposit is asked for on an order that is submitted or confirmed.")


class NotWaiting(Conflict):
    code = "wrong_state"
    message = _("This deposit does not wait any more.")


@retrying
def request_deposit(
    *, order_id: int, amount: Decimal, due_date: date, by: User, at: datetime
) -> DepositRequest:
    """Ask for a deposit on an order. The same while it waits changes nothing.

    It is no invoice and owed by nobody: it bears no VAT and is in no exposure.

    :param amount: incl. VAT, positive
    :raises OrderNotLive: a draft, or an order that has ended
    :raises DepositWaits: another one waits
    :raises DepositTooLarge: more than the order with the deposits it has
    """
    today = paris_date(at)
    with transaction.atomic():
        if not Order.objects.visible_to(by).filter(pk=order_id).exists():
            raise NotFound(code="order_not_found")
        order = lock_order(order_id)
        require(by, RIGHT, order.company_id)
        require_cents(amount, "amount")
        if amount <= 0:
            raise Invalid(errors={"amount": [_("A deposit is above 0.")]})
        if due_date < today:
            raise Invalid(errors={"due_date": [_("This day is over.")]})
        if order.state not in _LIVE:
            raise OrderNotLive
        waiting = _waiting(order)
        if waiting is not None:
            if (waiting.amount, waiting.due_date) == (amount, due_date):
                return waiting
            raise DepositWaits
        if amount > _left_of(order):
            raise DepositTooLarge
        made = DepositRequest.objects.create(
            company=order.company,
            account=order.account,
            order=order,
            position=order.deposit_requests.count() + 1,
            amount=amount,
            currency=order.currency,
            due_date=due_date,
            language=language_of(order.account),
            requested_by=by,
            requested_at=at,
        )
        _record("deposit.requested", made, by=by, at=at, due_date=due_date)
        # What came in for the order before anybody asked meets it.
        for payment_id in order.payments.order_by("received_on", "pk").values_list("pk", flat=True):
            work_table.add(ARRIVED, f"payment:{payment_id}", {"payment_id": payment_id})
    return made


@retrying
def cancel_deposit(*, request_id: int, reason: str, by: User, at: datetime) -> DepositRequest:
    """Take a deposit that waits back.

    :raises NotWaiting: it came in, or was taken back
    """
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        seen = DepositRequest.objects.filter(pk=request_id, order__in=Order.objects.visible_to(by)).first()
        if seen is None:
            raise NotFound
        order = lock_order(seen.order_id)
        require(by, RIGHT, order.company_id)
        found = order.deposit_requests.get(pk=request_id)
        if found.status != "waiting":
            raise NotWaiting
        found.order = order
        _cancel(found, reason.strip()[:300], by=by, at=at)
    return found


def tell_arrived(payment: Payment) -> None:
    """Ask that money for an order is looked at: in the act that recorded it."""
    if payment.order_id is not None:
        work_table.add(ARRIVED, f"payment:{payment.pk}", {"payment_id": payment.pk})


def money_arrived(*, work: Any, payment_id: int) -> dict[str, Any]:
    """Work handler: invoice money for an order as its deposit where one is asked for; nothing where none is.

    Of the money as much as the order still takes; the rest stays the client's.
    """
    del work
    at = timezone.now()
    payment = Payment.objects.select_related("order__account").get(pk=payment_id)
    if payment.order is None:
        return {}
    with transaction.atomic():
        lock_credit(payment.order.account)
        order = lock_order(payment.order.pk)
        request = _waiting(order)
        today = paris_date(at)
        if request is None or order.state not in _LIVE or payment.received_on > today:
            return {}
        money = payment.items.filter(kind=ItemKind.PAYMENT).first()
        fits = payment.account_id == order.account_id and payment.currency == order.currency
        amount = min(-money.open_amount, _left_of(order)) if money is not None and fits else ZERO
        if amount <= 0:
            return {}
        invoice = book_deposit(order, payment, amount=amount, by=None, at=at)
        tell_credit_changed([order.account_id])
        received = sum((each.total_incl_vat for each in _since(request)), ZERO)
        if received >= request.amount:
            request.met_at = at
            request.save(update_fields=["met_at"])
            request.order = order
            _record("deposit.received", request, by=None, at=at, invoice=invoice.number)
            conditions_ended(_CONDITION, [request.pk], ConditionStatus.MET, by=None, at=at)
        return {"invoice": invoice.number}


def order_ended(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: an order that was refused or cancelled waits for no deposit."""
    del work
    with transaction.atomic():
        order = lock_order(order_id)
        request = _waiting(order)
        if request is None or order.state in _LIVE:
            return {"cancelled": 0}
        request.order = order
        _cancel(request, _ORDER_ENDED, by=None, at=timezone.now())
    return {"cancelled": 1}


def _waiting(order: Order) -> DepositRequest | None:
    found: DepositRequest | None = order.deposit_requests.filter(met_at=None, cancelled_at=None).first()
    return found


def _left_of(order: Order) -> Decimal:
    """What of an order is in no deposit invoice yet."""
    lines = order.lines.all()
    whole = vat_totals((each.quantity - each.cancelled, each.unit_price, each.vat_rate) for each in lines)
    return max(ZERO, whole.incl - sum((each.total_incl_vat for each in deposits_of(order)), ZERO))


def _left_to_ask(order: Order) -> Decimal:
    return _left_of(order)


def _since(request: DepositRequest) -> list[Invoice]:
    """Deposit invoices of the order made since it was asked for."""
    return [each for each in deposits_of(request.order) if each.recorded_at >= request.requested_at]


def _cancel(request: DepositRequest, reason: str, *, by: User | None, at: datetime) -> None:
    request.cancelled_at, request.cancelled_by, request.cancel_reason = at, by, reason
    request.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    _record("deposit.cancelled", request, by=by, at=at, reason=reason)
    conditions_ended(_CONDITION, [request.pk], ConditionStatus.WITHDRAWN, by=by, at=at)


def _record(
    action: str, request: DepositRequest, *, by: User | None, at: datetime, reason: str = "", **facts: Any
) -> None:
    audit.record(
        action,
        request,
        by=by,
        at=at,
        label=request.label,
        reason=reason,
        after={
            "order": request.order.number,
            "amount": request.amount,
            "currency": request.currency,
            **facts,
        },
    )
