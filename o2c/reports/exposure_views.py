"""The exposure of every client on the screen and as a file."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Company
from credit.history import NoSnapshot
from o2c.shared.problems import Invalid

from .catalogue import EXPOSURE, Asked
from .exposure import SNAPSHOT, Page, exposure_report
from .exposure_screen import DEFAULT_SORT, ROWS, laid_out
from .files import FORMATS
from .forms import ReportForm
from .frame import (
    answered,
    client_url,
    form_of,
    kept,
    page_number,
    reader_of_reports,
    reading,
    reps,
    usual_days,
)

_FILTERS: Final = ("as_of", "account", "sales_rep", "siren", "group")


@reader_of_reports
def exposure_page(request: Any) -> HttpResponseBase:
    """What each client uses of its limit on any day; ``?export=`` gives the same report as a file."""
    today = timezone.localdate()
    form, asked = exposure_question(request.GET, request.company, today)
    day, export = asked.as_of, request.GET.get("export", "")
    missing, report = "", None
    page = Page(page_number(request), ROWS, request.GET.get("sort") or DEFAULT_SORT)
    try:
        if export in FORMATS:
            return answered(request, asked, export, menu="exposure")
        report = reading(
            form,
            asked,
            lambda each: exposure_report(
                user=request.user,
                company=request.company,
                as_of=each.as_of,
                at=timezone.now(),
                selection=each.selection,
                page=page,
            ),
        )
    except NoSnapshot as refusal:
        missing = str(refusal)
    except Invalid as refusal:
        for said in refusal.errors["as_of"]:
            form.add_error("as_of", str(said))
    filters = kept(request, _FILTERS)
    past = day < today
    link = urlencode(filters | {"as_of": day.isoformat()})
    context = {
        "menu": "exposure",
        "title": _("Exposure on %(day)s") % {"day": f"{day:%d/%m/%Y}"},
        "form": form,
        "day": day,
        "report": report,
        "missing": missing,
        "is_today": not past,
        "recorded": report is not None and report.source == SNAPSHOT,
        "screen": report
        and laid_out(
            report,
            lambda code: f"{client_url(code)}?as_of={day.isoformat()}#exposure" if past else client_url(code),
            sort=page.sort,
            page=page.number,
        ),
        "clients": report.clients if report else 0,
        "kept": filters,
        "days": usual_days(today),
        "rep_label": dict(reps(request.company)).get(request.GET.get("sales_rep", ""), ""),
        "can_import": request.user.may("imports.run", request.company),
        "link": request.build_absolute_uri(f"{request.path}?{link}"),
    }
    return render(request, "reports/exposure.html", context)


def exposure_question(data: QueryDict, company: Company, today: date) -> tuple[ReportForm, Asked]:
    """Return what an address asks for; what cannot be read is said at its field and left out."""
    form = form_of(ReportForm, data, company)
    day = form.cleaned_data.get("as_of") or today
    return form, Asked(report=EXPOSURE, as_of=day, selection=form.selection())
