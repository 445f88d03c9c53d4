"""What a letter names beside the documents it asks for: what is due later, credits, references (domain.md 6.2, 6.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import DecimalField, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import CustomerAccount
from credit.legal_queries import splits_of
from dunning.models import PlanItem
from invoicing.models import Assignment, DisputedAmount, Invoice, ReceivableItem
from o2c.shared.money import ZERO

from .arrived import Arrived
from .plan import Stands, credits_taken
from .worklist import RESPECTED

NOT_DUE_SHOWN: Final = 20
_MONEY: Final[DecimalField[Any, Any]] = DecimalField(max_digits=16, decimal_places=2)


class Later(NamedTuple):
    """What is due later: the first documents with what is not contested of them, and what the others come to.

    :ivar more: documents that are not among the first
    :ivar more_amount: what these come to
    """

    rows: list[tuple[ReceivableItem, Decimal]]
    more: int
    more_amount: Decimal


class Credits(NamedTuple):
    """Credits of a client in one currency, positive.

    :ivar left: may be taken off what a letter asks for
    :ivar taken: covers documents that the letter does not ask for
    """

    left: Decimal
    taken: Decimal = ZERO


def due_later(account: CustomerAccount, currency: str, on: date) -> Later:
    """What a client is to pay later, for the second table of a letter about late documents.

    Left out is what nobody may be asked for by its due date: sold to a factor that notifies, frozen by a judgement, in
    a payment plan, handed over, and whatever of it is contested.
    """
    contested = DisputedAmount.objects.filter(
        Q(effective_to=None) | Q(effective_to__gt=on), item=OuterRef("pk"), effective_from__lte=on
    )
    sums = contested.order_by().values("item").annotate(total=Sum("amount")).values("total")
    rows = (
        ReceivableItem.objects.filter(
            account=account, currency=currency, open_amount__gt=0, due_date__gte=on, effective_date__lte=on
        )
        .exclude(pk__in=Assignment.objects.in_force(on).filter(is_notified=True).values("item"))
        .exclude(plans__in=PlanItem.objects.filter(is_open=True, plan__status__in=RESPECTED))
        .exclude(hand_overs__is_open=True)
        .annotate(asked=F("open_amount") - Coalesce(Subquery(sums), Value(ZERO), output_field=_MONEY))
        .filter(asked__gt=0)
    )
    split = splits_of([account.pk]).get(account.pk)
    if split is not None:
        rows = rows.filter(issue_date__gte=split.judgement_on)
    found: list[Any] = list(rows.order_by("due_date", "pk")[: NOT_DUE_SHOWN + 1])
    first = found[:NOT_DUE_SHOWN]
    shown = [(row, row.asked) for row in first]
    if len(found) == len(first):
        return Later(shown, 0, ZERO)
    whole = rows.aggregate(total=Sum("asked"))["total"]
    return Later(shown, rows.count() - len(first), whole - sum((row.asked for row in first), ZERO))


def credits_of(
    account: CustomerAccount,
    currency: str,
    *,
    on: date,
    stands: Mapping[int, Stands],
    arrived: Arrived,
) -> Credits:
    """Credit notes and payments of a client that nobody has matched, without what covers other documents.

    :param stands: how the documents of the client stand
    :param arrived: payments of the client that surely settle documents
    """
    rows = ReceivableItem.objects.filter(
        account=account, currency=currency, open_amount__lt=0, effective_date__lte=on
    ).values_list("payment", "open_amount")
    left = sum((-amount - arrived.used.get(payment, ZERO) for payment, amount in rows), ZERO)
    taken = credits_taken(stands, currency)
    return Credits(max(ZERO, left - taken), min(taken, left))


def all_credits(account: CustomerAccount, currency: str, on: date) -> Credits:
    """The same where nothing is left out of the letter."""
    return credits_of(account, currency, on=on, stands={}, arrived=Arrived())


def references_of(invoices: Collection[int]) -> dict[int, str]:
    """The order and the client's own reference of each invoice."""
    rows = Invoice.objects.filter(pk__in=invoices).values_list("pk", "order__number", "customer_reference")
    return {pk: " · ".join(part for part in (number, reference) if part) for pk, number, reference in rows}
