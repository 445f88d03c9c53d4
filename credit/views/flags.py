"""Blocking a client, watching it, and the end of both; changing what it is, which may move its exposure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views import View

from accounts.models import CustomerAccount
from accounts.queries import belongings_of
from accounts.views import edit
from accounts.views.answers import client_or_404, explain, now, signed_in
from credit import services
from credit.forms import FlagForm, LiftForm, MoveForm
from credit.services.moves import change_client, move_client
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin


class EditClient(edit.EditClient):
    """Change a client under the credit locks of what it leaves and joins."""

    change = staticmethod(change_client)


class FlagPage(PermissionMixin, View):
    """A form with a reason, then one act."""

    act: ClassVar[Callable[..., Any]]
    form_class: ClassVar[type[forms.Form]] = FlagForm
    title: ClassVar[str | Promise]
    consequence: ClassVar[str | Promise]
    verb: ClassVar[str | Promise]
    done: ClassVar[str | Promise]
    danger: ClassVar[bool] = False
    template: ClassVar[str] = "credit/flag.html"
    back: ClassVar[str] = "accounts:detail"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the form."""
        account = client_or_404(request, code)
        return self.answer(request, account, self.form(account))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Do it, or say what is missing."""
        account = client_or_404(request, code)
        form = self.form(account, request.POST)
        if form.is_valid():
            try:
                self.act(account_id=account.pk, by=signed_in(request), at=now(), **form.cleaned_data)
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, str(self.done) % {"name": account.name})
                return redirect(self.back, account.code)
        return self.answer(request, account, form)

    def form(self, account: CustomerAccount, data: Any = None) -> forms.Form:
        """The form about this client."""
        return self.form_class(data)

    def facts(self, account: CustomerAccount) -> dict[str, Any]:
        """What stands beside the form."""
        return {}

    def answer(self, request: HttpRequest, account: CustomerAccount, form: forms.Form) -> HttpResponse:
        """Draw the page."""
        context = {
            "account": account,
            "form": form,
            "menu": "accounts",
            "title": str(self.title) % {"name": account.name},
            "consequence": self.consequence,
            "verb": self.verb,
            "danger": self.danger,
            "back": reverse(self.back, args=[account.code]),
            **self.facts(account),
        }
        return render(request, self.template, context, status=422 if form.errors else 200)


class Move(FlagPage):
    """Move a client to another entity, group or rep, from a day on."""

    permission = "accounts.move"
    act = staticmethod(move_client)
    form_class = MoveForm
    template = "credit/move.html"
    title, verb = _("Move %(name)s"), _("Move the client")
    done = _("%(name)s has moved.")
    consequence = _(
        "Its exposure counts under the limits it joins. Reports of earlier days keep who it belonged to; held "
        "orders on both sides are examined again within a minute."
    )

    def form(self, account: CustomerAccount, data: Any = None) -> forms.Form:
        """The form, with the reps of the client's company."""
        return MoveForm(data, company=account.company)

    def facts(self, account: CustomerAccount) -> dict[str, Any]:
        """Where the client belongs now, and where it did before."""
        return {"belongings": belongings_of(account)}


class Block(FlagPage):
    """Freeze a client."""

    permission = "accounts.block"
    act = staticmethod(services.block)
    title, verb = _("Block %(name)s"), _("Block the client")
    done = _("%(name)s is blocked.")
    consequence = _(
        "From now on no new order of this client passes without a release by the credit manager. "
        "Orders already confirmed go on until their next check."
    )
    danger = True


class Unblock(FlagPage):
    """End the freeze."""

    permission = "accounts.block"
    act = staticmethod(services.unblock)
    form_class = LiftForm
    title, verb = _("Lift the block of %(name)s"), _("Lift the block")
    done = _("The block of %(name)s is lifted.")
    consequence = _("Held orders of this client and of its group are examined again within a minute.")


class Watch(FlagPage):
    """Put a client on watch."""

    permission = "accounts.watch"
    act = staticmethod(services.watch)
    title, verb = _("Put %(name)s on watch"), _("Put on watch")
    done = _("%(name)s is on watch.")
    consequence = _("Everybody sees the watch on lists and pages; it holds no order.")


class Unwatch(FlagPage):
    """End the watch."""

    permission = "accounts.watch"
    act = staticmethod(services.unwatch)
    form_class = LiftForm
    title, verb = _("End the watch of %(name)s"), _("End the watch")
    done = _("%(name)s is no longer on watch.")
    consequence = _("The badge disappears; the history stays in the journal.")
