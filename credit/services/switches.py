"""Switching a part of the exposure off and on: by right, with a reason, from the next day on (domain.md 4.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from ..switch_models import OFF_BY_DEFAULT, ExposureSwitch, SwitchedPart
from .limit_rules import CHANGE


class SwitchUnchanged(Conflict):
    """It counts, or does not, already."""

    code = "nothing_changes"
    message = _("This is so already: nothing changes.")


def switch_part(
    *, company_id: int, part: str, counts: bool, reason: str, by: User, at: datetime
) -> ExposureSwitch:
    """Leave a part out of the exposure, or count it again, from tomorrow on; days before keep what they counted.

    The night in between works out the lists anew; an order confirmed today is measured as it was until today.

    :raises NotAllowed: no right to change the policy there
    :raises Invalid: a part without a switch, no reason
    :raises SwitchUnchanged: it is so already
    """
    errors: dict[str, list[object]] = {}
    if part not in SwitchedPart.values:
        errors["part"] = [_("This part has no switch: it always counts.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
    tomorrow = paris_date(at) + timedelta(days=1)
    with transaction.atomic():
        company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
        if not by.may(CHANGE, company):
            raise NotAllowed
        row = ExposureSwitch.objects.filter(company=company, part=part, effective_to=None).first()
        if counts == ((part in OFF_BY_DEFAULT) == (row is not None)):
            raise SwitchUnchanged
        if row is None:
            row = ExposureSwitch.objects.create(
                company=company,
                part=part,
                effective_from=tomorrow,
                reason=reason.strip(),
                set_by=by,
                set_at=at,
            )
        else:
            row.effective_to, row.end_reason = tomorrow, reason.strip()
            row.ended_by, row.ended_at = by, at
            row.save(update_fields=["effective_to", "ended_by", "ended_at", "end_reason"])
        audit.record(
            "exposure.part_switched",
            company,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            reason=reason.strip(),
            after={"part": part, "counts": counts, "from": tomorrow},
        )
        return row
