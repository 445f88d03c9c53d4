"""Pages of one document: an invoice, a payment, the open items of a client; invoicing an order."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.queries import find_account
from accounts.scope import in_words
from invoicing import lists, pages, services
from invoicing.enums import Origin
from invoicing.firewall.gate import AnomaliesFound
from invoicing.models import Invoice
from invoicing.services.files import is_plain
from o2c.shared.past import look
from o2c.shared.problems import Refusal
from orders.models import Order

from .anomalies import anomalies_context, ask_first
from .base import is_ours, needs, said, translated
from .credit_notes import credit_context
from .einvoices import einvoice_context
from .interest import interest_context
from .matching import match_context
from .sending import mail_context
from .trace import trace_context

PANEL_ROWS = 8


@needs("invoicing.view")
@require_GET
def detail(request: Any, number: str) -> HttpResponse:
    """One invoice or credit note: what it says, what is left of it and what became of it."""
    looked = look(request)
    with translated():
        invoice = lists.find_invoice(request.user, request.company, number, looked.day)
    page = pages.invoice_page(invoice, looked, request.user)
    credit = next((item for item in page.items if item.amount < 0 and item.open_amount < 0), None)
    may_change = request.user.may("invoicing.change_due_date", invoice.company_id)
    return render(
        request,
        "invoicing/invoice_detail.html",
        {"menu": "invoices", "title": invoice.number, "page": page, "invoice": invoice, "look": looked}
        | {"may_stop": request.user.may(services.RIGHT_TO_STOP, invoice.company_id) and not looked.is_past}
        | {"may_change_due": may_change and not looked.is_past, "existed": invoice.issue_date <= looked.day}
        | {"has_files": invoice.origin == Origin.ISSUED and bool(page.lines), "is_plain": is_plain(invoice)}
        | {"may_dispute": not looked.is_past and _may_dispute(request, invoice, page)}
        | interest_context(request, invoice, looked)
        | (
            {}
            if looked.is_past
            else credit_context(request, invoice)
            | match_context(request, credit)
            | einvoice_context(request, invoice)
            | anomalies_context(invoice)
            | mail_context(request, invoice)
        ),
    )


def _may_dispute(request: Any, invoice: Invoice, page: pages.InvoicePage) -> bool:
    undisputed = page.open_amount - page.disputed
    return undisputed > 0 and bool(request.user.may("disputes.open", invoice.company_id))


@needs("invoicing.view")
@require_GET
def payment(request: Any, key: int) -> HttpResponse:
    """One payment: where it went, what is left of it, and what it may be matched with."""
    with translated():
        found = lists.find_payment(request.user, key)
    looked = look(request)
    page = pages.payment_page(found, looked, request.user)
    may_return = request.user.may("payments.record", found.company_id)
    return render(
        request,
        "invoicing/payment_detail.html",
        {"menu": "payments", "title": found.external_id, "page": page, "payment": found, "look": looked}
        | {"may_return": may_return and not looked.is_past, "existed": found.received_on <= looked.day}
        | ({} if looked.is_past else match_context(request, page.item) | trace_context(request, found)),
    )


@needs("invoicing.view")
@require_GET
def panel(request: Any, code: str) -> HttpResponse:
    """A client's open items as a fragment: the oldest first, their total, and the way to all of them."""
    with translated():
        account = find_account(request.user, request.company, code)
    rows = lists.open_items(request.user, account.company, timezone.localdate()).filter(account=account)
    context = {
        "account": account,
        "items": pages.item_rows(rows[:PANEL_ROWS]),
        "count": rows.count(),
        "totals": lists.item_totals(rows),
        "outside": in_words(
            lists.outside_items(request.user, account.company, timezone.localdate(), account.code)
        ),
        "all_url": f"{reverse('invoicing:items')}?{urlencode({'account': account.code})}",
    }
    return render(request, "invoicing/_panel.html", context)


@needs("invoicing.issue")
@require_POST
def from_order(request: Any, number: str) -> HttpResponse:
    """Issue an invoice for what is delivered of an order, or for the whole of it in advance."""
    seen = Order.objects.visible_to(request.user, request.company)
    order = (seen.filter(number=number).first()) or (
        Order.objects.visible_to(request.user).filter(number=number).order_by("company_id").first()
    )
    if order is None:
        raise Http404
    try:
        with translated():
            invoice = services.issue_from_order(
                order_id=order.pk,
                acknowledged=request.POST.get("acknowledge", "").split(","),
                by=request.user,
                at=timezone.now(),
            )
    except AnomaliesFound as refusal:
        return ask_first(request, order, refusal.findings)
    except Refusal as refusal:
        messages.error(request, " ".join([str(refusal), *said(refusal)]))
        return _back(request, order)
    messages.success(request, _("Invoice %(number)s is issued.") % {"number": invoice.number})
    return redirect("invoicing:detail", number=invoice.number)


def _back(request: Any, order: Order) -> HttpResponseRedirect:
    """Go back to where the button was pressed."""
    target = request.POST.get("next", "")
    if not is_ours(request, target):
        target = reverse("orders:detail", args=[order.number])
    return HttpResponseRedirect(target)
