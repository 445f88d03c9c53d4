"""Documents to clients by mail: the card of an invoice, the page that shows what leaves first, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View

from accounts.enums import ContactRole
from invoicing import lists
from invoicing.enums import Origin
from invoicing.models import DocumentMail, Invoice
from invoicing.sending import services
from invoicing.sending.letters import letter_for
from invoicing.sending.policy import Addressee, Addressees, LeftOut, MailState, hindrances, worst
from invoicing.sending.queries import BADGES, addressees_of, under_way
from invoicing.services.files import is_plain
from o2c.shared import delivery
from o2c.shared.badges import badge_for
from o2c.shared.models import OutboxEvent
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import said, translated

_LOOKS = {
    "waiting": ("info", "hourglass"),
    "sent": ("ok", "send"),
    "delivered": ("ok", "mail"),
    "bounced": ("bad", "arrow-back-up"),
    "uncertain": ("warn", "alert-triangle"),
    "failed": ("bad", "alert-octagon"),
    "cancelled": ("mute", "ban"),
    "delayed": ("warn", "hourglass"),
    "relayed": ("info", "send"),
}
_NEXT = {
    MailState.BOUNCED: gettext_lazy("Correct the address on the client’s page, then send it again."),
    MailState.FAILED: gettext_lazy("Look at what the mail says, put it right, then send it again."),
    MailState.UNCERTAIN: gettext_lazy("Ask the client whether it arrived, then say so on the message."),
}


def mail_context(request: Any, invoice: Invoice) -> dict[str, Any]:
    """What the page of a document shows of its way to the client; nothing of one that was issued elsewhere."""
    if invoice.origin != Origin.ISSUED:
        return {}
    rows = list(
        DocumentMail.objects.filter(invoice=invoice)
        .select_related("message", "asked_by")
        .prefetch_related("message__events__by")
    )
    may = request.user.may(services.RIGHT, invoice.company_id)
    if not rows and not may:
        return {}
    state = worst({row.message.state for row in rows if row.superseded_at is None})
    return {
        "mail_card": True,
        "mail_badge": badge_for(BADGES[state]) if state else None,
        "mail_next": _NEXT.get(state) if state else None,
        "mail_events": _timeline(rows),
        "may_mail": may,
    }


def _timeline(rows: Iterable[DocumentMail]) -> list[dict[str, Any]]:
    """Everything that happened to the messages of a document, the newest first."""
    items = []
    for row in rows:
        url = reverse("outbox_message", args=[row.message_id])
        items += [_event(event, row, url) for event in row.message.events.all()]
        who = row.asked_by.label() if row.asked_by else _("by itself")
        items.append(
            {
                "at": row.asked_at,
                "tone": "info",
                "icon": "mail",
                "title": _("Written to %(address)s") % {"address": row.address},
                "url": url,
                "sub": f"{ContactRole(row.role).label} · {who}",
                "amount": None,
            }
        )
    return sorted(items, key=lambda item: item["at"], reverse=True)


def _event(event: OutboxEvent, row: DocumentMail, url: str) -> dict[str, Any]:
    tone, icon = _LOOKS[event.what]
    said_by = event.by.label() if event.by else ""
    return {
        "at": event.at,
        "tone": tone,
        "icon": icon,
        "title": f"{event.get_what_display()} · {row.address}",
        "url": url,
        "sub": " · ".join(part for part in (event.code, event.text, said_by) if part),
        "amount": None,
    }


class SendForm(forms.Form):
    """Whether to send again what was sent, and to addresses from which mail came back."""

    again = forms.BooleanField(required=False, label=gettext_lazy("Send again to those who have it already"))
    proofs = forms.BooleanField(
        required=False,
        label=gettext_lazy("With its proofs: the client’s order, our confirmation, delivery notes"),
        help_text=gettext_lazy("Goes also to those who have the document already."),
    )
    trusted = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("These addresses work again"),
    )

    def __init__(self, dead: Sequence[str], data: Any = None) -> None:
        super().__init__(data)
        self.fields["trusted"].choices = [(address, address) for address in dead]  # type: ignore[attr-defined]


class SendDocument(PermissionMixin, View):
    """To whom, with which words, then the act."""

    permission = services.RIGHT

    def get(self, request: Any, number: str) -> HttpResponse:
        """Show what would leave."""
        invoice = self.invoice(request, number)
        return self.answer(request, invoice, addressees_of(invoice.account))

    def post(self, request: Any, number: str) -> HttpResponse:
        """Send it, or say why not."""
        invoice = self.invoice(request, number)
        found = addressees_of(invoice.account)
        form = SendForm(list(delivery.bounced(each.address for each in found.chosen)), request.POST)
        problems: list[str] = []
        if form.is_valid():
            try:
                with translated():
                    made = services.send_document(
                        invoice_id=invoice.pk, by=request.user, at=timezone.now(), **form.cleaned_data
                    )
            except Refusal as refusal:
                problems = [str(refusal), *said(refusal)]
            else:
                messages.success(request, _sentence(made))
                return redirect("invoicing:detail", number=invoice.number)
        return self.answer(request, invoice, found, form, problems)

    @staticmethod
    def invoice(request: Any, number: str) -> Invoice:
        """The document, if this user sees it."""
        with translated():
            return lists.find_invoice(request.user, request.company, number, timezone.localdate())

    def answer(
        self,
        request: Any,
        invoice: Invoice,
        found: Addressees,
        form: SendForm | None = None,
        problems: Sequence[str] = (),
    ) -> HttpResponse:
        """Draw the page."""
        dead = delivery.bounced(each.address for each in found.chosen)
        mails = under_way().filter(invoice=invoice).values_list("address", "message__state")
        judged = hindrances(found.chosen, under_way=dict(mails), bounced=dead, again=False)
        form = form or SendForm(list(dead))
        has_file = invoice.origin == Origin.ISSUED and invoice.lines.exists()
        context = {
            "menu": "invoices",
            "title": _("Send %(number)s by mail") % {"number": invoice.number},
            "invoice": invoice,
            "form": form,
            "problems": problems,
            "fallback": found.fallback.label if found.fallback else "",
            "rows": [_row(each, why, dead) for each, why in judged.items()],
            "has_file": has_file,
            "is_plain": is_plain(invoice),
            "sent_before": any(why in (LeftOut.SENT, LeftOut.UNCERTAIN) for why in judged.values()),
            "letter": letter_for(invoice) if has_file and found.chosen else None,
        }
        status = 422 if problems or form.errors else 200
        return render(request, "invoicing/send.html", context, status=status)


def _row(each: Addressee, why: LeftOut | None, dead: Any) -> dict[str, Any]:
    came_back = dead.get(each.address.lower())
    return {
        "address": each.address,
        "name": each.name,
        "role": each.role.label,
        "why": why.label if why else "",
        "tone": "bad" if why == LeftOut.BOUNCED else "2" if why else "ok",
        "icon": "arrow-back-up" if why == LeftOut.BOUNCED else "minus" if why else "mail",
        "said": f"{came_back.code} {came_back.text}".strip() if came_back else "",
        "at": came_back.at if came_back else None,
    }


def _sentence(made: services.Sending) -> str:
    """What became of it in one line, with the addresses that were left out."""
    text = ngettext(
        "%(number)s goes to %(n)d address.", "%(number)s goes to %(n)d addresses.", len(made.messages)
    ) % {"number": made.invoice.number, "n": len(made.messages)}
    out = [f"{each.address}: {why.label}." for each, why in made.left_out]
    return " ".join([text, *out])


class SendMany(PermissionMixin, View):
    """Send the chosen documents, and say what became of each; one that is refused keeps none of the others."""

    permission = services.RIGHT
    http_method_names = ["post", "options"]

    def post(self, request: Any) -> HttpResponse:
        """Do it; sent twice, the second finds everything sent."""
        keys = [int(key) for key in request.POST.getlist("ids") if key.isdecimal() and len(key) < 19]
        if len(keys) > services.MOST_AT_ONCE:
            messages.error(
                request, _("Choose at most %(count)d documents at once.") % {"count": services.MOST_AT_ONCE}
            )
            return redirect("invoicing:list")
        seen = Invoice.objects.visible_to(request.user, request.company).filter(pk__in=keys)
        made, refused = [], []
        for invoice in seen.select_related("account").order_by("account__sort_key", "pk"):
            try:
                with translated():
                    made.append(
                        services.send_document(invoice_id=invoice.pk, by=request.user, at=timezone.now())
                    )
            except Refusal as refusal:
                refused.append((invoice, " ".join([str(refusal), *said(refusal)])))
        if not made and not refused:
            messages.info(request, _("Choose the documents to send."))
            return redirect("invoicing:list")
        context = {"menu": "invoices", "title": _("Result of sending"), "made": made, "refused": refused}
        return render(request, "invoicing/sent.html", context, status=200 if made else 422)
