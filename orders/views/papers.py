"""The papers of an order on screen: evidence, the client's purchase order beside ours, our confirmation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.policy import UnknownTerm, describe_term
from o2c.shared import formats
from o2c.shared.files import from_upload
from o2c.shared.outbox_files import safe_name
from o2c.shared.problems import NotAllowed, Refusal

from .. import services
from ..enums import OrderState
from ..models import Order, OrderConfirmation, OrderEvidence
from ..paper_forms import AcceptForm, EvidenceForm, PurchaseOrderForm, their_lines, their_rows_of
from ..papers import (
    all_differences,
    confirmation_in_force,
    deliveries_of,
    differences_of,
    purchase_order_of,
)
from ..queries import open_case
from ..review import Difference, Field, amount_of
from ..tables import order_url
from .acts import OneStep
from .base import OrderView, in_words, put_on_form, refused

_ALIVE = (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CONFIRMED)


def papers_url(order: Order) -> str:
    """Address of the papers of an order."""
    return reverse("orders:papers", args=[order.number])


class PapersPage(OrderView):
    """Evidence and the review of the client's purchase order, side by side with our order."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Show them."""
        return self.show(self.find(number))

    def show(
        self,
        order: Order,
        *,
        form: EvidenceForm | None = None,
        accept: AcceptForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Draw the page, with a form as it was typed when there is one."""
        theirs = purchase_order_of(order)
        lines = list(order.lines.all())
        still = differences_of(order, lines)
        keys = {found.key for found in still}
        enters = self.reader.may("orders.enter", order.company) and order.state in _ALIVE
        context = {
            "title": _("Papers of %(number)s") % {"number": order.number},
            "menu": "holds" if open_case(order) else "orders",
            "order": order,
            "evidence": order.evidence.select_related("recorded_by").order_by("-recorded_at", "-pk"),
            "theirs": theirs,
            "rows": [
                _row(found, accepted=found.key not in keys, currency=order.currency)
                for found in (all_differences(order, lines, theirs) if theirs else ())
            ],
            "still": len(still),
            "amount": amount_of(still),
            "accepted": list(theirs.accepted.all()) if theirs else [],
            "form": form or (EvidenceForm() if enters else None),
            "accept": accept or AcceptForm(),
            "enters": enters,
            "may_accept": bool(still)
            and self.reader.may("orders.release", order.company)
            and self.reader.pk not in {order.submitted_by_id, order.sales_rep_id},
            "back_url": order_url(order),
        }
        return render(self.request, "orders/papers.html", context, status=status)


class AddEvidence(PapersPage):
    """Keep what proves that the client ordered."""

    permission = "orders.enter"

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Add it, or say why not."""
        order = self.find(number)
        form = EvidenceForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(order, form=form, status=422)
        data = form.cleaned_data
        try:
            services.add_evidence(
                order_id=order.pk,
                channel=data["channel"],
                reference=data["reference"],
                dated_on=data["dated_on"],
                file=from_upload(data["file"], field="file") if data["file"] else None,
                by=self.reader,
                at=timezone.now(),
            )
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self.show(order, form=form, status=refusal.status)
        messages.success(request, _("The evidence is kept; the order has been looked at again."))
        return redirect(papers_url(order))


class EvidenceFile(OrderView):
    """A file that proves an order: for those who may see the order, as a download."""

    def get(self, request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
        """Hand it out, never to be shown or run inside the portal."""
        evidence = OrderEvidence.objects.filter(pk=pk, order=self.find(number)).exclude(file="").first()
        if evidence is None:
            raise Http404
        answer = FileResponse(
            evidence.file.open("rb"),
            as_attachment=True,
            filename=evidence.name,
            content_type=evidence.content_type,
        )
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


class RecordPurchaseOrder(OrderView):
    """Enter the client's purchase order, by hand or from a CSV file."""

    permission = "orders.enter"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Show the form: empty, with the one in force, or with our own lines to start from."""
        order = self.find(number)
        theirs = purchase_order_of(order)
        rows = their_rows_of(order, theirs, ours="ours" in request.GET)
        form = PurchaseOrderForm(order=order, initial=_head(order, theirs))
        return self._page(order, form, their_lines(rows=rows))

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Keep it, or say why not."""
        order = self.find(number)
        form = PurchaseOrderForm(request.POST, request.FILES, order=order)
        lines = their_lines(request.POST)
        typed = form.is_valid() and not form.cleaned_data["lines_of_file"]
        if not form.is_valid() or (typed and not lines.is_valid()):
            return self._page(order, form, lines, status=422)
        data = form.cleaned_data
        try:
            services.record_purchase_order(
                order_id=order.pk,
                number=data["number"],
                dated_on=data["dated_on"],
                currency=data["currency"] or None,
                term=data["term"] or None,
                requested_delivery=data["requested_delivery"],
                total_excl_vat=data["total_excl_vat"],
                lines=lines.inputs() if typed else data["lines_of_file"],
                by=self.reader,
                at=timezone.now(),
            )
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self._page(order, form, lines, status=refusal.status)
        messages.success(request, _("Their purchase order is kept and compared."))
        return redirect(papers_url(order))

    def _page(self, order: Order, form: PurchaseOrderForm, lines: Any, *, status: int = 200) -> HttpResponse:
        context = {
            "title": _("Purchase order of the client"),
            "menu": "holds" if open_case(order) else "orders",
            "order": order,
            "form": form,
            "lines": lines,
            "papers_url": papers_url(order),
            "back_url": order_url(order),
        }
        return render(self.request, "orders/purchase_order.html", context, status=status)


class AcceptDifference(PapersPage):
    """Accept one difference with a reason."""

    permission = "orders.release"

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Accept it, or say why not."""
        order = self.find(number)
        form = AcceptForm(request.POST)
        if not form.is_valid():
            return self.show(order, accept=form, status=422)
        try:
            services.accept_difference(
                order_id=order.pk, by=self.reader, at=timezone.now(), **form.cleaned_data
            )
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Refusal as refusal:
            messages.error(request, in_words(refusal))
            return redirect(papers_url(order))
        messages.success(request, _("The difference is accepted; the order has been looked at again."))
        return redirect(papers_url(order))


class ConfirmationPage(OrderView):
    """Every confirmation that was issued of an order, the one in force first."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Show them."""
        order = self.find(number)
        confirmed = order.state in (OrderState.CONFIRMED, OrderState.CLOSED) and open_case(order) is None
        in_force = confirmation_in_force(order)
        context = {
            "title": _("Confirmation of %(number)s") % {"number": order.number},
            "menu": "orders",
            "order": order,
            "issued": order.confirmations.select_related("issued_by", "order").order_by("-issue"),
            "up_to_date": in_force is not None,
            "confirmed": confirmed,
            "may_issue": confirmed and in_force is None and self.reader.may("orders.enter", order.company),
            "back_url": order_url(order),
        }
        return render(request, "orders/confirmation.html", context)


class IssueConfirmation(OneStep):
    """Issue the confirmation of what the order says now."""

    def act(self, order: Order) -> Order:
        """Issue it."""
        services.issue_confirmation(order_id=order.pk, by=self.reader, at=timezone.now())
        return order

    def done(self, order: Order) -> HttpResponseBase:
        """Show it among the others."""
        messages.success(self.request, _("The confirmation is issued."))
        return redirect(reverse("orders:confirmation", args=[order.number]))


class ConfirmationFile(OrderView):
    """One issued confirmation, exactly as it left."""

    def get(self, request: HttpRequest, number: str, issue: int) -> HttpResponseBase:
        """Hand it out."""
        found = OrderConfirmation.objects.filter(order=self.find(number), issue=issue).first()
        if found is None:
            raise Http404
        answer = FileResponse(
            found.file.open("rb"),
            as_attachment=True,
            filename=f"{found.number}.pdf",
            content_type="application/pdf",
        )
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


class DeliveryNoteFile(OrderView):
    """The note of one delivery."""

    def get(self, request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
        """Hand it out; the first to ask has it drawn."""
        found = deliveries_of(self.find(number)).filter(pk=pk).first()
        if found is None:
            raise Http404
        note = services.delivery_note(delivery=found, at=timezone.now())
        answer = FileResponse(
            note.file.open("rb"),
            as_attachment=True,
            filename=safe_name(f"{found.number}.pdf"),
            content_type="application/pdf",
        )
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


class StartProduction(OneStep):
    """Start the production of a confirmed order."""

    permission = "orders.deliver"

    def act(self, order: Order) -> Order:
        """Start it, after another check where the company wants one."""
        return services.start_production(order_id=order.pk, by=self.reader, at=timezone.now())

    def done(self, order: Order) -> HttpResponseBase:
        """Return to the page."""
        messages.success(
            self.request, _("The production of %(number)s has started.") % {"number": order.number}
        )
        return redirect(order_url(order))


def _head(order: Order, theirs: Any) -> dict[str, Any]:
    if theirs is None:
        return {"number": order.customer_reference, "currency": order.currency}
    return {
        "number": theirs.number,
        "dated_on": theirs.dated_on,
        "currency": theirs.currency,
        "term": theirs.term,
        "requested_delivery": theirs.requested_delivery,
        "total_excl_vat": theirs.total_excl_vat,
    }


def _row(found: Difference, *, accepted: bool, currency: str) -> dict[str, Any]:
    """One difference in words, with what to do about it."""
    labels = {
        Field.CURRENCY: _("Currency"),
        Field.TERM: _("Payment term"),
        Field.DELIVERY: _("Delivery"),
        Field.TOTAL: _("Total excl. VAT"),
        Field.QUANTITY: _("Quantity"),
        Field.PRICE: _("Unit price"),
        Field.NOT_THEIRS: _("Missing on theirs"),
        Field.NOT_OURS: _("Missing on ours"),
    }
    return {
        "found": found,
        "what": labels[found.field],
        "ours": _shown(found.field, found.ours, currency),
        "theirs": _shown(found.field, found.theirs, currency),
        "accepted": accepted,
    }


def _shown(field: Field, text: str, currency: str) -> str:
    """A value as people read it."""
    language = get_language() or "fr"
    if not text:
        return formats.NOTHING
    if field in (Field.PRICE, Field.TOTAL):
        return formats.money(Decimal(text), language, currency)
    if field is Field.DELIVERY:
        year, month, day = text.split("-")
        return f"{day}/{month}/{year}"
    if field is Field.TERM:
        try:
            return describe_term(text, language)
        except UnknownTerm:
            return text
    if field is Field.QUANTITY:
        value = Decimal(text)
        places = max(0, -int(value.normalize().as_tuple().exponent))
        return formats.number(value, language, decimals=places)
    return text
