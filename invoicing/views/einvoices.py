"""The statuses of an invoice on the e-invoicing platforms: its card, and the page on which one is noted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View

from invoicing import lists
from invoicing.einvoicing import handover, services
from invoicing.einvoicing.policy import CODES, DISPUTE_TYPE, REASON_WORDS, REASONS, EInvoiceStatus, followers
from invoicing.enums import DocumentKind, Origin
from invoicing.firewall.policy import DISPUTE_TYPE as ANOMALY_DISPUTES
from invoicing.firewall.policy import Anomaly
from invoicing.models import EInvoice, EInvoiceEvent, Invoice, InvoiceAnomaly
from o2c.shared.fields import MoneyField
from o2c.shared.models import Work
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import translated

# What each status looks like in a list: tone and icon.
LOOKS = {
    EInvoiceStatus.DISPUTED: ("disp", "message-exclamation"),
    EInvoiceStatus.SUSPENDED: ("warn", "paperclip"),
    EInvoiceStatus.PARTIALLY_APPROVED: ("warn", "arrows-split"),
    EInvoiceStatus.REFUSED: ("bad", "circle-x"),
    EInvoiceStatus.REJECTED: ("bad", "circle-x"),
    EInvoiceStatus.APPROVED: ("ok", "check"),
    EInvoiceStatus.CASHED: ("ok", "cash"),
    EInvoiceStatus.PAYMENT_SENT: ("info", "cash"),
}
# What somebody has to do about it.
NEXT = {
    EInvoiceStatus.SUSPENDED: gettext_lazy("Send the client what is missing, then note “Completed”."),
    EInvoiceStatus.REFUSED: gettext_lazy("Credit the whole invoice with “invoice again”, then correct it."),
    EInvoiceStatus.REJECTED: gettext_lazy(
        "The platform did not pass it on: credit it whole with “invoice again”, then correct it."
    ),
}


NEXT_OF_CREDIT = {
    EInvoiceStatus.SUSPENDED: NEXT[EInvoiceStatus.SUSPENDED],
    EInvoiceStatus.DISPUTED: gettext_lazy("The client contests what is credited: find out what it expects."),
    EInvoiceStatus.REFUSED: gettext_lazy(
        "The client does not take this credit note: agree with it, then credit the rest."
    ),
    EInvoiceStatus.REJECTED: gettext_lazy(
        "The platform did not pass it on: mend what it names and send the PDF file by mail."
    ),
}

# So many refusals are named one by one.
_NAMED = 5


class StatusForm(forms.Form):
    """Which status, why, about how much of it."""

    status = forms.ChoiceField(label=gettext_lazy("Status"))
    reason_code = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        required=False,
        help_text=gettext_lazy("Needed where the client disputes, suspends or refuses it."),
    )
    amount = MoneyField(
        label=gettext_lazy("Amount"),
        required=False,
        help_text=gettext_lazy(
            "What is disputed, or what is approved of it; all that is open when left empty."
        ),
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, current: EInvoiceStatus | None, data: Any = None, *, is_credit: bool = False) -> None:
        super().__init__(data)
        allowed = sorted(followers(current, is_credit=is_credit), key=CODES.__getitem__)
        choices = [(status.value, f"{CODES[status]} · {status.label}") for status in allowed]
        codes = {code for status in allowed for code in REASONS.get(status, ())}
        reasons = [(code, f"{word} · {code}") for code, word in REASON_WORDS.items() if code in codes]
        self.fields["status"].choices = choices  # type: ignore[attr-defined]
        self.fields["reason_code"].choices = [("", "—"), *reasons]  # type: ignore[attr-defined]


def einvoice_context(request: Any, invoice: Invoice) -> dict[str, Any]:
    """What the page of a document shows of its life on the platforms; nothing of one of nothing."""
    if invoice.total_incl_vat == 0:
        return {}
    is_credit = invoice.kind == DocumentKind.CREDIT_NOTE
    events = list(invoice.einvoice_events.select_related("recorded_by"))
    last = EInvoiceStatus(events[-1].status) if events else None
    may = request.user.may(services.RIGHT, invoice.company_id) and bool(followers(last, is_credit=is_credit))
    if not events and not may:
        return {}
    waits = handover.waiting_for(invoice) if may and not events else None
    passed = list(InvoiceAnomaly.objects.filter(invoice=invoice)) if events else []
    return {
        "einvoice": _badge_of(last) if last else None,
        "einvoice_next": (NEXT_OF_CREDIT if is_credit else NEXT).get(last) if last else None,
        "einvoice_events": [_row(event, invoice.currency, passed) for event in reversed(events)],
        "may_set_status": may,
        "may_hand_over": may and not events and waits is None and invoice.origin == Origin.ISSUED,
        "hand_over_waits": waits is not None and waits.state != Work.State.FAILED,
        "hand_over_problem": waits.message if waits is not None and waits.state == Work.State.FAILED else "",
    }


def _badge_of(status: EInvoiceStatus) -> dict[str, Any]:
    tone, icon = LOOKS.get(status, ("info", "send"))
    return {"tone": tone, "icon": icon, "label": status.label}


def _row(event: EInvoiceEvent, currency: str, passed: Sequence[InvoiceAnomaly]) -> dict[str, Any]:
    """One status as the timeline draws it; a dispute points back to what the invoice was issued in spite of."""
    status = EInvoiceStatus(event.status)
    reason = REASON_WORDS.get(event.reason_code)
    who = event.recorded_by.label() if event.recorded_by else _("by the platform")
    sub = [f"{reason} ({event.reason_code})" if reason else "", event.comment, who]
    if event.outgoing and event.sent_at is None:
        sub.append(_("not handed over yet"))
    meant = DISPUTE_TYPE.get(event.reason_code)
    known = {Anomaly(row.code).label for row in passed if meant and ANOMALY_DISPUTES[row.code] == meant}
    if known:
        sub.append(_("known when it was issued: %(what)s") % {"what": ", ".join(sorted(map(str, known)))})
    badge = _badge_of(status)
    return {
        "at": event.happened_at,
        "tone": badge["tone"],
        "icon": badge["icon"],
        "title": f"{CODES[status]} · {status.label}",
        "url": "",
        "sub": " · ".join(str(part) for part in sub if part),
        "amount": event.amount,
        "currency": currency,
    }


class SetStatus(PermissionMixin, View):
    """A form, then the act."""

    permission = services.RIGHT

    def get(self, request: Any, number: str) -> HttpResponse:
        """Draw the form, or go back where no status can follow."""
        invoice, current = self.invoice(request, number)
        is_credit = invoice.kind == DocumentKind.CREDIT_NOTE
        if not followers(current, is_credit=is_credit):
            return redirect("invoicing:detail", number=number)
        return self.answer(request, invoice, StatusForm(current, is_credit=is_credit))

    def post(self, request: Any, number: str) -> HttpResponse:
        """Note it, or say what does not fit."""
        invoice, current = self.invoice(request, number)
        form = StatusForm(current, request.POST, is_credit=invoice.kind == DocumentKind.CREDIT_NOTE)
        if form.is_valid():
            chosen = form.cleaned_data
            try:
                with translated():
                    services.record_status(
                        invoice_id=invoice.pk,
                        status=EInvoiceStatus(chosen["status"]),
                        reason_code=chosen["reason_code"],
                        amount=chosen["amount"],
                        comment=chosen["comment"],
                        by=request.user,
                        at=timezone.now(),
                    )
            except Refusal as refusal:
                for field, said in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, [str(text) for text in said])
                if not refusal.errors:
                    form.add_error(None, str(refusal))
            else:
                label = EInvoiceStatus(chosen["status"]).label
                messages.success(request, _("Noted: %(status)s.") % {"status": label})
                return redirect("invoicing:detail", number=invoice.number)
        return self.answer(request, invoice, form)

    @staticmethod
    def invoice(request: Any, number: str) -> tuple[Invoice, EInvoiceStatus | None]:
        """The invoice, if this user sees it, with its present status."""
        with translated():
            found = lists.find_invoice(request.user, request.company, number, timezone.localdate())
        state = EInvoice.objects.filter(invoice=found).first()
        return found, EInvoiceStatus(state.status) if state else None

    def answer(self, request: Any, invoice: Invoice, form: StatusForm) -> HttpResponse:
        """Draw the page."""
        context = {
            "menu": "invoices",
            "title": _("Status of %(number)s on the platform") % {"number": invoice.number},
            "invoice": invoice,
            "form": form,
        }
        status = 422 if form.errors else 200
        return render(request, "invoicing/einvoice_status.html", context, status=status)


class HandOver(PermissionMixin, View):
    """Hand the chosen invoices over to the platform; what cannot be is named, the others go."""

    permission = services.RIGHT
    http_method_names = ["post", "options"]

    def post(self, request: Any) -> HttpResponse:
        """Ask for it; asked twice, nothing is handed over twice."""
        keys = [int(key) for key in request.POST.getlist("ids") if key.isdecimal() and len(key) < 19]
        if not keys or len(keys) > handover.MOST_AT_ONCE:
            text = _("Choose between 1 and %(count)d invoices.") % {"count": handover.MOST_AT_ONCE}
            messages.error(request, text)
            return redirect("invoicing:list")
        seen = Invoice.objects.visible_to(request.user, request.company).filter(pk__in=keys).order_by("pk")
        asked, refused = [], []
        for invoice in seen:
            try:
                with translated():
                    handover.ask(invoice_id=invoice.pk, by=request.user, at=timezone.now())
            except Refusal as refusal:
                refused.append(f"{invoice.number}: {refusal}")
            else:
                asked.append(invoice)
        if asked:
            text = ngettext(
                "%(n)d invoice goes to the platform.", "%(n)d invoices go to the platform.", len(asked)
            )
            messages.success(request, text % {"n": len(asked)})
        for text in refused[:_NAMED]:
            messages.error(request, text)
        if len(refused) > _NAMED:
            messages.error(request, _("%(n)d more were left out.") % {"n": len(refused) - _NAMED})
        if len(keys) == 1 and (one := next(iter([*asked, *seen]), None)) is not None:
            return redirect("invoicing:detail", number=one.number)
        return redirect("invoicing:list")
