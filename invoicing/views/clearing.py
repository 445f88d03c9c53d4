"""How long money of each method takes to be good: the company's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.enums import PaymentMethod
from accounts.models import Company
from invoicing import services
from invoicing.clearing import days_of
from invoicing.clearing_policy import MOST_DAYS
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import said, translated

_HELP: dict[str, Any] = {
    PaymentMethod.CHEQUE: gettext_lazy("Until then an unpaid cheque may come back."),
    PaymentMethod.DIRECT_DEBIT: gettext_lazy(
        "The payer may have a debit refunded for eight weeks: the payment says so, exposure does not wait for it."
    ),
    PaymentMethod.SDD_B2B: gettext_lazy(
        "The payer may not have it refunded; its bank has three days to refuse."
    ),
    PaymentMethod.LCR: gettext_lazy("From the day the bill matures."),
    PaymentMethod.BOR: gettext_lazy("From the day the note matures."),
}


class ClearingForm(forms.Form):
    """A number of business days for each method."""

    def __init__(self, *args: Any, days: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for method in PaymentMethod:
            self.fields[method.value] = forms.IntegerField(
                min_value=0,
                max_value=MOST_DAYS,
                initial=days.get(method.value, 0),
                label=method.label,
                help_text=_HELP.get(method.value, ""),
            )


class ClearingPage(PermissionMixin, View):
    """The form and its act; who may not change them reads them."""

    permission = "invoicing.view"

    def get(self, request: Any) -> HttpResponse:
        """Draw the form with what is in force."""
        return self._draw(request, ClearingForm(days=_days(request.company)))

    def post(self, request: Any) -> HttpResponse:
        """Set the days."""
        form = ClearingForm(request.POST, days=_days(request.company))
        if form.is_valid():
            try:
                with translated():
                    services.set_clearing_days(
                        company=request.company, days=form.cleaned_data, by=request.user, at=timezone.now()
                    )
            except Refusal as refusal:
                form.add_error(None, " ".join(said(refusal)) or str(refusal))
            else:
                messages.success(
                    request, _("The clearing days are set; they hold for payments recorded from now on.")
                )
                return redirect("invoicing:clearing")
        return self._draw(request, form, status=422)

    def _draw(self, request: Any, form: ClearingForm, status: int = 200) -> HttpResponse:
        may = request.user.may("policy.change", request.company)
        context = {"menu": "payments", "title": _("Clearing days"), "form": form, "may_change": may}
        return render(request, "invoicing/clearing.html", context, status=status)


def _days(company: Company) -> dict[str, int]:
    return days_of([company.pk])[company.pk]
