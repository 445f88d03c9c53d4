"""The page of dispute analysis: Pareto of causes, departments and types, delays and what went right first time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .dispute_bars import total
from .disputes import dispute_report
from .frame import kept, reader_of_reports
from .scope import Selection

_FILTERS = ("account", "sales_rep", "siren", "group")


@reader_of_reports
def disputes(request: Any) -> HttpResponse:
    """Draw the analysis of today, narrowed as the address says."""
    today = timezone.localdate()
    chosen = kept(request, _FILTERS)
    report = dispute_report(
        user=request.user, company=request.company, as_of=today, selection=Selection(**chosen)
    )
    address = reverse("api-disputes-report")
    context = {
        "menu": "dispute_report",
        "title": _("Disputes: causes and delays"),
        "report": report,
        "cost": total(report.own, "cost"),
        "open": len(report.own) - len(report.ended),
        "tables": [
            (_("Root causes"), report.causes()),
            (_("Departments"), report.departments()),
            (_("What is disputed"), report.types()),
            (_("Sales reps"), report.salespeople()),
            (_("Articles"), report.products()),
            (_("Carriers"), report.carriers()),
        ],
        "files": [
            (kind.upper(), f"{address}?{urlencode({'format': kind, **chosen})}")
            for kind in ("csv", "xlsx", "pdf")
        ],
        "currency": request.company.currency,
    }
    return render(request, "reports/disputes.html", context)
