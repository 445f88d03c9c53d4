"""The accounting interface: the entries of a month as a file, and the accounts they are booked on."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.http import require_GET

from accounts.models import Company
from invoicing.accounting import fec
from invoicing.accounting.chart import DEFAULTS, Use
from invoicing.accounting.queries import accounts_of
from invoicing.accounting.services import RIGHT, set_accounts
from o2c.shared.calendar import end_of_month
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import needs, translated


@needs("accounting.export")
@require_GET
def entries_file(request: Any, year: int, month: int) -> HttpResponse | StreamingHttpResponse:
    """The entries of a month in the layout of the FEC; of the current month, those up to today."""
    company, today = _company(request), timezone.localdate()
    try:
        first = date(year, month, 1)
    except ValueError as error:
        raise Http404 from error
    if first > today:
        raise Http404
    until = min(end_of_month(first), today)
    pieces = fec.written(company, first=first, until=until)
    try:
        begun = next(pieces)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("invoicing:periods")

    def whole() -> Any:
        yield begun
        yield from pieces

    answer = StreamingHttpResponse(whole(), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{fec.file_name(company, until)}"'
    return answer


class AccountsForm(forms.Form):
    """Number and name of the account of each use."""

    def __init__(self, company: Company, data: Any = None) -> None:
        super().__init__(data)
        known = accounts_of(company)
        for use in Use:
            number, label = known[use]
            self.fields[f"{use}_number"] = forms.CharField(label=use.label, max_length=20, initial=number)
            self.fields[f"{use}_label"] = forms.CharField(label=_("Name"), max_length=100, initial=label)

    def rows(self) -> list[dict[str, Any]]:
        """Number and name of each use, with what the chart says."""
        return [
            {
                "use": use,
                "number": self[f"{use}_number"],
                "label": self[f"{use}_label"],
                "default": DEFAULTS[use][0],
            }
            for use in Use
        ]


class Accounts(PermissionMixin, View):
    """A form, then the act."""

    permission = RIGHT

    def get(self, request: Any) -> HttpResponse:
        """Draw the form."""
        return self.answer(request, AccountsForm(_company(request)))

    def post(self, request: Any) -> HttpResponse:
        """Keep them, or say which is none."""
        company = _company(request)
        form = AccountsForm(company, request.POST)
        if form.is_valid():
            chosen = {
                use.value: (form.cleaned_data[f"{use}_number"], form.cleaned_data[f"{use}_label"])
                for use in Use
            }
            try:
                with translated():
                    set_accounts(company=company, accounts=chosen, by=request.user, at=timezone.now())
            except Refusal as refusal:
                for use, said in refusal.errors.items():
                    form.add_error(f"{use}_number", [str(text) for text in said])
            else:
                messages.success(request, _("The accounts are kept."))
                return redirect("invoicing:accounts")
        return self.answer(request, form)

    def answer(self, request: Any, form: AccountsForm) -> HttpResponse:
        """Draw the page."""
        context = {"menu": "periods", "title": _("Accounts of the interface"), "form": form}
        return render(request, "invoicing/ledger_accounts.html", context, status=422 if form.errors else 200)


def _company(request: Any) -> Company:
    if request.company is None:
        raise Http404
    return request.company
