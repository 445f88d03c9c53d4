"""Changing what a risk class is allowed: by right, with a reason, from a day on (domain.md 5.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Company, User
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from ..models import ThresholdChange
from ..policy import DATED_THRESHOLDS, Thresholds
from ..rule_policy import threshold_errors
from ..rule_queries import thresholds_of
from .limit_rules import CHANGE


class ThresholdsUnchanged(Conflict):
    """Everything is as asked already."""

    code = "nothing_changes"
    message = _("These are the present thresholds: nothing changes.")


def change_thresholds(
    *,
    company_id: int,
    risk_class: str,
    values: Thresholds,
    effective_from: date,
    reason: str,
    by: User,
    at: datetime,
) -> ThresholdChange:
    """Change what a class is allowed, from a day on; checks of that day and after go by it, the night looks again.

    :param values: all of them; evidence of the order is no part of it
    :param effective_from: today or later
    :raises NotAllowed: no right to change the policy there
    :raises Invalid: an unknown class, a value out of bounds, a past day, no reason
    :raises ThresholdsUnchanged: they are so already from that day on
    """
    asked = {name: getattr(values, name) for name in DATED_THRESHOLDS}
    errors: dict[str, list[Any]] = dict(threshold_errors(asked))
    if risk_class not in RiskClass.values:
        errors["risk_class"] = [_("There is no such risk class.")]
    if effective_from < paris_date(at):
        errors["effective_from"] = [_("Today or later: what was decided stays as it was.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if errors:
        raise Invalid(errors=errors)
    with transaction.atomic():
        company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
        if not by.may(CHANGE, company):
            raise NotAllowed
        before = thresholds_of(company, effective_from)[risk_class].values
        if replace(values, evidence_required=before.evidence_required) == before:
            raise ThresholdsUnchanged
        row = ThresholdChange.objects.create(
            company=company,
            risk_class=risk_class,
            **asked,
            effective_from=effective_from,
            reason=reason.strip(),
            set_by=by,
            set_at=at,
        )
        changed = [name for name in DATED_THRESHOLDS if asked[name] != getattr(before, name)]
        audit.record(
            "thresholds.changed",
            company,
            by=by,
            at=at,
            label=risk_class,
            company_id=company.pk,
            reason=row.reason,
            before={name: _plain(getattr(before, name)) for name in changed},
            after={**{name: _plain(asked[name]) for name in changed}, "effective_from": effective_from},
        )
        return row


def _plain(value: Decimal | int) -> str | int:
    return str(value) if isinstance(value, Decimal) else value
