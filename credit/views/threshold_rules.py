"""What each risk class is allowed: read by everybody who sees clients, changed by right from a day on."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Company
from accounts.views.answers import explain, now, signed_in
from accounts.views.rule_changes import rule_changes
from credit.alerts.policy import LONG_OVERDUE_DAYS, STEPS
from credit.policy import DATED_THRESHOLDS, Thresholds
from credit.rule_forms import ThresholdForm
from credit.rule_queries import coming_thresholds, thresholds_of
from credit.rule_words import say_thresholds
from credit.services.limit_rules import CHANGE
from credit.services.threshold_rules import change_thresholds
from credit.written.queries import articles_on
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import PermissionMixin

from .authority_rules import company_or_404

_ARTICLES: Final = ("4.2", "4.4", "4.5", "4.7", "4.11")


class ThresholdRules(PermissionMixin, View):
    """The thresholds in force by class, since when and by whom, what begins later, and the form for who may."""

    permission = "accounts.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the page; ``?class=`` puts a class into the form."""
        company, today = company_or_404(request), paris_date(now())
        found = thresholds_of(company, today)
        chosen = found.get(request.GET.get("class", "")) or next(iter(found.values()))
        initial = {name: getattr(chosen.values, name) for name in DATED_THRESHOLDS}
        initial |= {"risk_class": chosen.risk_class, "effective_from": today}
        return _answer(request, company, ThresholdForm(initial=initial, company=company))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change the thresholds of a class."""
        user, company = signed_in(request), company_or_404(request)
        if not user.may(CHANGE, company):
            raise PermissionDenied
        form = ThresholdForm(request.POST, company=company)
        if form.is_valid():
            try:
                change_thresholds(
                    company_id=company.pk,
                    risk_class=form.cleaned_data["risk_class"],
                    values=form.values(),
                    effective_from=form.cleaned_data["effective_from"],
                    reason=form.cleaned_data["reason"],
                    by=user,
                    at=now(),
                )
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(
                    request, _("The thresholds change from that day on; its night looks at every open order.")
                )
                return redirect("credit:thresholds")
        return _answer(request, company, form, status=422)


def _changed(event: AuditEvent) -> str:
    return _("Class %(name)s: %(reason)s") % {"name": event.object_label, "reason": event.reason}


def _answer(request: HttpRequest, company: Company, form: ThresholdForm, status: int = 200) -> HttpResponse:
    user, today = signed_in(request), paris_date(now())
    coming: list[dict[str, Any]] = [
        {
            "change": change,
            "said": say_thresholds(
                Thresholds(**{name: getattr(change, name) for name in DATED_THRESHOLDS}), company.currency
            ),
        }
        for change in coming_thresholds(company, today)
    ]
    context = {
        "menu": "thresholds",
        "title": _("Thresholds of the credit check"),
        "company": company,
        "currency": company.currency,
        "rows": [
            {"row": row, "said": say_thresholds(row.values, company.currency)}
            for row in thresholds_of(company, today).values()
        ],
        "coming": coming,
        "steps": STEPS,
        "long_overdue": LONG_OVERDUE_DAYS,
        "form": form if user.may(CHANGE, company) else None,
        "articles": articles_on(company, _ARTICLES, today),
        "events": rule_changes(company, "thresholds.changed", _changed),
    }
    return render(request, "credit/threshold_rules.html", context, status=status)
