"""What other systems may subscribe to, and what becomes of a delivery."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class HookEvent(models.TextChoices):
    """Events of the contract."""

    ORDER_HELD = "order.held", _("An order is held")
    ORDER_RELEASED = "order.released", _("A held order is released")
    ORDER_REFUSED = "order.refused", _("A held order is refused")
    PAYMENT_MATCHED = "payment.matched", _("A payment is matched")
    LIMIT_CHANGED = "limit.changed", _("A credit limit changes")
    ACCOUNT_BLOCKED = "account.blocked", _("A client is blocked")
    DISPUTE_OPENED = "dispute.opened", _("A dispute is opened")
    DISPUTE_CLOSED = "dispute.closed", _("A dispute is closed")


class DeliveryState(models.TextChoices):
    """What became of a delivery."""

    WAITING = "waiting", pgettext_lazy("delivery", "Waiting")
    DELIVERED = "delivered", pgettext_lazy("delivery", "Delivered")
    FAILED = "failed", pgettext_lazy("delivery", "Failed")
    CANCELLED = "cancelled", pgettext_lazy("delivery", "Cancelled")


# Words of the journal → events of the contract.
OF_ACTION: Final[dict[str, str]] = {
    "order.held": HookEvent.ORDER_HELD,
    "order.held_by_hand": HookEvent.ORDER_HELD,
    "order.released": HookEvent.ORDER_RELEASED,
    "order.freed": HookEvent.ORDER_RELEASED,
    "order.refused": HookEvent.ORDER_REFUSED,
    "allocation.made": HookEvent.PAYMENT_MATCHED,
    "limit.approved": HookEvent.LIMIT_CHANGED,
    "account.blocked": HookEvent.ACCOUNT_BLOCKED,
    "dispute.opened": HookEvent.DISPUTE_OPENED,
    "dispute.closed": HookEvent.DISPUTE_CLOSED,
}
