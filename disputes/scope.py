"""Whose sales a dispute is about (ADR 0010)."""

from __future__ import annotations

from django.apps import apps
from django.db.models import QuerySet

from accounts.models import CustomerAccount, User
from o2c.shared.models import AuditEvent


def readable_events(user: User, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Events without those of disputes about colleagues' sales (``settings.JOURNAL_SCOPES``)."""
    every = apps.get_model("disputes", "dispute")._base_manager.all()
    own = CustomerAccount.objects.visible_to(user)
    seen = apps.get_model("disputes", "dispute").objects.visible_to(user)
    hidden = every.filter(account__in=own).exclude(pk__in=seen.values("pk"))
    return events.exclude(object_type="disputes.dispute", object_id__in=hidden.values("pk"))
