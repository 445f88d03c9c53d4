"""Credit insurance on screen: covers by buyer, and the terms of the company's policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.views.answers import company_of, explain, now, signed_in
from credit.filters import CoverFilter
from credit.forms import InsurancePolicyForm
from credit.insurance_queries import cover_year, covers_in_force, policy_in_force
from credit.models import BuyerCover, InsurancePolicy
from credit.services.insurance import RIGHT, set_policy
from credit.tables import CoverTable
from o2c.shared.problems import Refusal
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin

MENU = "insurance"


class Covers(ListPage):
    """What the insurer covers of each legal entity among the reader's clients."""

    title, menu, permission = gettext_lazy("Credit insurance"), MENU, "accounts.view"
    table_class, filterset_class, export_name = CoverTable, CoverFilter, "covers"
    empty = Empty(
        "shield-check",
        gettext_lazy("What your insurer covers will stand here"),
        gettext_lazy("Bring its decisions in with Imports: one line a buyer, by SIREN."),
    )

    def get_queryset(self) -> QuerySet[BuyerCover]:
        """The cover in force of each entity today."""
        return covers_in_force(signed_in(self.request), company_of(self.request), on=timezone.localdate())

    def get_subtitle(self, rows: QuerySet[BuyerCover]) -> str:
        """Return whose policy it is."""
        company = company_of(self.request)
        policy = policy_in_force(company, on=timezone.localdate()) if company else None
        if policy is None:
            return _("No insurance policy is entered.")
        return _("%(insurer)s, policy %(number)s") % {"insurer": policy.insurer, "number": policy.number}

    def get_actions(self) -> Sequence[Action]:
        """The policy."""
        return (Action(_("Our policy"), reverse("credit:insurance_policy"), icon="shield-half"),)


class PolicyPage(PermissionMixin, View):
    """The terms in force and those before; other terms are entered from a day on."""

    permission = "accounts.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the form with the terms in force."""
        company = company_of(request)
        policy = policy_in_force(company, on=timezone.localdate()) if company else None
        initial: dict[str, Any] = {"valid_from": timezone.localdate()}
        if policy is not None:
            initial = {name: getattr(policy, name) for name in InsurancePolicyForm.base_fields} | initial
        return self._page(request, InsurancePolicyForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Enter the terms."""
        form = InsurancePolicyForm(request.POST)
        company = company_of(request)
        if company is not None:
            if not signed_in(request).may(RIGHT, company):
                raise PermissionDenied
            if form.is_valid():
                try:
                    set_policy(company=company, by=signed_in(request), at=now(), **form.cleaned_data)
                except Refusal as refusal:
                    explain(form, refusal)
                else:
                    messages.success(request, _("The terms of the credit insurance are entered."))
                    return redirect("credit:covers")
        return self._page(request, form)

    def _page(self, request: HttpRequest, form: InsurancePolicyForm) -> HttpResponse:
        company = company_of(request)
        terms = policy_in_force(company, on=timezone.localdate()) if company else None
        # What is paid of all clients is for those who see them all.
        shown = terms is not None and signed_in(request).sees_every_sale(company)
        context = {
            "menu": MENU,
            "title": _("Our credit insurance policy"),
            "form": form,
            "may_change": signed_in(request).may(RIGHT, company),
            "rows": InsurancePolicy.objects.filter(company=company).order_by("-valid_from"),
            "year": cover_year(terms, on=timezone.localdate()) if terms and shown else None,
            "currency": company.currency if company else "EUR",
        }
        return render(request, "credit/insurance_policy.html", context, status=422 if form.errors else 200)
