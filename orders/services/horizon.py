"""Each new day: which orders left the horizon of their company, and which entered it and are checked once more."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Company
from credit.horizon import horizon_days
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date

from ..enums import Occasion, OrderState
from ..models import HoldCase, Order
from . import advance, places

ENTER: Final = "orders.enter_horizon"
# An order somebody acts on at this moment is left to the next day.
_LEAVE: Final = """
    UPDATE orders_order SET is_beyond_horizon = TRUE
    WHERE id IN (
        SELECT id FROM orders_order
        WHERE company_id = %(company)s AND state = 'CONFIRMED' AND is_open AND NOT is_beyond_horizon
          AND requested_delivery > %(last_day)s
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    )
    RETURNING account_id
"""


def follow_horizons(today: date) -> dict[str, int]:
    """Bring the orders of every company in line with its horizon of the day; doing it twice changes nothing more.

    It compares what was last known of each order with today, so that a missed night, another horizon and a moved
    delivery are all seen. An order that counts no more may free others: they are examined again.

    :returns: how many orders count no more, and how many are to be checked since they count again
    """
    left = entered = 0
    for company in Company.objects.order_by("pk"):
        days = horizon_days(company.pk, today)
        last_day = None if days is None else today + timedelta(days=days)
        left += _leave(company.pk, last_day, today)
        entered += _ask_to_enter(company.pk, last_day, today)
    return {"beyond_horizon": left, "entered_horizon": entered}


def _leave(company_id: int, last_day: date | None, today: date) -> int:
    if last_day is None:
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LEAVE, {"company": company_id, "last_day": last_day})
            accounts = [account_id for (account_id,) in cursor.fetchall()]
        if accounts:
            key, payload = f"horizon:{company_id}:{today}", {"account_ids": sorted(set(accounts))}
            work_table.emit("credit.changed_by_many", key, payload)
    return len(accounts)


def _ask_to_enter(company_id: int, last_day: date | None, today: date) -> int:
    counts = Q() if last_day is None else Q(requested_delivery__lte=last_day)
    entering = Order.objects.filter(
        counts, company_id=company_id, is_beyond_horizon=True, is_open=True, state=OrderState.CONFIRMED
    )
    # Work is taken up by key: by the day they are delivered, as they will be needed.
    pieces = {
        f"{company_id}:{delivery}:{confirmed_at:%Y%m%d%H%M%S%f}:{key}:{today}": {"order_id": key}
        for key, delivery, confirmed_at in entering.values_list("pk", "requested_delivery", "confirmed_at")
    }
    if pieces:
        work_table.add_many(ENTER, pieces)
    return len(pieces)


def enter_horizon(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: check an order that counts from now on against everything that does, and hold it if it fails.

    It has its place from then on, whatever the answer: the next night finds nothing to do.
    """
    del work
    at = timezone.now()
    with transaction.atomic():
        order = advance.lock_order(order_id)
        if not places.enters(order, on=paris_date(at)):
            return {"held": 0}
        lines = advance.lines_of(order)
        if not any(line.quantity - line.cancelled > max(line.delivered, line.invoiced) for line in lines):
            places.take_place(order, by=None, at=at)
            return {"held": 0}
        outcome = advance.examine(order, lines, by=None, at=at, keep_as=Occasion.HORIZON)
        held = HoldCase.objects.filter(order=order, closed_at=None).exists()
        if not held:
            advance.sync_holds(order, outcome, by=None, at=at)
        advance.save(order, "last_decision")
        # One that is held already is examined again with the others that wait.
        tell = advance.tell_credit_changed if held else advance.tell_credit_taken
        tell(order)
        return {"held": int(not held and not outcome.passes)}
