"""Telling people of the written credit policy: a version that they have to read and acknowledge."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from credit.models import CreditPolicyVersion
from credit.written.queries import newest, readers_of
from o2c.shared import formats

from .notices import write


def published(*, work: Any, version_id: int) -> dict[str, int]:
    """Work handler: ask everybody who keeps to the policy to read and acknowledge its new version."""
    version = CreditPolicyVersion.objects.select_related("company").get(pk=version_id)
    if newest(version.company) != version:
        return {"told": 0}
    readers = readers_of(version, version.company).filter(acknowledged_at=None).order_by()
    facts = {
        "number": str(version.number),
        "day": formats.date_short(version.effective_on),
        "company": version.company.name,
        "reason": version.change,
    }
    return write(
        "credit_policy.published",
        f"policy:{version.pk}",
        facts,
        reverse("credit:policy_version", args=[version.number]),
        dict.fromkeys(readers.values_list("user_id", flat=True), True),
        company_id=version.company_id,
        about=(version._meta.label_lower, version.pk),
    )
