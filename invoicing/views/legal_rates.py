"""The table of legal rates: reading it, adding the next half-year, correcting a row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from invoicing.interest_policy import HalfYear, asked_for
from invoicing.interest_queries import rate_table
from invoicing.models import LegalRate
from invoicing.services import legal_rates as services
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import translated

RIGHT = "rates.manage"


class RateForm(forms.Form):
    """The figures of a half-year, and where they were read."""

    ecb = forms.DecimalField(
        label=gettext_lazy("Rate of the central bank, %"),
        max_digits=6,
        decimal_places=4,
        localize=True,
        help_text=gettext_lazy("Main refinancing rate of the ECB on the first day of the half-year."),
    )
    legal = forms.DecimalField(
        label=gettext_lazy("Legal interest rate, %"),
        max_digits=6,
        decimal_places=4,
        localize=True,
        help_text=gettext_lazy("Of business creditors (“autres cas”), decree of the half-year."),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=300,
        help_text=gettext_lazy("ecb.europa.eu and the decree in the Journal officiel, with its date."),
    )
    is_assumed = forms.BooleanField(
        label=gettext_lazy("Assumed: not read in an official text"), required=False
    )


class CorrectionForm(RateForm):
    """The same, with a reason."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class LegalRates(PermissionMixin, View):
    """Every half-year, newest first."""

    permission = "invoicing.view"

    def get(self, request: Any) -> HttpResponse:
        """Draw the table."""
        rows = list(LegalRate.objects.select_related("recorded_by", "replaces").filter(replaced_by=None))
        table = {row.half_year: row.rates for row in rows}
        context = {
            "menu": "rates",
            "title": _("Legal rates"),
            "rows": rows,
            "running": HalfYear.of(timezone.localdate()),
            "following": rows[0].half_year.following if rows else None,
            "missing": asked_for(timezone.localdate(), table),
            "may_manage": request.user.may(RIGHT),
            "former": LegalRate.objects.select_related("recorded_by")
            .exclude(replaced_by=None)
            .select_related("replaced_by"),
        }
        return render(request, "invoicing/rates.html", context)


class _OneRate(PermissionMixin, View):
    """A form about one half-year, then the act."""

    permission = RIGHT

    def get(self, request: Any, **which: int) -> HttpResponse:
        """Draw the form."""
        return self.answer(request, self.form(None, **which), **which)

    def post(self, request: Any, **which: int) -> HttpResponse:
        """Do it, or say what is missing."""
        form = self.form(request.POST, **which)
        if form.is_valid():
            try:
                with translated():
                    row = self.act(request, form, **which)
            except Refusal as refusal:
                for field, said in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, [str(text) for text in said])
                if not refusal.errors:
                    form.add_error(None, str(refusal))
            else:
                messages.success(
                    request, _("The rates of %(half_year)s are in the table.") % {"half_year": row}
                )
                return redirect("invoicing:rates")
        return self.answer(request, form, **which)

    def form(self, data: Any, **which: int) -> forms.Form:
        """The form of this page."""
        raise NotImplementedError

    def act(self, request: Any, form: forms.Form, **which: int) -> LegalRate:
        """Do what the page is for."""
        raise NotImplementedError

    def about(self, **which: int) -> HalfYear:
        """The half-year it is about."""
        raise NotImplementedError

    def answer(self, request: HttpRequest, form: forms.Form, **which: int) -> HttpResponse:
        """Draw the page."""
        half_year = self.about(**which)
        context = {
            "menu": "rates",
            "title": _("Legal rates of %(half_year)s") % {"half_year": half_year},
            "half_year": half_year,
            "correcting": bool(which),
            "form": form,
        }
        return render(request, "invoicing/rate.html", context, status=422 if form.errors else 200)


class AddRate(_OneRate):
    """The half-year after the last."""

    def form(self, data: Any, **which: int) -> forms.Form:
        """Empty figures."""
        return RateForm(data)

    def about(self, **which: int) -> HalfYear:
        """The one after the last."""
        table = rate_table()
        return max(table).following if table else HalfYear.of(timezone.localdate())

    def act(self, request: Any, form: forms.Form, **which: int) -> LegalRate:
        """Add it."""
        return services.add_legal_rate(
            half_year=self.about(), by=request.user, at=timezone.now(), **form.cleaned_data
        )


class CorrectRate(_OneRate):
    """A new row in the place of one."""

    def form(self, data: Any, **which: int) -> forms.Form:
        """The present figures."""
        row = self.row(**which)
        present: dict[str, Decimal | str | bool] = {
            "ecb": row.ecb_rate.normalize(),
            "legal": row.legal_rate.normalize(),
            "source": row.source,
            "is_assumed": row.is_assumed,
        }
        return CorrectionForm(data, initial=present)

    def about(self, **which: int) -> HalfYear:
        """The row's own."""
        return self.row(**which).half_year

    def row(self, **which: int) -> LegalRate:
        """The row to be replaced."""
        found = services.in_force(HalfYear(which["year"], which["half"])) if which["half"] in {1, 2} else None
        if found is None:
            raise Http404
        return found

    def act(self, request: Any, form: forms.Form, **which: int) -> LegalRate:
        """Replace it."""
        return services.correct_legal_rate(
            rate_id=self.row(**which).pk, by=request.user, at=timezone.now(), **form.cleaned_data
        )
