"""What counts in the exposure of a company: everybody who sees clients reads it, who may changes it with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import Company
from accounts.views.answers import company_of, explain, now, signed_in
from credit.drawing import PART_LABELS
from credit.formulas import PART_CODES
from credit.horizon import horizon_history, horizon_on
from credit.horizon_models import LONGEST
from credit.services.horizon import set_horizon
from credit.services.limit_rules import CHANGE
from credit.services.switches import switch_part
from credit.switch_models import OFF_BY_DEFAULT, SwitchedPart
from credit.switches import left_out_on, switch_history, switches_on
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import PermissionMixin

_LABELS = PART_LABELS | {"open_invoices": gettext_lazy("Open invoices")}


class SwitchForm(forms.Form):
    """One part, whether it counts, and why."""

    part = forms.ChoiceField(label=gettext_lazy("Part"), choices=SwitchedPart.choices)
    counts = forms.TypedChoiceField(
        label=gettext_lazy("In the exposure"),
        choices=[("1", gettext_lazy("counts")), ("0", gettext_lazy("does not count"))],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))


class HorizonForm(forms.Form):
    """Up to which delivery orders count, and why; without days, all of them do."""

    days = forms.IntegerField(
        label=gettext_lazy("Days until delivery"),
        help_text=gettext_lazy("Empty: every confirmed order counts."),
        required=False,
        min_value=0,
        max_value=LONGEST,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))


class ExposureRules(PermissionMixin, View):
    """Each part with what holds today and from tomorrow on, and the form for who may."""

    permission = "accounts.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the page."""
        return _answer(request, _company(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Switch a part, or set the horizon of orders."""
        user, company = signed_in(request), _company(request)
        if not user.may(CHANGE, company):
            raise PermissionDenied
        is_horizon = "horizon" in request.POST
        form = HorizonForm(request.POST, prefix="horizon") if is_horizon else SwitchForm(request.POST)
        act = set_horizon if is_horizon else switch_part
        if form.is_valid():
            try:
                act(company_id=company.pk, by=user, at=now(), **form.cleaned_data)
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                done = (
                    _("The horizon changes tomorrow.")
                    if is_horizon
                    else _("It is switched from tomorrow on.")
                )
                messages.success(request, done)
                return redirect("credit:exposure_rules")
        return _answer(request, company, form, status=422)


def _company(request: HttpRequest) -> Company:
    company = company_of(request)
    if company is None:
        raise Http404
    return company


def _answer(
    request: HttpRequest, company: Company, form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    today = paris_date(now())
    may = signed_in(request).may(CHANGE, company)
    horizon = horizon_on(company.pk, today)
    coming = horizon_on(company.pk, today + timedelta(days=1))
    rows = {row.part: row for row in switches_on(company, today)}
    left_out, tomorrow = left_out_on(company, today), left_out_on(company, today + timedelta(days=1))
    context: dict[str, Any] = {
        "menu": "limit_rules",
        "title": _("What counts in the exposure"),
        "company": company,
        "parts": [
            {
                "label": _LABELS[code],
                "switched": code in SwitchedPart.values,
                "counts": code not in left_out,
                "off_by_default": code in OFF_BY_DEFAULT,
                "row": rows.get(code),
                "changes": (code in tomorrow) != (code in left_out),
            }
            for code in PART_CODES
        ],
        "history": switch_history(company),
        "horizon": horizon,
        "coming": coming,
        "horizon_changes": coming != horizon,
        "horizon_history": horizon_history(company),
        "form": (form if isinstance(form, SwitchForm) else SwitchForm()) if may else None,
        "horizon_form": (form if isinstance(form, HorizonForm) else HorizonForm(prefix="horizon"))
        if may
        else None,
    }
    return render(request, "credit/exposure_rules.html", context, status=status)
