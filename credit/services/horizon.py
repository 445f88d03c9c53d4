"""Setting the order horizon of a company and ending it: by right, with a reason, from the next day on."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotAllowed

from ..horizon_models import LONGEST, OrderHorizon
from .limit_rules import CHANGE
from .switches import SwitchUnchanged


def set_horizon(
    *, company_id: int, days: int | None, reason: str, by: User, at: datetime
) -> OrderHorizon | None:
    """Count orders to be delivered within so many days, from tomorrow on; days before keep what they counted.

    The new day looks again at whatever counts then and did not before.

    :param days: None ends the horizon: every confirmed order counts again
    :returns: the row in force from tomorrow on; None without one
    :raises NotAllowed: no right to change the policy there
    :raises Invalid: days out of range, no reason
    :raises SwitchUnchanged: it is so already
    """
    errors: dict[str, list[object]] = {}
    if days is not None and not 0 <= days <= LONGEST:
        errors["days"] = [_("Enter between 0 and %(most)d days.") % {"most": LONGEST}]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
    tomorrow = paris_date(at) + timedelta(days=1)
    with transaction.atomic():
        company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
        if not by.may(CHANGE, company):
            raise NotAllowed
        before = OrderHorizon.objects.filter(company=company, effective_to=None).first()
        if days == (None if before is None else before.days):
            raise SwitchUnchanged
        if before is not None:
            before.effective_to, before.end_reason = tomorrow, reason.strip()
            before.ended_by, before.ended_at = by, at
            before.save(update_fields=["effective_to", "ended_by", "ended_at", "end_reason"])
        row = None
        if days is not None:
            row = OrderHorizon.objects.create(
                company=company,
                days=days,
                effective_from=tomorrow,
                reason=reason.strip(),
                set_by=by,
                set_at=at,
            )
        audit.record(
            "exposure.horizon_set",
            company,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            reason=reason.strip(),
            before={"days": None if before is None else before.days},
            after={"days": days, "from": tomorrow},
        )
        return row
