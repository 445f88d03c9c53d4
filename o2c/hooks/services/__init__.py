"""The acts of webhooks: subscriptions, and deliveries written, sent and sent again."""

from __future__ import annotations

from .deliveries import replay, send, write
from .subscriptions import (
    Subscribed,
    WebhookKnown,
    change_webhook,
    end_webhook,
    renew_secret,
    subscribe,
)

__all__ = [
    "Subscribed",
    "WebhookKnown",
    "change_webhook",
    "end_webhook",
    "renew_secret",
    "replay",
    "send",
    "subscribe",
    "write",
]
