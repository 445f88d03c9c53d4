"""A deposit asked for, on paper: no invoice, no number of a series, no VAT."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.pdf import render_pdf

from .models import DepositRequest


def deposit_pdf(request: DepositRequest) -> bytes:
    """The request in the client's language; it names its order, the amount and the day."""
    language, order = request.language, request.order
    account, company = request.account, request.company
    with translation.override(language):
        amount = formats.money(request.amount, language, request.currency)
        context = {
            "request": request,
            "company": company,
            "account": account,
            "siren": formats.siren(company.siren) if company.siren else "",
            "client_siren": formats.siren(account.entity.siren) if account.entity.siren else "",
            "issued_on": formats.date_long(paris_date(request.requested_at), language),
            "due_on": formats.date_long(request.due_date, language),
            "amount": amount,
            "order_total": formats.money(order.total_incl_vat, language, order.currency),
            "words": _("Deposit on order %(number)s") % {"number": order.number},
            "mentions": [
                _("This is no invoice. A deposit invoice with its VAT follows when the money is there."),
                _("Please name %(reference)s with your payment.") % {"reference": request.label},
            ],
        }
    return render_pdf("pdf/deposit_request.html", context, language=language)
