"""What each anomaly does in a company."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from invoicing.models import AnomalyRule
from invoicing.services.shared import require
from o2c.shared import audit
from o2c.shared.problems import Invalid

from .policy import DEFAULTS, Anomaly, Severity
from .queries import severities_of

CHANGE: Final = "policy.change"


def set_rules(
    *, company: Company, severities: Mapping[str, str], reason: str, by: User, at: datetime
) -> list[str]:
    """Say what anomalies do in a company, with a reason; invoices issued from then on are looked at so.

    :returns: the codes that changed
    :raises Invalid: an unknown code or severity, or no reason
    """
    wrong: dict[str, list[Any]] = {}
    for code, severity in severities.items():
        if code not in Anomaly.values or severity not in Severity.values:
            wrong[code] = [_("Unknown.")]
    if not reason.strip():
        wrong["reason"] = [_("A reason is required.")]
    if wrong:
        raise Invalid(errors=wrong)
    with transaction.atomic():
        require(by, CHANGE, company)
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        before = severities_of(company)
        changed = {code: severity for code, severity in severities.items() if before[code] != severity}
        for code, severity in changed.items():
            if DEFAULTS[code] == severity:
                AnomalyRule.objects.filter(company=company, code=code).delete()
            else:
                AnomalyRule.objects.update_or_create(
                    company=company, code=code, defaults={"severity": severity}
                )
        if changed:
            audit.record(
                "company.anomalies_changed",
                company,
                by=by,
                at=at,
                reason=reason.strip(),
                label=company.code,
                company_id=company.pk,
                before={code: before[code].value for code in changed},
                after=changed,
            )
    return sorted(changed)
