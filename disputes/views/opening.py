"""Opening a dispute from an invoice, an item or a call."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from accounts.views.answers import client_or_404
from invoicing.models import Invoice, ReceivableItem
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .. import services
from ..enums import DisputeOrigin, DisputeType
from ..forms import OpenForm
from .page import put_on_form

# Documents offered to choose from; further ones are named by their number.
_CHOICES: Final = 20


class OpenDispute(PermissionMixin, View):
    """A form, then the act."""

    permission = "disputes.open"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the form, the invoice filled in where the address names one."""
        return self.answer(request, OpenForm(initial={"invoice": request.GET.get("invoice", "")}))

    def post(self, request: Any) -> HttpResponse:
        """Open it, or say why it cannot be."""
        form = OpenForm(request.POST)
        if not form.is_valid():
            return self.answer(request, form)
        invoice = self.invoice(request, form.cleaned_data["invoice"])
        if invoice is None:
            form.add_error("invoice", _("There is no invoice with this number."))
            return self.answer(request, form)
        try:
            made = services.open_dispute(
                contested=[services.Contested(invoice_id=invoice.pk, amount=form.cleaned_data["amount"])],
                type=DisputeType(form.cleaned_data["type"]),
                origin=DisputeOrigin(form.cleaned_data["origin"]),
                comment=form.cleaned_data["comment"],
                by=request.user,
                at=timezone.now(),
            )
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self.answer(request, form)
        messages.success(
            request,
            _("Dispute %(number)s is open: its amount is reminded no more.") % {"number": made.number},
        )
        return redirect(made.get_absolute_url())

    @staticmethod
    def invoice(request: Any, number: str) -> Invoice | None:
        """The invoice named, if it is the reader's to see."""
        seen = Invoice.objects.visible_to(request.user, request.company).select_related("account")
        return seen.filter(number=number.strip()).first()

    @staticmethod
    def choices(request: Any) -> dict[str, Any] | None:
        """What is open of the client that the address names, to choose a document from; none without one."""
        if not (code := request.GET.get("client")):
            return None
        account = client_or_404(request, code)
        items = ReceivableItem.objects.visible_to(request.user, account.company).filter(
            account=account, invoice__isnull=False, amount__gt=0, open_amount__gt=0
        )
        rows = items.select_related("invoice").order_by("due_date", "document", "pk")
        return {"account": account, "rows": rows[:_CHOICES]}

    def answer(self, request: Any, form: OpenForm) -> HttpResponse:
        """Draw the page, with what is open of the invoice where one is named."""
        number = form["invoice"].value() or ""
        invoice = self.invoice(request, number) if number else None
        items = list(invoice.items.order_by("due_date")) if invoice else []
        context = {
            "choices": self.choices(request) if invoice is None and not form.is_bound else None,
            "menu": "disputes",
            "title": _("New dispute"),
            "form": form,
            "invoice": invoice,
            "open_amount": sum(item.open_amount for item in items),
        }
        return render(request, "disputes/open.html", context, status=422 if form.errors else 200)
