"""Margin and expected loss of a company: everybody who decides reads them, who may changes them with a reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.enums import RiskClass
from accounts.models import Company
from accounts.views.answers import company_of, explain, now, signed_in
from accounts.views.rule_changes import rule_changes
from credit.services.limit_rules import CHANGE
from credit.services.stake_rules import StakeRules, change_stake_rules, stake_rules
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import PermissionMixin


class StakeRulesForm(forms.Form):
    """The rates, and why they change."""

    margin_pct = forms.DecimalField(
        label=gettext_lazy("Margin, in percent of sales excl. VAT"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        localize=True,
        help_text=gettext_lazy("Empty while it is not known: decisions then show the expected loss alone."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in RiskClass.values:
            self.fields[f"loss_{name}"] = forms.DecimalField(
                label=_("Lost of sales to class %(name)s, in percent") % {"name": name},
                min_value=0,
                max_value=100,
                decimal_places=2,
                localize=True,
            )

    def losses(self) -> list[Any]:
        """The fields of the classes."""
        return [self[f"loss_{name}"] for name in RiskClass.values]

    def rules(self) -> StakeRules:
        """What is asked for."""
        asked = self.cleaned_data
        return StakeRules(asked["margin_pct"], {name: asked[f"loss_{name}"] for name in RiskClass.values})


class StakeRulesPage(PermissionMixin, View):
    """The rates in force, what changed before, and the form for who may."""

    permission = "decisions.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the page."""
        company = _company(request)
        rules = stake_rules(company)
        initial = {"margin_pct": rules.margin_pct} | {
            f"loss_{name}": value for name, value in rules.loss_pct.items()
        }
        return _answer(request, company, StakeRulesForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change the rates."""
        user, company = signed_in(request), _company(request)
        if not user.may(CHANGE, company):
            raise PermissionDenied
        form = StakeRulesForm(request.POST)
        if form.is_valid():
            try:
                change_stake_rules(
                    company_id=company.pk,
                    rules=form.rules(),
                    reason=form.cleaned_data["reason"],
                    by=user,
                    at=now(),
                )
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The rates are changed; the next decision shows them."))
                return redirect("credit:stake_rules")
        return _answer(request, company, form, status=422)


def _company(request: HttpRequest) -> Company:
    company = company_of(request)
    if company is None:
        raise Http404
    return company


def _answer(request: HttpRequest, company: Company, form: StakeRulesForm, status: int = 200) -> HttpResponse:
    user = signed_in(request)
    context = {
        "menu": "decisions",
        "title": _("Margin and expected loss"),
        "company": company,
        "rules": stake_rules(company),
        "form": form if user.may(CHANGE, company) else None,
        "events": rule_changes(company, "stake.rules_changed"),
    }
    return render(request, "credit/stake_rules.html", context, status=status)
