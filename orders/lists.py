"""What the lists of orders filter and sort by: the shown status in SQL, reps, search."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from accounts.models import Company, CustomerAccount, User
from accounts.queries import matching
from o2c.shared.calendar import business_hours_between

from .enums import OrderState, ShownStatus
from .models import HoldCase, Order, OrderLine

if TYPE_CHECKING:
    from .models import OrderQuerySet


def with_status(orders: QuerySet[Order]) -> QuerySet[Any]:
    """Annotate ``status``, what people see of each order: ``policy.shown_status`` as one SQL expression."""
    ended = {
        OrderState.DRAFT: ShownStatus.DRAFT,
        OrderState.CANCELLED: ShownStatus.CANCELLED,
        OrderState.REFUSED: ShownStatus.REFUSED,
        OrderState.CLOSED: ShownStatus.CLOSED,
        OrderState.SUBMITTED: ShownStatus.ON_HOLD,
    }
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    wanted = lines.filter(quantity__gt=F("cancelled"))
    left = F("quantity") - F("cancelled")
    return orders.annotate(
        status=Case(
            *(When(state=state, then=Value(status.value)) for state, status in ended.items()),
            When(
                Exists(HoldCase.objects.filter(order=OuterRef("pk"), closed_at=None)),
                then=Value(ShownStatus.ON_HOLD.value),
            ),
            # Nothing delivered or invoiced: the lines need not be read.
            When(is_started=False, then=Value(ShownStatus.CONFIRMED.value)),
            When(
                Exists(wanted) & ~Exists(wanted.filter(invoiced__lt=left)),
                then=Value(ShownStatus.INVOICED.value),
            ),
            When(
                Exists(wanted)
                & ~Exists(
                    wanted.annotate(done=Greatest("delivered", "invoiced")).filter(done__lt=left),
                ),
                then=Value(ShownStatus.DELIVERED.value),
            ),
            When(
                Exists(lines.filter(delivered__gt=0)),
                then=Value(ShownStatus.PARTIALLY_DELIVERED.value),
            ),
            default=Value(ShownStatus.CONFIRMED.value),
            output_field=CharField(),
        )
    )


def of_status(orders: QuerySet[Any], status: str) -> QuerySet[Any]:
    """Orders, annotated by ``with_status``, that show this status.

    What the status says of the stored state is asked first: the lines and cases of orders it rules out are not read.
    """
    ended = {ShownStatus.DRAFT, ShownStatus.CANCELLED, ShownStatus.REFUSED, ShownStatus.CLOSED}
    if status in ended:
        return orders.filter(state=OrderState[ShownStatus(status).name])
    if status == ShownStatus.ON_HOLD:
        # Two readings by index; as one condition the table would be read whole.
        held = HoldCase.objects.filter(closed_at=None, order__state=OrderState.CONFIRMED).values("order")
        submitted = Order.objects.filter(state=OrderState.SUBMITTED).values("pk")
        return orders.filter(pk__in=submitted.union(held, all=True))
    within = orders.filter(state=OrderState.CONFIRMED, status=status)
    return within if status == ShownStatus.CONFIRMED else within.filter(is_started=True)


def found_by(text: str, prefix: str = "") -> Q:
    """Orders whose number, client's reference or client holds the words typed."""
    accounts = matching(CustomerAccount.objects.all(), text)
    return (
        Q(**{f"{prefix}number__icontains": text.strip()})
        | Q(**{f"{prefix}customer_reference__icontains": text.strip()})
        | Q(**{f"{prefix}account__in": accounts})
    )


def reps(user: User, company: Company | None) -> QuerySet[User]:
    """Sales reps of the orders this user may see."""
    orders: OrderQuerySet = Order.objects.visible_to(user, company)
    return User.objects.filter(pk__in=orders.values("sales_rep")).order_by("last_name", "username")


def working_time_left(case: HoldCase, at: datetime) -> timedelta:
    """Working time until the answer is due, below zero once it is late."""
    if case.target_at >= at:
        return business_hours_between(at, case.target_at)
    return -business_hours_between(case.target_at, at)
