"""The place of an order among those of its client: by its confirmation, or by its entry into the horizon of orders.

An order confirmed beyond the horizon takes no credit from what is delivered before it: it is checked again when it
enters, against everything that counts by then, and has its place from that moment on (design decision 3, ADR 0022).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from accounts.models import User
from credit.horizon import horizon_days
from credit.horizon_policy import is_beyond
from o2c.shared import audit

from ..enums import Occasion, OrderState
from ..models import Order

# What goes out or is billed counts from that moment on, whenever the rest is to be delivered.
_GOES_OUT: Final = frozenset({Occasion.GOODS_ISSUE, Occasion.INVOICE})

# After every order that has its place, and before those that still wait to enter.
AFTER_ALL: Final = datetime(9999, 1, 1, tzinfo=UTC)


def enters(order: Order, *, on: date) -> bool:
    """Whether an order confirmed beyond the horizon counts by now; asks nothing of any other."""
    return (
        order.is_beyond_horizon
        and order.state == OrderState.CONFIRMED
        and not is_beyond(order.requested_delivery, on=on, days=horizon_days(order.company_id, on))
    )


def place_of(order: Order, *, raised: bool, entering: bool, occasion: Occasion | None) -> datetime | None:
    """Since when a confirmed order has its place; None of one that everything counts for.

    :param raised: it asks for more than was approved
    :param entering: it comes after all that have their place, and before what is delivered later and enters too
    """
    if order.state != OrderState.CONFIRMED or raised:
        return None
    if entering:
        return AFTER_ALL
    if order.is_beyond_horizon and occasion in _GOES_OUT:
        return None
    return order.counted_since


def take_place(order: Order, *, by: User | None, at: datetime) -> None:
    """Give an order that has entered the horizon its place, once, under its locks."""
    order.is_beyond_horizon, order.entered_horizon_at = False, at
    order.save(update_fields=["is_beyond_horizon", "entered_horizon_at"])
    audit.record(
        "order.entered_horizon",
        order,
        by=by,
        at=at,
        label=order.number,
        after={"requested_delivery": order.requested_delivery},
    )


def note_delivery(order: Order, *, on: date) -> None:
    """Say of a confirmed order whose delivery day moved whether it lies beyond now; one that comes nearer enters."""
    if order.state == OrderState.CONFIRMED and not order.is_beyond_horizon:
        order.is_beyond_horizon = is_beyond(
            order.requested_delivery, on=on, days=horizon_days(order.company_id, on)
        )
