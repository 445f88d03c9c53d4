"""The days a company agrees to for each type of dispute, and the department that answers (domain.md 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from disputes.enums import Department, DisputeType
from disputes.models import DisputeCosting, DisputeRule
from disputes.policy import DEAREST_HOUR, LONGEST_DELAY
from disputes.queries import hour_rate_of, rules_of
from o2c.shared import audit
from o2c.shared.problems import Invalid

from .shared import require

RIGHT: Final = "policy.change"
HOUR_RATE: Final = "hour_rate"


def set_rules(
    *,
    company: Company,
    rules: Mapping[DisputeType, tuple[Department, int]],
    reason: str,
    by: User,
    at: datetime,
) -> dict[str, Any]:
    """Set what a company agrees to for some types; cases qualified already keep their date.

    :param rules: department and calendar days; types left out stay as they are
    :returns: what has changed, as the journal keeps it; empty where nothing has
    :raises Invalid: no reason, or days below 1 or above a year
    """
    require(by, RIGHT, company.pk)
    if not reason.strip():
        raise Invalid(errors={"reason": [_("A reason is required.")]})
    for kind, (_department, days) in rules.items():
        if not 1 <= days <= LONGEST_DELAY:
            raise Invalid(errors={f"days_{kind}": [_("From 1 to %(most)s days.") % {"most": LONGEST_DELAY}]})
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        now = rules_of(company.pk)
        changed = {kind: rule for kind, rule in rules.items() if now[kind] != rule}
        for kind, (department, days) in changed.items():
            DisputeRule.objects.update_or_create(
                company=company, type=kind, defaults={"department": department, "agreed_days": days}
            )
        if not changed:
            return {}
        after = {str(kind): _words(rule) for kind, rule in changed.items()}
        audit.record(
            "dispute.rules_changed",
            company,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            reason=reason.strip(),
            before={str(kind): _words(now[kind]) for kind in changed},
            after=after,
        )
    return after


def set_hour_rate(*, company: Company, rate: Decimal | None, reason: str, by: User, at: datetime) -> bool:
    """Say what an hour spent on disputes costs, in the company's currency; the report reckons all hours at it.

    :param rate: None: hours have no price
    :returns: whether it has changed
    :raises Invalid: no reason, a rate that is none
    """
    require(by, RIGHT, company.pk)
    if not reason.strip():
        raise Invalid(errors={"reason": [_("A reason is required.")]})
    if rate is not None and not 0 < rate <= DEAREST_HOUR:
        raise Invalid(errors={HOUR_RATE: [_("Above 0, at most %(most)s.") % {"most": DEAREST_HOUR}]})
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        before = hour_rate_of(company.pk)
        if before == rate:
            return False
        DisputeCosting.objects.update_or_create(company=company, defaults={"hour_rate": rate})
        audit.record(
            "dispute.rules_changed",
            company,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            reason=reason.strip(),
            before={HOUR_RATE: before},
            after={HOUR_RATE: rate},
        )
    return True


def _words(rule: tuple[Department, int]) -> str:
    return f"{rule[0]} {rule[1]}"
