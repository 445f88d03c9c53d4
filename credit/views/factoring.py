"""The factor on screen: the clients it takes, the terms agreed with it, its word on a client."""

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

from accounts.models import CustomerAccount
from accounts.views.answers import client_or_404, company_of, explain, now, signed_in
from credit.factoring.forms import FactorAgreementForm, FactorApprovalForm
from credit.factoring.queries import agreement_in_force, approvals_visible, words_on
from credit.factoring.services import AGREE, APPROVE, record_approval, set_agreement
from credit.factoring.tables import ApprovalFilter, ApprovalTable
from credit.models import FactorAgreement, FactorApproval
from o2c.shared.problems import Refusal
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin

MENU = "factoring"


class Approvals(ListPage):
    """What the factor says of each legal entity among the reader's clients."""

    title, menu, permission = gettext_lazy("Clients the factor takes"), MENU, "accounts.view"
    table_class, filterset_class, export_name = ApprovalTable, ApprovalFilter, "factor-approvals"
    empty = Empty(
        "shield-check",
        gettext_lazy("What the factor says of your clients will stand here"),
        gettext_lazy("Enter its word from the page of the client."),
    )

    def get_queryset(self) -> QuerySet[FactorApproval]:
        """The word in force on each entity today."""
        return approvals_visible(signed_in(self.request), company_of(self.request), on=timezone.localdate())

    def get_subtitle(self, rows: QuerySet[FactorApproval]) -> str:
        """Return whose contract it is."""
        company = company_of(self.request)
        agreement = agreement_in_force(company, on=timezone.localdate()) if company else None
        if agreement is None:
            return _("No agreement with a factor is in force.")
        return _("%(factor)s, contract %(number)s") % {"factor": agreement.factor, "number": agreement.number}

    def get_actions(self) -> Sequence[Action]:
        """The agreement."""
        return (Action(_("Our agreement"), reverse("credit:factor_agreement"), icon="file-text"),)


class AgreementPage(PermissionMixin, View):
    """The terms in force and those before; other terms are entered from a day on."""

    permission = "accounts.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the form with the terms in force."""
        company = company_of(request)
        agreement = agreement_in_force(company, on=timezone.localdate()) if company else None
        initial: dict[str, Any] = {"valid_from": timezone.localdate()}
        if agreement is not None:
            initial = {name: getattr(agreement, name) for name in FactorAgreementForm.base_fields} | initial
        return self._page(request, FactorAgreementForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Enter the terms."""
        form, company = FactorAgreementForm(request.POST), company_of(request)
        if company is not None:
            if not signed_in(request).may(AGREE, company):
                raise PermissionDenied
            if form.is_valid():
                try:
                    set_agreement(company=company, by=signed_in(request), at=now(), **form.cleaned_data)
                except Refusal as refusal:
                    explain(form, refusal)
                else:
                    messages.success(request, _("The terms agreed with the factor are entered."))
                    return redirect("credit:factor_approvals")
        return self._page(request, form)

    def _page(self, request: HttpRequest, form: FactorAgreementForm) -> HttpResponse:
        company = company_of(request)
        context = {
            "menu": MENU,
            "title": _("Our agreement with the factor"),
            "form": form,
            "may_change": signed_in(request).may(AGREE, company),
            "rows": FactorAgreement.objects.filter(company=company).order_by("-valid_from"),
        }
        return render(request, "credit/factor_agreement.html", context, status=422 if form.errors else 200)


class NewApproval(PermissionMixin, View):
    """Enter the factor's word on a client's legal entity."""

    permission = APPROVE

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the form."""
        account = client_or_404(request, code)
        form = FactorApprovalForm(initial={"effective_on": timezone.localdate(), "status": "APPROVED"})
        return self._page(request, account, form)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Enter it."""
        account, form = client_or_404(request, code), FactorApprovalForm(request.POST)
        if form.is_valid():
            try:
                record_approval(account_id=account.pk, by=signed_in(request), at=now(), **form.cleaned_data)
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(
                    request, _("The factor’s word on %(client)s is entered.") % {"client": account.name}
                )
                return redirect("accounts:detail", account.code)
        return self._page(request, account, form)

    def _page(self, request: HttpRequest, account: CustomerAccount, form: FactorApprovalForm) -> HttpResponse:
        context = {
            "menu": MENU,
            "title": _("The factor’s word on %(client)s") % {"client": account.name},
            "account": account,
            "form": form,
            "rows": words_on(account),
            "agreement": agreement_in_force(account.company_id, on=timezone.localdate()),
        }
        return render(request, "credit/factor_approval.html", context, status=422 if form.errors else 200)
