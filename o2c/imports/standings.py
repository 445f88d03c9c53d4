"""Figures for lists after an import: a piece of work for each thousand clients."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from accounts.models import CustomerAccount
from credit import standing
from o2c.shared.models import Work


def refresh(*, work: Work, account_ids: Sequence[int]) -> None:
    """Work handler: compute the standing of clients, their entities and groups."""
    at = work.started_at or timezone.now()
    standing.refresh(account_ids, at=at)
    entities = CustomerAccount.objects.filter(pk__in=account_ids).values_list("entity_id", flat=True)
    standing.refresh_levels(sorted(set(entities)), at=at)
