"""The exposure of every client on the screen and as a file."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from credit.history import NoSnapshot
from o2c.shared.problems import Invalid

from .exposure import SNAPSHOT, exposure_report
from .exposure_files import exposure_sheet
from .exposure_screen import DEFAULT_SORT, laid_out
from .files import FORMATS
from .forms import ReportForm
from .frame import client_url, download, form_of, kept, page_number, reader_of_reports, reps, usual_days

_FILTERS: Final = ("as_of", "account", "sales_rep", "siren", "group")


@reader_of_reports
def exposure_page(request: Any) -> HttpResponseBase:
    """What each client uses of its limit on any day; ``?export=`` gives the same report as a file."""
    today = timezone.localdate()
    form = form_of(ReportForm, request)
    day = form.cleaned_data.get("as_of") or today
    missing, report = "", None
    try:
        report = exposure_report(
            user=request.user,
            company=request.company,
            as_of=day,
            at=timezone.now(),
            selection=form.selection(),
        )
    except NoSnapshot as refusal:
        missing = str(refusal)
    except Invalid as refusal:
        for said in refusal.errors["as_of"]:
            form.add_error("as_of", str(said))
    export = request.GET.get("export", "")
    if report is not None and export in FORMATS:
        return download(exposure_sheet(report), export)
    sort = request.GET.get("sort") or DEFAULT_SORT
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
            sort=sort,
            page=page_number(request),
        ),
        "clients": len(report.rows) if report else 0,
        "kept": filters,
        "days": usual_days(today),
        "rep_label": dict(reps(request.company)).get(request.GET.get("sales_rep", ""), ""),
        "can_import": request.user.may("imports.run", request.company),
        "link": request.build_absolute_uri(f"{request.path}?{link}"),
    }
    return render(request, "reports/exposure.html", context)
