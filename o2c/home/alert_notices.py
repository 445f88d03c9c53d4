"""Telling people of what the figures of their clients ask to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.urls import reverse

from credit.alerts.words import sentence
from credit.enums import AlertKind, AlertStatus
from credit.models import CreditAlert
from o2c.shared import formats

from .notices import write


def alerts_raised(*, work: Any, alert_ids: Sequence[int]) -> dict[str, int]:
    """Work handler: tell the owner of each new alert; in the morning's digest where nothing else was chosen."""
    del work
    alerts = CreditAlert.objects.filter(pk__in=alert_ids, status=AlertStatus.OPEN, owner__isnull=False)
    told = 0
    for alert in alerts.select_related("account__company").order_by("pk").iterator(1000):
        facts = {
            "client": alert.account.name,
            "account": alert.account.code,
            "reason": sentence(alert),
        }
        kind = "alert.raised"
        if alert.kind == AlertKind.BLOCK_AHEAD:
            kind = "alert.block_ahead"
            facts["day"] = formats.date_short(date.fromisoformat(alert.figures["day"]))
        told += write(
            kind,
            f"alert:{alert.pk}",
            facts,
            reverse("credit:alert", args=[alert.pk]),
            dict.fromkeys(filter(None, [alert.owner_id]), False),
            company_id=alert.account.company_id,
            account_id=alert.account_id,
            about=(CreditAlert._meta.label_lower, alert.pk),
        )["told"]
    return {"told": told}
