"""What waits to be invoiced: goods that are delivered and on no invoice yet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    Case,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    When,
)

from accounts.models import Company, CustomerAccount, User
from orders.enums import OrderState
from orders.models import Delivery, Order, OrderLine
from orders.scope import own_sales

_MONEY: Final[DecimalField[Any, Any]] = DecimalField(max_digits=16, decimal_places=2)


def to_invoice(user: User, company: Company | None) -> QuerySet[Order]:
    """Orders of the clients this user may see with something delivered that no invoice has yet, the oldest first.

    Each carries ``waiting`` (excl. VAT, at the agreed price) and ``delivered_on``, its last delivery.
    """
    waiting = OrderLine.objects.filter(order=OuterRef("pk"), delivered__gt=F("invoiced"))
    price = Case(When(approved_quantity__gt=0, then=F("approved_price")), default=F("unit_price"))
    worth = ExpressionWrapper((F("delivered") - F("invoiced")) * price, output_field=_MONEY)
    total = waiting.order_by().values("order").annotate(total=Sum(worth)).values("total")
    last = Delivery.objects.filter(order=OuterRef("pk")).order_by().values("order")
    return (
        Order.objects.filter(account__in=CustomerAccount.objects.visible_to(user, company), is_started=True)
        .filter(own_sales(user, company), Exists(waiting))
        .filter(state__in=[OrderState.CONFIRMED, OrderState.CLOSED])
        .select_related("account", "company", "sales_rep")
        .annotate(
            waiting=Subquery(total, output_field=_MONEY),
            delivered_on=Subquery(last.annotate(day=Max("delivered_on")).values("day")),
        )
        .order_by("delivered_on", "pk")
    )


def waiting_by_currency(rows: QuerySet[Order]) -> list[tuple[str, Decimal, int]]:
    """What waits in each currency: sum excl. VAT and number of orders, the largest first."""
    found = rows.order_by().values_list("currency").annotate(total=Sum("waiting"), count=Sum(1))
    return sorted(((c, total, count) for c, total, count in found), key=lambda row: -row[1])
