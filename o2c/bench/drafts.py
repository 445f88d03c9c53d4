"""Orders to confirm again and again: drafts, and the way back to draft outside of the measured time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.utils import timezone

from accounts.models import CustomerAccount, User
from orders import services
from orders.models import Order
from orders.services import LineInput

from . import raw

# Orders back in draft, their cases ended, their work not waiting any more: the next turn finds what the first found.
_BACK: Final = """
    UPDATE orders_orderhold SET lifted_at = now() FROM orders_holdcase c
    WHERE c.id = case_id AND c.order_id = ANY(%(orders)s) AND lifted_at IS NULL;
    UPDATE orders_holdcase SET status = 'CANCELLED', closed_at = now()
    WHERE order_id = ANY(%(orders)s) AND closed_at IS NULL;
    UPDATE orders_order SET state = 'DRAFT', is_open = FALSE, approved_total = 0, confirmed_at = NULL,
                            submitted_at = NULL, submitted_by_id = NULL WHERE id = ANY(%(orders)s);
    DELETE FROM shared_work WHERE state = 'queued' AND kind NOT LIKE 'react:disputes.%%'
"""


def draft(account: CustomerAccount, total: Decimal, *, by: User) -> Order:
    """A draft of one line that comes to this total incl. VAT."""
    line = LineInput("VIS-108", "Visserie, boîte", Decimal(1), total / Decimal("1.2"))
    return services.create_order(
        company=account.company, account=account, lines=[line], by=by, at=timezone.now()
    )


def submit(order_id: int, by: User) -> None:
    """Confirm a draft, or hold it."""
    services.submit(order_id=order_id, by=by, at=timezone.now())


def back(order_ids: Sequence[int]) -> None:
    """Make orders drafts again, whatever became of them."""
    raw.execute(_BACK, {"orders": list(order_ids)})


def confirmed(order_ids: Sequence[int]) -> int:
    """How many of these orders stand confirmed."""
    return Order.objects.filter(pk__in=order_ids, state="CONFIRMED").count()
