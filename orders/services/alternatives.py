"""What would make a held order possible, from its own check of this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from credit.alternatives.outlook import Outlook
from credit.services import CheckResult, look_ahead

from ..models import Order, ReleaseCondition
from .advance import examine


def look_ahead_of(order: Order, *, by: User, at: datetime) -> tuple[CheckResult, Outlook]:
    """Check an order afresh and look ahead. Stores nothing, locks nothing.

    :param order: from ``queries.find_order``
    """
    lines = list(order.lines.all())
    result = examine(order, lines, by=by, at=at, keep_as=None).result
    return result, look_ahead(
        result, reader=by, term=order.term, delivered_on=order.requested_delivery, order_id=order.pk
    )


def accept_alternatives(
    *, order_id: int, measures: Sequence[Mapping[str, Any]], agreed_with: str = "", by: User, at: datetime
) -> list[ReleaseCondition]:
    """Agree measures with the client: each becomes what it stands for, and a condition of the held order.

    The act belongs to collections, which may promise (``settings.AGREEMENT``).
    """
    act = import_string(settings.AGREEMENT)
    made: list[ReleaseCondition] = act(
        order_id=order_id, written=measures, agreed_with=agreed_with, by=by, at=at
    )
    return made
