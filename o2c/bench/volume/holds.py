"""Orders on hold: the check itself says why, and what it saw is kept as it is of any order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Final

from o2c.shared.calendar import add_working_hours, paris_date
from orders.enums import Occasion, OrderState
from orders.models import HoldCase, Order, OrderHold
from orders.services import advance

from .book import Book

_AT_ONCE: Final = 500


def hold_orders(book: Book, order_ids: Sequence[int]) -> int:
    """Submit drafts that do not fit, as they were entered; how many the check holds. The others stay drafts."""
    held = 0
    for start in range(0, len(order_ids), _AT_ONCE):
        found = Order.objects.filter(pk__in=order_ids[start : start + _AT_ONCE]).order_by("pk")
        held += _hold(
            book, list(found.select_related("account__company", "account__entity").prefetch_related("lines"))
        )
    return held


def _hold(book: Book, orders: Sequence[Order]) -> int:
    changed, cases, holds = [], [], []
    for order in orders:
        outcome = advance.examine(
            order, list(order.lines.all()), by=book.team.adv, at=book.at, keep_as=Occasion.SUBMIT
        )
        if outcome.passes:
            continue
        opened = _opened(book, order)
        order.state, order.submitted_by, order.submitted_at = OrderState.SUBMITTED, book.team.adv, opened
        case = HoldCase(
            order=order,
            opened_at=opened,
            target_at=add_working_hours(opened, advance.TARGET_HOURS),
            over_limit_by=outcome.result.over_limit_by,
            required_level=outcome.result.mandate.level,
        )
        holds += [
            OrderHold(
                case=case,
                reason=found.code,
                figures=advance.stored(found),
                policy_article=found.article,
                decided_by=outcome.result.mandate.role,
                since=opened,
            )
            for found in outcome.blocking
        ]
        changed.append(order)
        cases.append(case)
    Order.objects.bulk_update(changed, ["state", "submitted_by", "submitted_at", "last_decision"])
    HoldCase.objects.bulk_create(cases)
    OrderHold.objects.bulk_create(holds)
    return len(cases)


def _opened(book: Book, order: Order) -> datetime:
    """In the morning of the day it was entered; today at this moment."""
    if order.order_date >= paris_date(book.at):
        return book.at
    return datetime.combine(order.order_date, time(9, 30), tzinfo=UTC)
