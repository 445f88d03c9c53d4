"""Crediting an invoice: what the credit note would do, asking for it, and the answer where it needs somebody else's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_GET, require_POST

from credit.authority import people_who_may, role_label
from invoicing import lists, services
from invoicing.enums import CreditRequestStatus
from invoicing.forms import CreditForm
from invoicing.models import CreditNoteRequest, Invoice
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import needs, said, translated

RIGHT = "invoicing.credit"


def credit_context(request: Any, invoice: Invoice) -> dict[str, Any]:
    """What the page of an invoice shows of its credit notes: those made, asked for and refused."""
    may = request.user.may(RIGHT, invoice.company_id)
    rows = CreditNoteRequest.objects.filter(invoice=invoice).select_related(
        "credit_note", "requested_by", "decided_by"
    )
    return {
        "credit_notes": rows.order_by("-requested_at", "-pk"),
        "creditable": services.creditable(invoice) if may else Decimal(0),
        "may_decide_credit": may,
    }


class CreditInvoice(PermissionMixin, View):
    """A form with its preview, then the act."""

    permission = RIGHT

    def get(self, request: Any, number: str) -> HttpResponse:
        """Draw the form."""
        invoice = _invoice(request, number)
        return self.answer(request, invoice, _form(invoice, None))

    def post(self, request: Any, number: str) -> HttpResponse:
        """Ask for the credit note: issued at once within one's own authority, else it waits."""
        invoice = _invoice(request, number)
        form = _form(invoice, request.POST)
        if form.is_valid():
            try:
                with translated():
                    made = services.credit_invoice(
                        invoice_id=invoice.pk,
                        reason=form.cleaned_data["reason"],
                        reason_code=form.cleaned_data["reason_code"],
                        by=request.user,
                        at=timezone.now(),
                        **_chosen(form),
                    )
            except Refusal as refusal:
                form.add_error(None, " ".join([str(refusal), *said(refusal)]))
            else:
                if made.status == CreditRequestStatus.PENDING:
                    messages.info(request, _("The credit note waits for somebody with more authority."))
                else:
                    words = _("Credit note %(number)s is issued.") % {"number": made.number}
                    messages.success(request, words)
                return redirect("invoicing:detail", number=invoice.number)
        return self.answer(request, invoice, form)

    def answer(self, request: Any, invoice: Invoice, form: CreditForm) -> HttpResponse:
        """Draw the page."""
        left = services.creditable(invoice)
        context = {
            "menu": "invoices",
            "title": _("Credit note on %(number)s") % {"number": invoice.number},
            "invoice": invoice,
            "left": left,
            "form": form,
        } | _preview_of(request, invoice, form)
        return render(request, "invoicing/credit.html", context, status=422 if form.errors else 200)


@needs(RIGHT)
@require_GET
def preview(request: Any, number: str) -> HttpResponse:
    """What the credit note would come to and settle, while it is typed."""
    invoice = _invoice(request, number)
    form = _form(invoice, request.GET)
    form.is_valid()
    context = {"invoice": invoice} | _preview_of(request, invoice, form)
    return render(request, "invoicing/_credit_preview.html", context)


@needs(RIGHT)
@require_POST
def decide(request: Any, key: int) -> HttpResponse:
    """Approve or refuse a credit note that waits, with a reason."""
    # Whose invoice is somebody else's to see does not exist here, whatever else is wrong with the request.
    seen = Invoice.objects.visible_to(request.user, request.company)
    asked = get_object_or_404(CreditNoteRequest.objects.select_related("invoice"), pk=key, invoice__in=seen)
    act = (
        services.approve_credit_note
        if request.POST.get("decision") == "approve"
        else services.refuse_credit_note
    )
    try:
        with translated():
            done = act(
                request_id=key, reason=request.POST.get("reason", ""), by=request.user, at=timezone.now()
            )
    except Refusal as refusal:
        messages.error(request, " ".join([str(refusal), *said(refusal)]))
        return redirect("invoicing:detail", number=asked.invoice.number)
    if done.status == CreditRequestStatus.ISSUED:
        messages.success(request, _("Credit note %(number)s is issued.") % {"number": done.number})
    else:
        messages.success(request, _("The credit note is refused."))
    return redirect("invoicing:detail", number=done.invoice.number)


def _invoice(request: Any, number: str) -> Invoice:
    with translated():
        return lists.find_invoice(request.user, request.company, number, timezone.localdate())


def _form(invoice: Invoice, data: Any) -> CreditForm:
    lines = list(invoice.lines.all())
    return CreditForm(data, lines=lines, left=services.creditable(invoice), currency=invoice.currency)


def _chosen(form: CreditForm) -> dict[str, Any]:
    lines = [services.CreditLine(quantity=quantity, line=line) for line, quantity in form.lines()]
    return {"lines": lines} if lines else {"amount": form.cleaned_data.get("amount")}


def _preview_of(request: Any, invoice: Invoice, form: CreditForm) -> dict[str, Any]:
    """The preview of what is typed so far; why there is none; nothing before something is typed."""
    if not hasattr(form, "cleaned_data"):
        return {"preview": None}
    asked = _chosen(form)
    if not any(asked.values()):
        return {"preview": None}
    try:
        with translated():
            found = services.preview_credit(
                invoice_id=invoice.pk, by=request.user, at=timezone.now(), **asked
            )
    except Refusal as refusal:
        return {"preview": None, "refused": " ".join([str(refusal), *said(refusal)])}
    people = (
        people_who_may(RIGHT, invoice.company, level=found.level, without={request.user.pk})
        if found.level
        else []
    )
    return {"preview": found, "people": people, "role": role_label(found.required_role)}
