"""Telling people of the rules: a version of the credit policy to read, a change of authority that waits."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from credit.models import CreditPolicyVersion, DelegationRule
from credit.rule_people import who_may_agree
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


def authority_asked(*, work: Any, change_id: int) -> dict[str, int]:
    """Work handler: tell those who may agree that a change of authority waits for them."""
    rule = _change(change_id)
    if rule.decided_by_id is not None:
        return {"told": 0}
    people = who_may_agree([rule], rule.company)[rule.pk]
    return _tell("authority.asked", rule, dict.fromkeys((each.user.pk for each in people), True), rule.reason)


def authority_decided(*, work: Any, change_id: int) -> dict[str, int]:
    """Work handler: tell whoever asked for another authority what was answered."""
    rule = _change(change_id)
    kind = "authority.agreed" if rule.is_accepted else "authority.refused"
    return _tell(kind, rule, {rule.set_by_id: False}, rule.decision_reason)


def _change(change_id: int) -> Any:
    return DelegationRule.objects.select_related("company", "set_by").get(pk=change_id)


def _tell(kind: str, rule: Any, told: dict[int, bool], reason: str) -> dict[str, int]:
    facts = {
        "level": rule.level,
        "day": formats.date_short(rule.effective_from),
        "company": rule.company.name,
        "reason": reason,
    }
    if kind == "authority.asked":
        facts["asked_by"] = rule.set_by.label()
    return write(
        kind,
        f"authority:{rule.pk}",
        facts,
        reverse("decisions") if kind == "authority.asked" else reverse("credit:authority"),
        told,
        company_id=rule.company_id,
        about=(rule._meta.label_lower, rule.pk),
    )
