"""Deposits asked for on an order: the card on its page, the form, the paper."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.http import require_GET, require_POST

from invoicing import services
from invoicing.deposit_paper import deposit_pdf
from invoicing.models import DepositRequest
from o2c.shared.fields import DateField, MoneyField
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin
from o2c.shared.written import money
from orders.models import Order
from orders.queries import find_order

from .base import needs, translated

_LIVE = ("SUBMITTED", "CONFIRMED")


class DepositForm(forms.Form):
    """How much and by when."""

    amount = MoneyField(label=gettext_lazy("Amount incl. VAT"))
    due_date = DateField(label=gettext_lazy("To be paid by"), prefer="future")


@needs("orders.view")
@require_GET
def card(request: Any, number: str) -> HttpResponse:
    """What was asked for on an order, as a fragment of its page; nothing where nothing was and nothing can be."""
    order = _order(request, number)
    rows = list(order.deposit_requests.select_related("order", "requested_by"))
    may = request.user.may("invoicing.issue", order.company_id)
    waits = any(row.status == "waiting" for row in rows)
    context = {
        "order": order,
        "rows": rows,
        "may_cancel": may,
        "may_ask": may and order.state in _LIVE and not waits,
    }
    return render(request, "invoicing/_deposits.html", context)


class AskForDeposit(PermissionMixin, View):
    """A form, then the act."""

    permission = "invoicing.issue"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Draw the form."""
        return self.answer(request, _order(request, number), DepositForm())

    def post(self, request: Any, number: str) -> HttpResponse:
        """Ask, or say why not."""
        order, form = _order(request, number), DepositForm(request.POST)
        if form.is_valid():
            try:
                with translated():
                    made = services.request_deposit(
                        order_id=order.pk, by=request.user, at=timezone.now(), **form.cleaned_data
                    )
            except Refusal as refusal:
                for field, said in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, [str(text) for text in said])
                if not refusal.errors:
                    form.add_error(None, str(refusal))
            else:
                facts = {"amount": money(made.amount, made.currency), "reference": made.label}
                messages.success(request, _("A deposit of %(amount)s is asked for: %(reference)s.") % facts)
                return redirect("orders:detail", order.number)
        return self.answer(request, order, form)

    def answer(self, request: HttpRequest, order: Order, form: DepositForm) -> HttpResponse:
        """Draw the page."""
        back = reverse("orders:detail", args=[order.number])
        context = {
            "menu": "orders",
            "title": _("Ask for a deposit"),
            "order": order,
            "form": form,
            "back": back,
        }
        return render(request, "invoicing/deposit.html", context, status=422 if form.errors else 200)


@needs("invoicing.issue")
@require_POST
def cancel(request: Any, key: int) -> HttpResponse:
    """Take one that waits back."""
    found = _request(request, key)
    try:
        with translated():
            services.cancel_deposit(
                request_id=found.pk, reason=request.POST.get("reason", ""), by=request.user, at=timezone.now()
            )
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The deposit is not asked for any more."))
    return redirect("orders:detail", found.order.number)


@needs("orders.view")
@require_GET
def paper(request: Any, key: int) -> HttpResponse:
    """The request as the client receives it."""
    found = _request(request, key)
    return pdf_response(deposit_pdf(found), f"{found.label}.pdf")


def _order(request: Any, number: str) -> Order:
    with translated():
        return find_order(request.user, request.company, number)


def _request(request: Any, key: int) -> DepositRequest:
    seen = DepositRequest.objects.filter(order__in=Order.objects.visible_to(request.user))
    found = seen.select_related("order", "account__entity", "company").filter(pk=key).first()
    if found is None:
        raise Http404
    return found
