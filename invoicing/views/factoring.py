"""Invoices sold to a factor on screen: lists, the one to send, its receipt, taking back, passing money on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount
from accounts.views.answers import company_of, explain, signed_in
from accounts.views.parts import Panel
from credit.factoring.queries import agreement_in_force, words_on
from credit.factoring.services import APPROVE
from invoicing.factoring import queries, services
from invoicing.factoring.filters import BATCH_TABS, SOLD_TABS, BatchFilter, SoldFilter
from invoicing.factoring.forms import PassOnForm, ReceiptForm, TakeBackForm
from invoicing.factoring.tables import BatchTable, SoldTable, ToPassOnTable
from invoicing.models import Allocation, Assignment, AssignmentBatch
from o2c.shared.past import look
from o2c.shared.problems import Refusal
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin, Tab

from .base import translated
from .lists import ALL, _tabs

MENU = "factoring"
# How many lines of those left out are shown.
_SHOWN = 50


class Batches(ListPage):
    """Lists sent to the factor."""

    request: Any

    title, menu, permission = gettext_lazy("Sold to the factor"), MENU, "invoicing.view"
    table_class, filterset_class, export_name = BatchTable, BatchFilter, "factor-lists"
    empty = Empty(
        "building-bank",
        gettext_lazy("What you sell to your factor will stand here"),
        gettext_lazy("Enter the agreement and the clients it takes, then send it a list of invoices."),
    )

    def get_queryset(self) -> QuerySet[AssignmentBatch]:
        """Return what the reader may see in the company at work."""
        return queries.batches(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return those that wait for the factor, and the others."""
        return _tabs(self.request, "state", [ALL, *BATCH_TABS])

    def get_actions(self) -> Sequence[Action]:
        """Return the ways to the clients it takes, to what is sold and to pass on, and a new list."""
        acts = [
            Action(_("Clients it takes"), reverse("credit:factor_approvals"), "shield-check"),
            Action(_("Documents sold"), reverse("invoicing:sold"), "list-details"),
            Action(_("To pass on"), reverse("invoicing:to_pass_on"), "cash"),
        ]
        if self.request.user.may(services.RIGHT, self.request.company):
            acts.append(Action(_("Sell invoices"), reverse("invoicing:batch_new"), "plus", primary=True))
        return acts


