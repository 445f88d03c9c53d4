"""Anomalies of invoices: what each does in the company, and the page that asks before one is issued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import Company
from invoicing.firewall.policy import REMEDIES, Anomaly, Severity
from invoicing.firewall.queries import severities_of
from invoicing.firewall.services import CHANGE, set_rules
from invoicing.models import Invoice, InvoiceAnomaly
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin
from orders.models import Order

_SHOWN = 10
_TONES = {
    Severity.BLOCK: ("bad", "ban"),
    Severity.WARN: ("warn", "alert-triangle"),
    Severity.NOTE: ("info", "info-circle"),
}


def ask_first(request: Any, order: Order, findings: Sequence[dict[str, Any]]) -> HttpResponse:
    """Draw what was found before an order is invoiced; where nothing stops it, it may be issued all the same."""
    rows = [
        finding | dict(zip(("tone", "icon"), _TONES[Severity(finding["severity"])], strict=True))
        for finding in sorted(findings, key=lambda each: list(_TONES).index(Severity(each["severity"])))
    ]
    context = {
        "menu": "orders",
        "title": _("Before %(number)s is invoiced") % {"number": order.number},
        "order": order,
        "findings": rows,
        "stops": any(row["severity"] == Severity.BLOCK for row in rows),
        "codes": sorted({row["code"] for row in rows if row["severity"] == Severity.WARN}),
        "next": request.POST.get("next", ""),
    }
    return render(request, "invoicing/anomalies_found.html", context, status=422)


def anomalies_context(invoice: Invoice) -> dict[str, Any]:
    """What the page of an invoice shows of the anomalies it was issued with."""
    rows = InvoiceAnomaly.objects.filter(invoice=invoice).select_related("acknowledged_by")
    return {
        "anomalies": [
            {
                "label": Anomaly(row.code).label,
                "figures": figures_in_words(row.figures),
                "tone": _TONES[Severity(row.severity)][0],
                "icon": _TONES[Severity(row.severity)][1],
                "by": row.acknowledged_by,
                "at": row.noted_at,
            }
            for row in rows
        ]
    }


def figures_in_words(figures: dict[str, Any]) -> str:
    """The figures of an anomaly on one line."""
    parts = (
        ", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in figures.values()
    )
    return " / ".join(part for part in parts if part)


class RulesForm(forms.Form):
    """What each anomaly does, and why that changes."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, company: Company, data: Any = None) -> None:
        super().__init__(data)
        severities = severities_of(company)
        for anomaly in Anomaly:
            self.fields[anomaly.value] = forms.ChoiceField(
                label=anomaly.label,
                choices=Severity.choices,
                initial=severities[anomaly],
                help_text=str(REMEDIES[anomaly]),
            )

    def rows(self) -> list[forms.BoundField]:
        """The field of each anomaly."""
        return [self[anomaly.value] for anomaly in Anomaly]


class Rules(PermissionMixin, View):
    """What is looked for, and the form for who may change it."""

    permission = "invoicing.view"

    def get(self, request: Any) -> HttpResponse:
        """Draw the page."""
        company = _company(request)
        return self.answer(request, company, RulesForm(company))

    def post(self, request: Any) -> HttpResponse:
        """Change it, or say what is missing."""
        company = _company(request)
        if not request.user.may(CHANGE, company):
            raise PermissionDenied
        form = RulesForm(company, request.POST)
        if form.is_valid():
            chosen = {anomaly.value: form.cleaned_data[anomaly.value] for anomaly in Anomaly}
            try:
                changed = set_rules(
                    company=company,
                    severities=chosen,
                    reason=form.cleaned_data["reason"],
                    by=request.user,
                    at=timezone.now(),
                )
            except Refusal as refusal:
                form.add_error(None, str(refusal))
            else:
                if changed:
                    messages.success(request, _("Invoices issued from now on are looked at so."))
                else:
                    messages.info(request, _("Nothing was different."))
                return redirect("invoicing:anomalies")
        return self.answer(request, company, form)

    def answer(self, request: Any, company: Company, form: RulesForm) -> HttpResponse:
        """Draw the page; a reader sees what each anomaly does, without a form."""
        severities = severities_of(company)
        rows = [
            {
                "label": anomaly.label,
                "remedy": REMEDIES[anomaly],
                "severity": severities[anomaly].label,
                "tone": _TONES.get(severities[anomaly], ("mute", "circle-dashed"))[0],
                "icon": _TONES.get(severities[anomaly], ("mute", "circle-dashed"))[1],
            }
            for anomaly in Anomaly
        ]
        events = AuditEvent.objects.filter(action="company.anomalies_changed", object_id=company.pk)
        context = {
            "menu": "anomalies",
            "title": _("Before an invoice is issued"),
            "rows": rows,
            "form": form if request.user.may(CHANGE, company) else None,
            "events": [
                {"at": event.at, "tone": "", "icon": "adjustments", "title": event.actor, "sub": event.reason}
                for event in events.order_by("-at", "-pk")[:_SHOWN]
            ],
        }
        return render(request, "invoicing/anomaly_rules.html", context, status=422 if form.errors else 200)


def _company(request: Any) -> Company:
    if request.company is None:
        raise Http404
    found: Company = request.company
    return found
