"""Money that comes in: recorded, put on the client's account, matched by itself only when asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User
from invoicing import policy
from invoicing.clearing import days_of
from invoicing.clearing_policy import clears_on
from invoicing.enums import ItemKind
from invoicing.insolvency import Frozen
from invoicing.models import Payment, ReceivableItem
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid
from orders.models import Order

from .allocations import MatchPair, book_pairs
from .asking import ask_to_match
from .deposit_requests import tell_arrived
from .shared import (
    KeyTaken,
    lock_items,
    open_days,
    refusing_taken_key,
    require,
    require_cents,
    tell_credit_changed,
)


@retrying
def record_payment(
    *,
    company: Company,
    external_id: str,
    account: CustomerAccount | None = None,
    order: Order | None = None,
    received_on: date,
    amount: Decimal,
    currency: str,
    method: str,
    reference: str = "",
    payer_name: str = "",
    payer_iban: str = "",
    creation_hash: str = "",
    match: bool = False,
    by: User,
    at: datetime,
) -> Payment:
    """Record money received, or announced for a later day; it frees credit from its day on.

    :param account: whose it is; the order's when left out; with ``match`` also that of the documents named in
        the reference; else the payment stays unidentified and is in nobody's book
    :param order: makes it a deposit for this order
    :param received_on: may lie ahead, not in a closed period
    :param amount: positive
    :param match: allocate it at once to the documents named in ``reference``, else to the oldest open item of
        exactly this amount, else to nothing
    :raises KeyTaken: the external id exists already
    :raises ClosedPeriod: received in a closed period
    """
    with transaction.atomic(), refusing_taken_key("payment_once_per_company"):
        require(by, "payments.record", company)
        require_cents(amount, "amount")
        if amount <= 0:
            raise Invalid(errors={"amount": [_("An amount received is above 0.")]})
        open_days(company, today=paris_date(at)).check(received_on)
        if Payment.objects.filter(company=company, external_id=external_id).exists():
            raise KeyTaken
        named = _named_items(company, reference, currency, by) if match else ()
        account = account or (order.account if order else None) or _only_account(named)
        if account is not None and {account.company_id, (order or account).company_id} != {company.pk}:
            raise policy.OtherDebtor
        payment = Payment.objects.create(
            company=company,
            account=account,
            order=order,
            external_id=external_id,
            received_on=received_on,
            clears_on=clears_on(received_on, method, days_of([company.pk])[company.pk]),
            amount=amount,
            currency=currency,
            method=method,
            reference=reference,
            payer_name=payer_name,
            payer_iban=payer_iban,
            created_by=by,
            recorded_at=at,
            creation_hash=creation_hash,
        )
        audit.record(
            "payment.recorded",
            payment,
            by=by,
            at=at,
            after={"amount": amount, "currency": currency, "date": received_on, "method": method},
        )
        if account is not None:
            item = payment_item(payment)
            item.save(force_insert=True)
            if match:
                _match(item, [n for n in named if n.account_id == account.pk], by=by, at=at)
            tell_credit_changed([account.pk])
        tell_arrived(payment)
        ask_to_match(company, [payment.pk])
    return payment


def payment_item(payment: Payment) -> ReceivableItem:
    """Return the credit a payment makes on its account, not yet stored."""
    assert payment.account_id is not None
    return ReceivableItem(
        company_id=payment.company_id,
        account_id=payment.account_id,
        kind=ItemKind.PAYMENT,
        document=payment.external_id[:60],
        payment=payment,
        issue_date=payment.received_on,
        due_date=payment.received_on,
        currency=payment.currency,
        amount=-payment.amount,
        open_amount=-payment.amount,
        effective_date=payment.received_on,
        recorded_at=payment.recorded_at,
    )


def _named_items(company: Company, reference: str, currency: str, by: User) -> Sequence[ReceivableItem]:
    """Return the open documents that the text of a payment names, oldest due first."""
    words = policy.document_words(reference)
    if not words:
        return ()
    return list(
        ReceivableItem.objects.visible_to(by, company)
        .filter(company=company, document__in=words, currency=currency, open_amount__gt=0)
        .select_related("account")
        .order_by("due_date", "pk")
    )


def _only_account(items: Sequence[ReceivableItem]) -> CustomerAccount | None:
    """Return the account of all these items, None when there is none or more than one."""
    accounts = {item.account_id: item.account for item in items}
    return next(iter(accounts.values())) if len(accounts) == 1 else None


def _match(own: ReceivableItem, named: Sequence[ReceivableItem], *, by: User, at: datetime) -> None:
    exact = not named
    candidates = [item.pk for item in named] or list(
        ReceivableItem.objects.filter(
            account_id=own.account_id, currency=own.currency, open_amount=-own.open_amount
        )
        .order_by("due_date", "pk")
        .values_list("pk", flat=True)[:1]
    )
    items = lock_items([*candidates, own.pk])
    frozen = Frozen.of(items.values())
    left, pairs = -own.open_amount, []
    for key in candidates:
        amount = min(left, items[key].open_amount)
        if frozen.refuses(items[key], own):
            continue  # the money stays unmatched, and somebody is told
        # Somebody may have matched it while we waited for the lock.
        if amount > 0 and (not exact or items[key].open_amount == left):
            pairs.append(MatchPair(own.pk, key, amount))
            left -= amount
    if pairs:
        book_pairs(pairs, items, by=by, at=at)
