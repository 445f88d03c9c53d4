"""What a new day changes by itself: offers that ran out, horizons of orders, tomorrow's deliveries looked at again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from credit.locks import lock_credit_of
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date

from ..enums import OrderState
from ..models import HoldCase, Order
from .conditions import break_late_conditions
from .horizon import follow_horizons
from .queue import recheck_confirmed
from .quotations import expire_quotations

BEFORE_DELIVERY = "orders.before_delivery"


def new_day(*, work: Any) -> dict[str, int]:
    """Work handler of the clock, shortly after midnight; doing it twice changes nothing more."""
    del work
    at = timezone.now()
    return {
        "quotations_run_out": expire_quotations(at=at),
        "conditions_not_kept": break_late_conditions(at=at),
        "to_look_at": ask_before_delivery(paris_date(at)),
        **follow_horizons(paris_date(at)),
    }


def ask_before_delivery(today: date) -> int:
    """Ask for a look at every confirmed order planned to leave tomorrow (design 3.11); the number of orders."""
    tomorrow = today + timedelta(days=1)
    leaving = Order.objects.filter(
        state=OrderState.CONFIRMED, is_open=True, requested_delivery=tomorrow
    ).exclude(pk__in=HoldCase.objects.filter(closed_at=None).values("order_id"))
    keys = list(leaving.order_by("pk").values_list("pk", flat=True))
    for key in keys:
        work_table.add(BEFORE_DELIVERY, f"order:{key}:{tomorrow}", {"order_id": key, "day": f"{tomorrow}"})
    return len(keys)


def check_before_delivery(*, work: Any, order_id: int, day: str) -> dict[str, int]:
    """Work handler: hold an order that no longer passes the day before it leaves; moved meanwhile, it is left."""
    del work
    order = Order.objects.filter(pk=order_id, requested_delivery=day).first()
    if order is None:
        return {"held": 0}
    with transaction.atomic():
        lock_credit_of([order.account_id])
        return {"held": recheck_confirmed(order.account_id, timezone.now(), only=order.pk)}
