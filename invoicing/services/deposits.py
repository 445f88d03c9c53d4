"""Deposits as documents: an invoice when the money is there, deducted from the invoice of the order (design 3.15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.enums import DocumentKind, ItemKind, Origin
from invoicing.models import Invoice, InvoiceLine, Payment
from invoicing.policy import Instalment
from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound, RuleRefused
from o2c.shared.vat import RateTotal, VatTotals, vat_totals
from orders.models import Order
from orders.paper import language_of

from .allocations import MatchPair, book_pairs
from .documents import record_document, store_document
from .ordered import lock_order
from .shared import lock_items, open_days, require, tell_credit_changed


class NotADeposit(RuleRefused):
    code = "not_a_deposit"
    message = gettext_lazy("A deposit is money of the order's own client, in its currency, not matched yet.")


class DepositTooLarge(RuleRefused):
    code = "deposit_too_large"
    message = gettext_lazy("The deposits of an order cannot exceed the order.")


@retrying
def issue_deposit(*, order_id: int, payment_id: int, by: User, at: datetime) -> Invoice:
    """Issue the deposit invoice for what is left of a payment on an order, settled by that payment.

    VAT is that of the order's rates in their proportion: it falls due with the money (CGI 269, 2).

    :raises NotADeposit: another client's money, another currency, or nothing left of it
    :raises DepositTooLarge: more than the order with the deposits it has
    """
    with transaction.atomic():
        order = (
            Order.objects.visible_to(by)
            .select_related("account__entity", "company")
            .filter(pk=order_id)
            .first()
        )
        payment = Payment.objects.visible_to(by).filter(pk=payment_id).first()
        if order is None or payment is None:
            raise NotFound
        require(by, "invoicing.issue", order.company_id)
        lock_credit(order.account)
        order = lock_order(order_id)
        money = payment.items.filter(kind=ItemKind.PAYMENT).first()
        amount = -money.open_amount if money is not None else ZERO
        invoice = book_deposit(order, payment, amount=amount, by=by, at=at)
        tell_credit_changed([order.account_id])
    return invoice


def book_deposit(
    order: Order, payment: Payment, *, amount: Decimal, by: User | None, at: datetime
) -> Invoice:
    """Issue the invoice of a deposit and settle it by its payment, for acts that hold credit and order.

    :param amount: at most what is left of the payment
    :param by: None for the portal itself, where the deposit was asked for
    :raises NotADeposit: another client's money, another currency, or nothing left of it
    :raises DepositTooLarge: more than the order with the deposits it has
    """
    today = paris_date(at)
    items = lock_items(payment.items.filter(kind=ItemKind.PAYMENT).values_list("pk", flat=True))
    money = next(iter(items.values()), None)
    if payment.account_id != order.account_id or payment.currency != order.currency or amount <= 0:
        raise NotADeposit
    lines = list(order.lines.all())
    whole = vat_totals((each.quantity - each.cancelled, each.unit_price, each.vat_rate) for each in lines)
    if amount + sum((d.total_incl_vat for d in deposits_of(order)), ZERO) > whole.incl:
        raise DepositTooLarge
    policy.check_document_date(today, today=today, open_days=open_days(order.company, today=today))
    totals = policy.part_of_totals(amount, whole)
    invoice = Invoice(
        company=order.company,
        account=order.account,
        kind=DocumentKind.DEPOSIT_INVOICE,
        origin=Origin.ISSUED,
        issue_date=today,
        due_date=today,
        currency=order.currency,
        total_excl_vat=totals.excl,
        total_vat=totals.vat,
        total_incl_vat=totals.incl,
        customer_reference=order.customer_reference,
        order=order,
        created_by=by,
        recorded_at=at,
    )
    parts = (Instalment(today, amount),)
    store_document(invoice, parts, _lines(order, totals.by_rate), totals, supplied_on=payment.received_on)
    own = lock_items(invoice.items.values_list("pk", flat=True))
    assert money is not None
    pairs = [MatchPair(money.pk, next(iter(own)), amount)]
    book_pairs(pairs, {**items, **own}, by=by, at=at)
    record_document(invoice, by=by, at=at)
    return invoice


def deposits_of(order: Order) -> list[Invoice]:
    """The deposit invoices of an order that no invoice has deducted and no credit note has taken back."""
    return list(
        Invoice.objects.filter(
            order=order, kind=DocumentKind.DEPOSIT_INVOICE, deductions=None, credit_notes=None
        ).order_by("issue_date", "pk")
    )


def deducted(
    totals: VatTotals, charged: Sequence[InvoiceLine], deposits: Iterable[Invoice], *, language: str
) -> tuple[VatTotals, list[InvoiceLine]]:
    """Deduct deposits from what an invoice charges: what is left of its totals, and the lines that say so.

    A deposit that exceeds what is left waits for the next invoice of the order.
    """
    left, lines = totals, []
    position = max((line.line for line in charged), default=0)
    for deposit in deposits:
        excl, vat = deposit.total_excl_vat or ZERO, deposit.total_vat or ZERO
        if deposit.total_incl_vat > left.incl:
            continue
        for line in deposit.lines.all():
            position += 1
            lines.append(
                InvoiceLine(
                    line=position,
                    description=_words(deposit, language),
                    quantity=Decimal(-1),
                    unit_price=line.net,
                    vat_rate=line.vat_rate,
                    vat_category=line.vat_category,
                    net=-line.net,
                    deducts=deposit,
                )
            )
        left = VatTotals(left.excl - excl, left.vat - vat, left.incl - excl - vat, left.by_rate)
    return left, lines


def _words(deposit: Invoice, language: str) -> str:
    with translation.override(language):
        return _("Deposit invoice %(number)s of %(day)s") % {
            "number": deposit.number,
            "day": formats.date_short(deposit.issue_date),
        }


def _lines(order: Order, rates: Sequence[RateTotal]) -> list[InvoiceLine]:
    with translation.override(language_of(order.account)):
        words = _("Deposit on order %(number)s") % {"number": order.number}
    return [
        InvoiceLine(
            line=position,
            description=words,
            quantity=Decimal(1),
            unit_price=rate.base,
            vat_rate=rate.rate,
            net=rate.base,
        )
        for position, rate in enumerate(rates, start=1)
    ]
