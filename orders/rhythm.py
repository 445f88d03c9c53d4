"""What a client orders month by month, with the order looked at on top (domain.md 5.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.models import User
from o2c.shared.calendar import add_months
from o2c.shared.money import ZERO, round_cents

from .enums import OrderState
from .models import Order

MONTHS: Final = 12
_COUNTED: Final = (OrderState.CONFIRMED, OrderState.CLOSED)


@dataclass(frozen=True)
class Document:
    """One order of a month that the reader may open."""

    number: str
    ordered_on: date
    amount: Decimal


@dataclass(frozen=True)
class Month:
    """What was ordered in one calendar month, incl. VAT.

    :ivar outside: how many of its orders are colleagues' sales, which the reader does not open
    :ivar asked: the order looked at, where it is of this month
    """

    first: date
    total: Decimal
    documents: tuple[Document, ...]
    outside: int
    asked: Decimal = ZERO

    @property
    def intake(self) -> Decimal:
        """The month with the order looked at."""
        return self.total + self.asked

    @property
    def count(self) -> int:
        """How many orders, without the one looked at."""
        return len(self.documents) + self.outside


@dataclass(frozen=True)
class Rhythm:
    """Twelve calendar months ending with that of the order, and what a month comes to on average.

    :ivar mean: of the months before that of the order
    """

    months: tuple[Month, ...]
    mean: Decimal
    currency: str

    @property
    def last(self) -> Month:
        """The month of the order."""
        return self.months[-1]

    @property
    def times(self) -> Decimal | None:
        """How many times the mean its month comes to with the order; None while nothing was ordered before."""
        return self.last.intake / self.mean if self.mean else None


def rhythm_of(order: Order, *, reader: User) -> Rhythm:
    """The client's confirmed orders by the month of their order date, in three queries at most.

    Confirmed and closed orders alone, as the mean order of the check takes them (``queries.order_rhythm``), in the
    currency of this one; the order itself stands apart.
    """
    last = order.order_date.replace(day=1)
    firsts = [add_months(last, back) for back in range(1 - MONTHS, 1)]
    rows = Order.objects.filter(
        account=order.account_id,
        currency=order.currency,
        state__in=_COUNTED,
        order_date__gte=firsts[0],
        order_date__lt=add_months(last, 1),
    ).exclude(pk=order.pk)
    open_to_reader = set(
        Order.objects.visible_to(reader, order.company).filter(pk__in=rows.values("pk")).values_list("pk", flat=True)
    )  # fmt: skip
    found: dict[date, list[tuple[int, Document]]] = {first: [] for first in firsts}
    for key, number, day, amount in rows.order_by("order_date", "pk").values_list(
        "pk", "number", "order_date", "total_incl_vat"
    ):
        found[day.replace(day=1)].append((key, Document(number, day, amount)))
    months = tuple(
        Month(
            first=first,
            total=sum((document.amount for _key, document in found[first]), ZERO),
            documents=tuple(document for key, document in found[first] if key in open_to_reader),
            outside=sum(key not in open_to_reader for key, _document in found[first]),
            asked=order.total_incl_vat if first == last else ZERO,
        )
        for first in firsts
    )
    before = sum((month.total for month in months[:-1]), ZERO)
    return Rhythm(months, round_cents(before / (MONTHS - 1)), order.currency)


def drawing_of(rhythm: Rhythm) -> dict[str, Any]:
    """The months as bars (``charts.js``): what was ordered, and the order looked at on top."""
    return {
        "type": "bar",
        "stacked": True,
        "currency": rhythm.currency,
        "min": 0,
        "ticks": 6,
        "labels": [f"{month.first:%m/%y}" for month in rhythm.months],
        "sets": [
            {
                "label": _("Ordered"),
                "bar": True,
                "color": "--o-p-order",
                "data": [float(month.total) for month in rhythm.months],
            },
            {
                "label": _("This order"),
                "bar": True,
                "color": "--o-p-new",
                "data": [float(month.asked) for month in rhythm.months],
            },
        ],
    }
