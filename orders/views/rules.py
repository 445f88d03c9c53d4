"""What the company asks of its orders: everybody who sees orders reads it, who may changes it with a reason."""

from __future__ import annotations

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
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import PermissionMixin
from orders.services.rules import CHANGE, OrderRules, change_order_rules, order_rules


class RulesForm(forms.Form):
    """The rules, and why they change."""

    evidence_classes = forms.MultipleChoiceField(
        label=gettext_lazy("Evidence of the client's order asked for in class"),
        choices=RiskClass.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Without a file or the number of the client's order, an order waits on hold."),
    )
    checks_before_production = forms.BooleanField(
        label=gettext_lazy("Check again before production starts"),
        required=False,
        help_text=gettext_lazy(
            "What has changed since the order was confirmed then holds it before it costs."
        ),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def rules_seen(self) -> OrderRules:
        """The rules that stood before the person when the form was drawn."""
        classes, _bar, checks = self.cleaned_data["seen"].partition("|")
        return OrderRules(tuple(sorted(classes)), checks == "1")


class Rules(PermissionMixin, View):
    """The rules in force, what changed before, and the form for who may."""

    permission = "orders.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the page."""
        company = _company(request)
        return _answer(request, company, _form(company, None))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change them."""
        user, company = signed_in(request), _company(request)
        if not user.may(CHANGE, company):
            raise PermissionDenied
        form = _form(company, request.POST)
        if form.is_valid():
            asked = {
                name: form.cleaned_data[name] for name in ("evidence_classes", "checks_before_production")
            }
            try:
                change_order_rules(
                    company_id=company.pk,
                    reason=form.cleaned_data["reason"],
                    seen=form.rules_seen(),
                    by=user,
                    at=now(),
                    **asked,
                )
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The rules are changed; they count from the next check on."))
                return redirect("orders:rules")
        return _answer(request, company, form, status=422)


def _company(request: HttpRequest) -> Company:
    company = company_of(request)
    if company is None:
        raise Http404
    return company


def _form(company: Company, data: Any) -> RulesForm:
    rules = order_rules(company)
    seen = f"{''.join(rules.evidence_classes)}|{int(rules.checks_before_production)}"
    initial = {
        "evidence_classes": list(rules.evidence_classes),
        "checks_before_production": rules.checks_before_production,
        "seen": seen,
    }
    return RulesForm(data, initial=initial)


def _answer(request: HttpRequest, company: Company, form: RulesForm, status: int = 200) -> HttpResponse:
    user = signed_in(request)
    context = {
        "menu": "rules",
        "title": _("Order rules"),
        "company": company,
        "rules": order_rules(company),
        "classes": RiskClass.values,
        "form": form if user.may(CHANGE, company) else None,
        "events": rule_changes(company, "company.rules_changed"),
    }
    return render(request, "orders/rules.html", context, status=status)
