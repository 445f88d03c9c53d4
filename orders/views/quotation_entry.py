"""Entering and changing a quotation, with the credit answer beside it while one types."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from accounts.models import CustomerAccount
from o2c.shared.problems import NotAllowed, NotFound, Refusal

from .. import services
from ..enums import QuotationState
from ..forms import QuotationForm, blank_lines, posted_lines, rows_of, typed_rows
from ..models import Quotation
from ..queries import find_quotation
from ..quotation_tables import quotation_url
from .base import OrderView, put_on_form
from .entry import answer_to, raw, wished, wished_lines


class QuotationEntry(OrderView):
    """A new quotation, or the change of a draft; saved, or saved and marked as sent."""

    permission = "orders.enter"

    def get(self, request: HttpRequest, number: str = "") -> HttpResponse:
        """Show the empty form, filled with what the address gives; or the draft to change."""
        quotation = self._draft(number)
        if quotation is not None and quotation.state != QuotationState.DRAFT:
            messages.error(request, _("A quotation that was sent is not changed: copy it into a new one."))
            return redirect(quotation_url(quotation))
        if quotation is not None:
            form = self._form(quotation, initial=_head_of(quotation))
            return self._page(form, blank_lines(rows_of(quotation.lines.all()), extra=1), quotation)
        like = self._like(request.GET.get("like", ""))
        if like is not None:
            form = self._form(None, initial={**wished_of(like), "term": like.term})
            return self._page(form, blank_lines(_without_numbers(like), extra=1), None)
        form = self._form(None, initial=wished(request))
        return self._page(form, blank_lines(wished_lines(request)), None)

    def post(self, request: HttpRequest, number: str = "") -> HttpResponseBase:
        """Add or take out a row, or keep the quotation."""
        quotation = self._draft(number)
        if "add" in request.POST or "remove" in request.POST:
            return self._other_rows(request, quotation)
        form, lines = self._form(quotation, request.POST), posted_lines(request.POST)
        if not (form.is_valid() & lines.is_valid()):
            return self._page(form, lines, quotation, status=422)
        try:
            kept = self._keep(form, lines, quotation)
        except NotAllowed as refusal:
            raise PermissionDenied from refusal
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self._page(form, lines, quotation, status=refusal.status)
        return redirect(quotation_url(kept))

    def _keep(self, form: QuotationForm, lines: Any, quotation: Quotation | None) -> Quotation:
        data, at = form.cleaned_data, timezone.now()
        common: dict[str, Any] = {
            "term": data["term"] or None,
            "valid_until": data["valid_until"],
            "requested_delivery": data["requested_delivery"],
            "customer_reference": data["customer_reference"],
            "lines": lines.inputs(),
            "by": self.reader,
            "at": at,
        }
        if quotation is None:
            client: CustomerAccount = data["client"]
            kept = services.create_quotation(company=client.company, account=client, **common)
        else:
            kept = services.change_quotation(quotation_id=quotation.pk, version=data["version"], **common)
        number = {"number": kept.number}
        if "submit" in self.request.POST:
            kept = services.send_quotation(quotation_id=kept.pk, by=self.reader, at=at)
            messages.success(self.request, _("%(number)s is marked as sent.") % number)
        else:
            messages.success(self.request, _("%(number)s is kept as a draft.") % number)
        return kept

    def _other_rows(self, request: HttpRequest, quotation: Quotation | None) -> HttpResponse:
        rows = typed_rows(request.POST)
        if "remove" in request.POST:
            asked = request.POST["remove"]
            rows = [row for place, row in enumerate(rows) if str(place) != asked]
            lines = blank_lines(rows, extra=0 if rows else 1)
        else:
            lines = blank_lines(rows, extra=1)
            lines.forms[-1].fields["sku"].widget.attrs["autofocus"] = True
        if getattr(request, "htmx", False):
            response = render(request, "orders/_lines.html", {"lines": lines})
            return trigger_client_event(response, "lines", after="swap")
        typed = {name: request.POST.get(name, "") for name in QuotationForm.base_fields}
        return self._page(self._form(quotation, initial=typed), lines, quotation)

    def _page(
        self, form: QuotationForm, lines: Any, quotation: Quotation | None, *, status: int = 200
    ) -> HttpResponse:
        data = raw(form, lines)
        if quotation is not None:
            data["client"] = quotation.account.code
        context = {
            "title": _("Change %(number)s") % {"number": quotation.number}
            if quotation
            else _("New quotation"),
            "menu": "quotations",
            "form": form,
            "lines": lines,
            "quotation": quotation,
            "client_code": quotation.account.code if quotation else "",
            "back_url": quotation_url(quotation) if quotation else reverse("orders:quotations"),
            **answer_to(self.request, data, None),
        }
        return render(self.request, "orders/quotation_entry.html", context, status=status)

    def _form(self, quotation: Quotation | None, data: Any = None, **options: Any) -> QuotationForm:
        return QuotationForm(data, user=self.reader, company=self.company, order=quotation, **options)

    def _draft(self, number: str) -> Quotation | None:
        return self._found(number) if number else None

    def _like(self, number: str) -> Quotation | None:
        return self._found(number) if number else None

    def _found(self, number: str) -> Quotation:
        try:
            return find_quotation(self.reader, self.company, number)
        except NotFound as refusal:
            raise Http404 from refusal


def wished_of(quotation: Quotation) -> dict[str, Any]:
    """Client and reference of a quotation, for one like it."""
    return {"client": quotation.account.code, "customer_reference": quotation.customer_reference}


def _without_numbers(quotation: Quotation) -> list[dict[str, Any]]:
    return [{**row, "line": None} for row in rows_of(quotation.lines.all())]


def _head_of(quotation: Quotation) -> dict[str, Any]:
    return {
        "term": quotation.term,
        "valid_until": quotation.valid_until,
        "requested_delivery": quotation.requested_delivery,
        "customer_reference": quotation.customer_reference,
        "version": quotation.version,
    }
