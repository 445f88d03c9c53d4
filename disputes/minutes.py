"""The minutes of a sitting on paper: who was there, each case with its decision, the delays kept and missed."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.pdf import render_pdf

from .committee_models import Committee
from .committee_policy import scoreboard
from .enums import Department
from .models import Dispute


def minutes_pdf(committee: Committee, at: datetime) -> bytes:
    """Write the minutes, in the language of the house."""
    language = settings.LANGUAGE_CODE
    with translation.override(language):
        context = {
            "company": committee.company,
            "committee": committee,
            "title": _("Minutes of the dispute committee of %(day)s")
            % {"day": formats.date_short(committee.held_on)},
            "present": [
                (row.user.label(), row.get_department_display())
                for row in committee.attendances.select_related("user").order_by("department", "pk")
            ],
            "decisions": [
                (row, ", ".join(str(Department(each).label) for each in row.accepted_by))
                for row in committee.decisions.select_related(
                    "dispute__account", "owner", "decided_by"
                ).order_by("pk")
            ],
            "scores": scores_of(committee.company_id, at),
            "validated_at": at,
        }
    return render_pdf("pdf/minutes.html", context, language=language)


def scores_of(company_id: int, at: datetime) -> tuple[object, ...]:
    """Delays kept or missed per department of a company, over all its cases."""
    cases = Dispute.objects.filter(company=company_id, agreed_due_on__isnull=False)
    rows = cases.values_list("department", "agreed_due_on", "closed_on")
    return scoreboard(rows, paris_date(at))
