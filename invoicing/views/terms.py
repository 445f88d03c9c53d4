"""What clients agreed to: late-payment terms of one client or of all, and a client's own cash discount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import find_account
from invoicing.interest_policy import Regime
from invoicing.models import AgreedTerms, CashDiscount
from invoicing.services import cash_discounts, waivers
from o2c.shared.fields import DateField

from .base import translated
from .interest import AGREES, ActForm, ReasonForm


class TermsForm(ReasonForm):
    """Rate, days of a year, from when."""

    regime = forms.ChoiceField(label=gettext_lazy("Rate"), choices=Regime.choices)
    contract_rate = forms.DecimalField(
        label=gettext_lazy("Rate of the contract, % a year"),
        required=False,
        max_digits=6,
        decimal_places=4,
        localize=True,
        help_text=gettext_lazy(
            "At least three times the legal interest rate; a lower one is kept and flagged."
        ),
    )
    valid_from = DateField(label=gettext_lazy("For invoices issued from"), prefer="nearest")
    field_order = ("regime", "contract_rate", "valid_from", "reason")


class AgreeOnTerms(ActForm):
    """What a client owes when late."""

    permission = AGREES
    template = "invoicing/penalty_terms.html"

    def account(self, request: Any, code: str) -> CustomerAccount:
        """The client, if it is the reader's to see."""
        with translated():
            return find_account(request.user, request.company, code)

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The present terms."""
        row = AgreedTerms.objects.filter(account=self.account(request, which["code"])).order_by("-pk").first()
        initial: dict[str, Any] = {"valid_from": timezone.localdate()}
        if row is not None:
            rate = row.contract_rate.normalize() if row.contract_rate is not None else None
            initial |= {"regime": row.regime, "contract_rate": rate}
        return TermsForm(data, initial=initial)

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Store them."""
        account = self.account(request, which["code"])
        data = form.cleaned_data
        waivers.agree_on_terms(
            account_id=account.pk,
            by=request.user,
            at=timezone.now(),
            **data | {"regime": Regime(data["regime"])},
        )
        messages.success(request, _("The terms for late payment are noted."))
        return redirect("accounts:detail", code=account.code)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The client and the earlier rows."""
        account = self.account(request, which["code"])
        rows = AgreedTerms.objects.filter(account=account).select_related("recorded_by")
        return {
            "title": _("Late-payment terms of %(client)s") % {"client": account.name},
            "account": account,
            "rows": list(rows.order_by("-pk")),
        }


class CompanyTerms(ActForm):
    """What every client owes when late that agreed to nothing else."""

    permission = "invoicing.view"
    template = "invoicing/penalty_terms.html"

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The present terms."""
        row = AgreedTerms.objects.filter(company=request.company, account=None).order_by("-pk").first()
        initial: dict[str, Any] = {"valid_from": timezone.localdate()}
        if row is not None:
            rate = row.contract_rate.normalize() if row.contract_rate is not None else None
            initial |= {"regime": row.regime, "contract_rate": rate}
        return TermsForm(data, initial=initial)

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Store them."""
        data = form.cleaned_data
        waivers.agree_on_terms(
            account_id=None,
            company=request.company,
            by=request.user,
            at=timezone.now(),
            **data | {"regime": Regime(data["regime"])},
        )
        messages.success(request, _("The terms for late payment are noted."))
        return redirect("invoicing:company_terms")

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The earlier rows."""
        rows = AgreedTerms.objects.filter(company=request.company, account=None).select_related("recorded_by")
        return {
            "title": _("Late-payment terms of all clients"),
            "account": None,
            "rows": list(rows.order_by("-pk")),
            "may_change": request.user.may(waivers.COMPANY_TERMS_RIGHT, request.company),
            "cancel_url": reverse("invoicing:penalty_notes"),
        }


class DiscountForm(ReasonForm):
    """A discount with its days, or neither."""

    percent = forms.DecimalField(
        label=gettext_lazy("Cash discount, percent"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal("99.99"),
        decimal_places=2,
        localize=True,
        help_text=gettext_lazy("Left empty, what the company grants all clients counts."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("for money within so many days of the issue"),
        required=False,
        min_value=0,
        max_value=cash_discounts.MOST_DAYS,
    )
    field_order = ("percent", "days", "reason")


class ClientDiscount(ActForm):
    """The cash discount of one client."""

    permission = AGREES
    template = "invoicing/client_discount.html"

    def account(self, request: Any, code: str) -> CustomerAccount:
        """The client, if it is the reader's to see."""
        with translated():
            return find_account(request.user, request.company, code)

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The present discount."""
        row = CashDiscount.objects.filter(account=self.account(request, which["code"])).first()
        initial = {"percent": row.percent.normalize(), "days": row.days} if row is not None else {}
        return DiscountForm(data, initial=initial)

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Store it."""
        account = self.account(request, which["code"])
        cash_discounts.set_cash_discount(
            account_id=account.pk, by=request.user, at=timezone.now(), **form.cleaned_data
        )
        messages.success(request, _("The cash discount is set."))
        return redirect("accounts:detail", code=account.code)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The client, and what counts without a discount of its own."""
        account = self.account(request, which["code"])
        return {
            "title": _("Cash discount of %(client)s") % {"client": account.name},
            "account": account,
            "of_all": CashDiscount.objects.filter(company=account.company_id, account=None).first(),
        }
