"""What the company rules about base limits by class: everybody who sees clients reads it, who may changes it."""

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
from credit.forms import unit_of
from credit.services.limit_rules import CHANGE, LONGEST_REVIEW, ClassRule, change_limit_rule, limit_rules
from o2c.shared.fields import MoneyField
from o2c.shared.models import AuditEvent
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import PermissionMixin


class LimitRuleForm(forms.Form):
    """Cap and months of one class, and why they change."""

    risk_class = forms.ChoiceField(label=gettext_lazy("Class"), choices=RiskClass.choices)
    limit_cap = MoneyField(
        label=gettext_lazy("Cap"),
        required=False,
        help_text=gettext_lazy("Incl. VAT; no cap when left empty."),
    )
    review_months = forms.IntegerField(
        label=gettext_lazy("Months until a review"), min_value=1, max_value=LONGEST_REVIEW
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["limit_cap"].unit = unit_of(company.currency)  # type: ignore[attr-defined]

    def rule(self) -> ClassRule:
        """What is asked for."""
        asked = self.cleaned_data
        return ClassRule(asked["risk_class"], asked["limit_cap"], asked["review_months"])


class LimitRules(PermissionMixin, View):
    """The rules in force, what changed before, and the form for who may."""

    permission = "accounts.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the page; ``?class=`` puts a class into the form."""
        company = _company(request)
        chosen = next(
            (rule for rule in limit_rules(company) if rule.risk_class == request.GET.get("class")), None
        )
        initial = {} if chosen is None else chosen.__dict__
        return _answer(request, company, LimitRuleForm(initial=initial, company=company))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change the rule of a class."""
        user, company = signed_in(request), _company(request)
        if not user.may(CHANGE, company):
            raise PermissionDenied
        form = LimitRuleForm(request.POST, company=company)
        if form.is_valid():
            try:
                change_limit_rule(
                    company_id=company.pk,
                    rule=form.rule(),
                    reason=form.cleaned_data["reason"],
                    by=user,
                    at=now(),
                )
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The rule is changed; the next night looks at limits by it."))
                return redirect("credit:limit_rules")
        return _answer(request, company, form, status=422)


def _company(request: HttpRequest) -> Company:
    company = company_of(request)
    if company is None:
        raise Http404
    return company


def _class_changed(event: AuditEvent) -> str:
    return _("Class %(name)s: %(reason)s") % {"name": event.object_label, "reason": event.reason}


def _answer(request: HttpRequest, company: Company, form: LimitRuleForm, status: int = 200) -> HttpResponse:
    user = signed_in(request)
    context = {
        "menu": "limit_rules",
        "title": _("Limit rules"),
        "company": company,
        "rules": limit_rules(company),
        "currency": company.currency,
        "form": form if user.may(CHANGE, company) else None,
        "events": rule_changes(company, "limit.rules_changed", _class_changed),
    }
    return render(request, "credit/limit_rules.html", context, status=status)
