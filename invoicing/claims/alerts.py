"""Indemnities that are due and have not come (``settings.ALERT_EVENTS``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from credit.alerts.facts import Event
from invoicing.models import InsuranceClaim

from .enums import ClaimStatus


def indemnities_due(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Declared claims whose waiting period is over, with nothing of the insurer yet."""
    del since
    rows = InsuranceClaim.objects.filter(
        account__in=account_ids,
        status__in=(ClaimStatus.DECLARED, ClaimStatus.IN_RECOVERY),
        waits_until__lte=on,
    )
    for claim in rows.select_related("policy").order_by("account", "pk"):
        figures = {"document": claim.number, "insurer": claim.policy.insurer, "day": claim.waits_until}
        yield Event(claim.account_id, claim.number, claim.expected, claim.currency, figures)