class Sold(ListPage):
    """Every item sold, or taken back."""

    request: Any

    title, menu, permission = gettext_lazy("Documents sold"), MENU, "invoicing.view"
    table_class, filterset_class, export_name = SoldTable, SoldFilter, "sold-to-factor"
    empty = Empty(
        "list-details",
        gettext_lazy("Nothing is sold"),
        gettext_lazy("Documents stand here from the list they are sent with to the day they are taken back."),
    )

    def get_queryset(self) -> QuerySet[Assignment]:
        """Return what the reader may see in the company at work."""
        return queries.assignments(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return where a sale may stand."""
        return _tabs(self.request, "state", [ALL, *SOLD_TABS])


class ToPassOn(ListPage):
    """Money clients paid to us for what is the factor's."""

    request: Any

    title, menu, permission = gettext_lazy("To pass on to the factor"), MENU, "invoicing.view"
    table_class, export_name = ToPassOnTable, "to-pass-on"
    empty = Empty(
        "cash",
        gettext_lazy("Nothing to pass on"),
        gettext_lazy("Money matched with a document that is sold stands here until the factor has it."),
    )

    def get_queryset(self) -> QuerySet[Allocation]:
        """Return what the reader may see in the company at work."""
        return queries.to_pass_on(self.request.user, self.request.company)

    def _hidden_columns(self) -> tuple[str, ...]:
        hidden = super()._hidden_columns()
        return hidden if self.request.user.may(services.RIGHT, self.request.company) else (*hidden, "act")


class NewBatch(PermissionMixin, View):
    """What may be sold today, what may not and why; sending the chosen."""

    permission = services.RIGHT

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the proposal, everything chosen."""
        return self._page(request, problems=())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send the chosen, or say why not."""
        company = company_of(request)
        if company is None:
            raise Http404
        keys = [int(key) for key in request.POST.getlist("item") if key.isdecimal()]
        try:
            with translated():
                batch = services.send_batch(
                    company=company, item_ids=keys, by=signed_in(request), at=timezone.now()
                )
        except Refusal as refusal:
            words = _("%(document)s: %(reasons)s")
            named = [
                words % {"document": name, "reasons": ", ".join(map(str, why))}
                for name, why in refusal.errors.items()
            ]
            return self._page(request, problems=(str(refusal), *named))
        messages.success(
            request, _("The list %(number)s is ready for the factor.") % {"number": batch.number}
        )
        return redirect("invoicing:batch", batch.pk)

    def _page(self, request: HttpRequest, *, problems: Sequence[str]) -> HttpResponse:
        company, today = company_of(request), timezone.localdate()
        agreement = agreement_in_force(company, on=today) if company is not None else None
        found = queries.proposal(agreement, signed_in(request), on=today) if agreement is not None else None
        context = {
            "menu": MENU,
            "title": _("Sell invoices"),
            "agreement": agreement,
            "found": found,
            "left_out": found.left_out[:_SHOWN] if found else (),
            "more": max(0, len(found.left_out) - _SHOWN) if found else 0,
            "currency": company.currency if company else "EUR",
            "problems": problems,
        }
        return render(request, "invoicing/factor_new.html", context, status=422 if problems else 200)


class BatchPage(PermissionMixin, View):
    """One list: what it holds, what it brings, its receipt."""

    permission = "invoicing.view"

    def get(self, request: HttpRequest, key: int) -> HttpResponse:
        """Draw the page."""
        return self._page(
            request, _batch(request, key), ReceiptForm(initial={"received_on": timezone.localdate()})
        )

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        """Enter the factor's receipt, or say why not."""
        batch, form = _batch(request, key), ReceiptForm(request.POST)
        if not signed_in(request).may(services.RIGHT, batch.company_id):
            raise PermissionDenied
        if _done(request, form, services.receive_batch, batch_id=batch.pk):
            messages.success(request, _("The documents of the list are sold."))
            return redirect("invoicing:batch", batch.pk)
        return self._page(request, batch, form)

    def _page(self, request: HttpRequest, batch: AssignmentBatch, form: ReceiptForm) -> HttpResponse:
        user = signed_in(request)
        rows = queries.assignments(user).filter(batch=batch)
        may = user.may(services.RIGHT, batch.company_id)
        context = {
            "menu": MENU,
            "title": batch.number,
            "batch": batch,
            "rows": rows,
            "form": form if may and batch.received_on is None else None,
            "may_take_back": may,
            "files": f"{reverse('invoicing:sold')}?{urlencode({'batch': batch.number})}",
        }
        return render(request, "invoicing/factor_batch.html", context, status=422 if form.errors else 200)


class TakeBack(PermissionMixin, View):
    """Take a document back from the factor."""

    permission = services.RIGHT

    def get(self, request: HttpRequest, key: int) -> HttpResponse:
        """Draw the form."""
        return self._page(request, _sold(request, key), TakeBackForm())

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        """Take it back, or say why not."""
        row, form = _sold(request, key), TakeBackForm(request.POST)
        if _done(request, form, services.take_back, assignment_id=row.pk):
            messages.success(request, _("%(document)s is ours again.") % {"document": row.item.document})
            return redirect("invoicing:batch", row.batch_id)
        return self._page(request, row, form)

    def _page(self, request: HttpRequest, row: Assignment, form: TakeBackForm) -> HttpResponse:
        context = {
            "menu": MENU,
            "title": _("Take %(document)s back") % {"document": row.item.document},
            "account": row.account,
            "amount": row.item.open_amount,
            "currency": row.item.currency,
            "form": form,
            "button": _("Take it back"),
            "note": _(
                "From today on it counts in the exposure again, and we remind of it. The history stays."
            ),
            "back": reverse("invoicing:batch", args=[row.batch_id]),
        }
        return render(request, "invoicing/factor_act.html", context, status=422 if form.errors else 200)


class PassOn(PermissionMixin, View):
    """Enter that money was passed on."""

    permission = services.RIGHT

    def get(self, request: HttpRequest, key: int) -> HttpResponse:
        """Draw the form."""
        return self._page(
            request, _match(request, key), PassOnForm(initial={"passed_on": timezone.localdate()})
        )

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        """Enter it, or say why not."""
        row, form = _match(request, key), PassOnForm(request.POST)
        if _done(request, form, services.pass_on, allocation_id=row.pk):
            messages.success(request, _("Entered: the factor has its money."))
            return redirect("invoicing:to_pass_on")
        return self._page(request, row, form)

    def _page(self, request: HttpRequest, row: Allocation, form: PassOnForm) -> HttpResponse:
        context = {
            "menu": MENU,
            "title": _("Pass on what came for %(document)s") % {"document": row.debit.document},
            "account": row.debit.account,
            "amount": row.amount,
            "currency": row.debit.currency,
            "form": form,
            "button": _("Passed on"),
            "note": _("The client paid to us, but the document is sold: the money is the factor’s."),
            "back": reverse("invoicing:to_pass_on"),
        }
        return render(request, "invoicing/factor_act.html", context, status=422 if form.errors else 200)


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """What of the client is sold on the day looked at, and what the factor approved; nothing where there is no word."""
    looked, user = look(request), signed_in(request)
    words = [word for word in words_on(account) if word.effective_on <= looked.day]
    sums = queries.sold_sums([account.pk], on=looked.day)
    agreement = agreement_in_force(account.company_id, on=looked.day)
    may_enter = not looked.is_past and agreement is not None and user.may(APPROVE, account.company_id)
    if not words and not sums and not may_enter:
        return None
    context = {
        "account": account,
        "agreement": agreement,
        "word": words[0] if words else None,
        "sums": sums,
        "may_enter": may_enter,
        "all_url": f"{reverse('invoicing:sold')}?{urlencode({'account': account.code, 'state': 'sold'})}",
    }
    return Panel("invoicing/_sold.html", context)


def _done(request: HttpRequest, form: forms.Form, act: Callable[..., Any], **target: int) -> bool:
    """Do it, or tell the form why not."""
    if not form.is_valid():
        return False
    try:
        with translated():
            act(by=signed_in(request), at=timezone.now(), **target, **form.cleaned_data)
    except Refusal as refusal:
        explain(form, refusal)
        return False
    return True


def _batch(request: HttpRequest, key: int) -> AssignmentBatch:
    with translated():
        return queries.find_batch(signed_in(request), key)


def _sold(request: HttpRequest, key: int) -> Assignment:
    row = queries.assignments(signed_in(request)).filter(pk=key).first()
    if row is None:
        raise Http404
    return row


def _match(request: HttpRequest, key: int) -> Allocation:
    row = queries.to_pass_on(signed_in(request)).filter(pk=key).first()
    if row is None:
        raise Http404
    return row
