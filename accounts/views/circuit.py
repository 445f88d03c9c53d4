"""The page of a client's payment circuit."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount, PaymentCircuit
from accounts.queries import circuit_of
from accounts.services import circuit as services
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .answers import client_or_404, explain, now, signed_in


class RunDaysField(forms.CharField):
    """Days of the month as people write them: ``10, 25, 31``."""

    def to_python(self, value: Any) -> Any:
        """Return the days; none of an empty field."""
        words = re.split(r"[\s,;/]+", str(value or "").strip())
        if not all(word.isdecimal() for word in words if word):
            raise ValidationError(_("Write days of the month with commas: 10, 25."))
        return [int(word) for word in words if word]

    def prepare_value(self, value: Any) -> Any:
        """Write the days."""
        return ", ".join(str(day) for day in value) if isinstance(value, list) else value


class CircuitForm(forms.Form):
    """Who approves, where, until when, paid on which days, with which references."""

    validator = forms.CharField(label=gettext_lazy("Who approves invoices"), required=False, max_length=200)
    portal = forms.CharField(label=gettext_lazy("Portal for invoices"), required=False, max_length=200)
    references = forms.CharField(
        label=gettext_lazy("References an invoice must carry"), required=False, max_length=200
    )
    run_days = RunDaysField(
        label=gettext_lazy("Payment-run days"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Days of the month, 31 for the last one: 10, 25."),
    )
    cut_off_day = forms.IntegerField(
        label=gettext_lazy("Cut-off day"),
        required=False,
        min_value=1,
        max_value=31,
        help_text=gettext_lazy(
            "What comes after this day of the month is paid with the runs of the next month."
        ),
    )


class Circuit(PermissionMixin, View):
    """How a client approves and pays: read by all who see the client, changed by who changes clients."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw it."""
        account = client_or_404(request, code)
        known = circuit_of(account) or PaymentCircuit(account=account)
        form = CircuitForm(initial={name: getattr(known, name) for name in services.FIELDS})
        return self.answer(request, account, form)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Change it, or say what is wrong."""
        account, form, user = client_or_404(request, code), CircuitForm(request.POST), signed_in(request)
        if not user.may(services.RIGHT, account.company):
            raise PermissionDenied
        if form.is_valid():
            try:
                services.change_circuit(account_id=account.pk, values=form.cleaned_data, by=user, at=now())
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("Expected dates and reminders go by it from now on."))
                return redirect("accounts:detail", account.code)
        return self.answer(request, account, form, status=422)

    def answer(
        self, request: HttpRequest, account: CustomerAccount, form: CircuitForm, status: int = 200
    ) -> HttpResponse:
        """Draw the page."""
        context = {
            "menu": "accounts",
            "title": _("Payment circuit"),
            "account": account,
            "form": form,
            "may_change": signed_in(request).may(services.RIGHT, account.company),
        }
        return render(request, "accounts/circuit.html", context, status=status)
