"""Pages of the accounting periods: what is open, closing a month, opening one again."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import dateformat, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views import View

from accounts.models import Company
from invoicing import services
from invoicing.periods import Month, months_of
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import translated


class ReopenForm(forms.Form):
    """Why a month is opened again."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))


class Periods(PermissionMixin, View):
    """The months of the books, newest first."""

    permission = "invoicing.view"

    def get(self, request: Any) -> HttpResponse:
        """Draw the list."""
        company = _company(request)
        return render(
            request,
            "invoicing/periods.html",
            {
                "menu": "periods",
                "title": _("Accounting periods"),
                "months": months_of(company, timezone.localdate()),
                "may_close": request.user.may("periods.close", company),
                "may_export": request.user.may("accounting.export", company),
                "may_set_accounts": request.user.may("accounting.accounts", company),
                "may_reopen": request.user.may("periods.reopen", company),
            },
        )


class _OneMonth(PermissionMixin, View):
    """A page that says what will happen to a month, then one act."""

    form_class: ClassVar[type[forms.Form]] = forms.Form
    title: ClassVar[str | Promise]
    verb: ClassVar[str | Promise]
    danger: ClassVar[bool] = False

    def get(self, request: Any, year: int, month: int) -> HttpResponse:
        """Draw the form."""
        return self.answer(request, _first(year, month), self.form_class())

    def post(self, request: Any, year: int, month: int) -> HttpResponse:
        """Do it, or say what is missing."""
        form, first = self.form_class(request.POST), _first(year, month)
        if form.is_valid():
            try:
                with translated():
                    self.act(request, _company(request), first, form)
            except Refusal as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("invoicing:periods")
        return self.answer(request, first, form)

    def act(self, request: Any, company: Company, first: date, form: forms.Form) -> None:
        """Do what the page is for."""
        raise NotImplementedError

    def consequence(self, months: list[Month], first: date) -> str:
        """What follows, in one sentence."""
        raise NotImplementedError

    def answer(self, request: HttpRequest, first: date, form: forms.Form) -> HttpResponse:
        """Draw the page."""
        months = months_of(_company(request), timezone.localdate())
        context = {
            "menu": "periods",
            "title": self.title % {"month": _named(first)},
            "verb": self.verb,
            "danger": self.danger,
            "consequence": self.consequence(months, first),
            "form": form,
        }
        return render(request, "invoicing/period.html", context, status=422 if form.errors else 200)


class ClosePeriod(_OneMonth):
    """Close a month with all before it."""

    permission = "periods.close"
    title, verb = _("Close %(month)s"), _("Close the month")
    danger = True

    def act(self, request: Any, company: Company, first: date, form: forms.Form) -> None:
        """Close it."""
        closed = services.close_period(company=company, month=first, by=request.user, at=timezone.now())
        said = ngettext("%(n)s month is closed.", "%(n)s months are closed.", len(closed))
        messages.success(request, said % {"n": len(closed)})

    def consequence(self, months: list[Month], first: date) -> str:
        """How many months are concerned, and what they no longer accept."""
        count = sum(month.may_be_closed and month.first <= first for month in months)
        said = ngettext(
            "This month accepts no invoice, payment, match or dispute any more: its figures stay as they are.",
            "This month and the open ones before it, %(n)s in all, accept no invoice, payment, match or dispute "
            "any more: their figures stay as they are.",
            count,
        )
        return said % {"n": count}


class ReopenPeriod(_OneMonth):
    """Open a closed month again."""

    permission = "periods.reopen"
    form_class = ReopenForm
    title, verb = _("Open %(month)s again"), _("Open it again")

    def act(self, request: Any, company: Company, first: date, form: forms.Form) -> None:
        """Open it."""
        opened = services.reopen_period(
            company=company,
            month=first,
            reason=form.cleaned_data["reason"],
            by=request.user,
            at=timezone.now(),
        )
        said = ngettext("%(n)s month is open again.", "%(n)s months are open again.", len(opened))
        messages.success(request, said % {"n": len(opened)})

    def consequence(self, months: list[Month], first: date) -> str:
        """What may change from now on."""
        count = sum(month.may_be_reopened and month.first >= first for month in months)
        said = ngettext(
            "Entries dated in this month are accepted again: reports already sent may no longer agree.",
            "Entries dated in this month and the closed ones after it, %(n)s in all, are accepted again: reports "
            "already sent may no longer agree.",
            count,
        )
        return said % {"n": count}


def _company(request: Any) -> Company:
    company: Company | None = request.company or request.user.home_company
    if company is None:
        raise Http404
    return company


def _named(first: date) -> str:
    return dateformat.format(first, "F Y")


def _first(year: int, month: int) -> date:
    try:
        return date(year, month, 1)
    except ValueError as error:
        raise Http404 from error
