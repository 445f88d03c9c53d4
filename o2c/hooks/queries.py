"""Readings of webhooks."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import Company, User

from .models import Webhook, WebhookDelivery


def visible(user: User, company: Company | None) -> QuerySet[Webhook]:
    """Subscriptions in force of the companies this user works in."""
    ids = user.company_ids()
    rows = Webhook.objects.filter(ended_at=None)
    rows = rows if ids is None else rows.filter(company_id__in=ids)
    return rows if company is None else rows.filter(company=company)


def with_last_delivery(rows: QuerySet[Webhook]) -> QuerySet[Webhook]:
    """Annotate ``last_state`` and ``last_at`` of the newest delivery."""
    newest = WebhookDelivery.objects.filter(webhook=OuterRef("pk")).order_by("-created_at", "-pk")
    return rows.annotate(
        last_state=Subquery(newest.values("state")[:1]), last_at=Subquery(newest.values("created_at")[:1])
    )
