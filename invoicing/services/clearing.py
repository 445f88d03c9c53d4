"""How long money of each method takes to be good: what a company sets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from accounts.models import Company, User
from invoicing.clearing import days_of
from invoicing.clearing_policy import MOST_DAYS
from invoicing.models import ClearingDays
from o2c.shared import audit
from o2c.shared.problems import Invalid

from .shared import require

RIGHT_TO_SET: Final = "policy.change"


def set_clearing_days(*, company: Company, days: Mapping[str, int], by: User, at: datetime) -> dict[str, int]:
    """Set the business days until money of each method is good, for payments recorded from now on.

    :param days: by method; those left out stay as they are
    :raises Invalid: a method that does not exist, less than no day, more than 60
    """
    require(by, RIGHT_TO_SET, company)
    for method, number in days.items():
        if method not in PaymentMethod.values or not 0 <= number <= MOST_DAYS:
            raise Invalid(errors={method: [_("Between 0 and %(most)s business days.") % {"most": MOST_DAYS}]})
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        before = days_of([company.pk])[company.pk]
        after = before | dict(days)
        changed = sorted(method for method in after if after[method] != before.get(method, 0))
        for method in changed:
            ClearingDays.objects.update_or_create(
                company=company, method=method, defaults={"days": after[method]}
            )
        if changed:
            audit.record(
                "clearing.days_changed",
                company,
                by=by,
                at=at,
                label=company.code,
                company_id=company.pk,
                before={method: before.get(method, 0) for method in changed},
                after={method: after[method] for method in changed},
            )
    return after
