"""Passing a client on, and who did so before."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import CustomerAccount
from accounts.queries import find_account
from dunning.queries import relays as queries
from dunning.relay_forms import PassOnForm
from dunning.services import account_relays as services
from invoicing.views.base import ActPage


class PassOn(ActPage):
    """With whom a client is, the way there, and the form that passes it on."""

    permission = services.RIGHT
    menu, template = "accounts", "dunning/pass_on.html"

    def form(self, request: Any, data: Any, **which: Any) -> PassOnForm:
        """The levels of the company's chain but the present one."""
        account = self._account(request, which["code"])
        has_credit = queries.has_credit_management(account.company_id)
        present = queries.level_of(account, has_credit=has_credit)
        return PassOnForm(data, present=present, has_credit_management=has_credit)

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Pass it on."""
        account = self._account(request, which["code"])
        made = services.pass_on(
            account_id=account.pk, by=request.user, at=timezone.now(), **form.cleaned_data
        )
        said = _("%(client)s is with them now: %(level)s.")
        messages.success(request, said % {"client": account.name, "level": made.get_to_level_display()})
        return redirect("dunning:pass_on", code=account.code)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The client, with whom it is, and its history."""
        account = self._account(request, which["code"])
        has_credit = queries.has_credit_management(account.company_id)
        return {
            "title": _("Who reminds %(client)s") % {"client": account.name},
            "account": account,
            "level": queries.level_of(account, has_credit=has_credit),
            "history": queries.history_of(account, 30),
        }

    def _account(self, request: Any, code: str) -> CustomerAccount:
        if not hasattr(self, "_found"):
            self._found = find_account(request.user, request.company, code)
        return self._found
