"""Entering and changing an order, with the credit answer beside it while one types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from accounts.models import CustomerAccount
from credit.advice import ANSWER_HOURS, Answer
from credit.client_choice import shown_as
from credit.services import CheckResult, OrderInCheck, check
from credit.written.queries import quotes_for, with_quotes
from o2c.shared.badges import badge_for
from o2c.shared.fields import DateField, MoneyField
from o2c.shared.formats import moment
from o2c.shared.models import AuditEvent
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.vat import VatTotals, vat_totals

from .. import services
from ..enums import OrderState, ShownStatus
from ..forms import LineForm, OrderForm, blank_lines, posted_lines, rows_of, typed_rows
from ..models import Order
from ..queries import find_order, shown_status
from ..services.refusals import ChangedMeanwhile
from ..tables import order_url
from .base import OrderView, put_on_form, refused

_VAT = Decimal("1.20")


class OrderEntry(OrderView):
    """A new order, or the change of one: buttons save it as a draft or submit it to the check."""

    permission = "orders.enter"

    def get(self, request: HttpRequest, number: str = "") -> HttpResponse:
        """Show the empty form, filled with what the address gives; or the order to change."""
        order = self.find(number) if number else None
        if order is not None and not _may_change(order):
            messages.error(request, _("This order has ended: copy it instead."))
            return redirect(order_url(order))
        if order is None:
            form = OrderForm(user=self.reader, company=self.company, initial=wished(self.request))
            lines = blank_lines(wished_lines(self.request))
        else:
            form = OrderForm(user=self.reader, company=self.company, order=order, initial=_head_of(order))
            lines = blank_lines(rows_of(order.lines.all()), extra=1)
        return self._page(form, lines, order)

    def post(self, request: HttpRequest, number: str = "") -> HttpResponseBase:
        """Add or take out a row, or keep the order."""
        order = self.find(number) if number else None
        if "add" in request.POST or "remove" in request.POST:
            return self._other_rows(request, order)
        form = OrderForm(request.POST, user=self.reader, company=self.company, order=order)
        lines = posted_lines(request.POST)
        if not (form.is_valid() & lines.is_valid()):
            return self._page(form, lines, order, status=422)
        try:
            kept = self._keep(form, lines, order)
        except NotAllowed as refusal:
            if order is None:
                raise PermissionDenied from refusal
            return refused(request, refusal, order)
        except ChangedMeanwhile:
            assert order is not None
            return self._changed_meanwhile(form, lines, order)
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self._page(form, lines, order, status=refusal.status)
        return redirect(order_url(kept))

    def _keep(self, form: OrderForm, lines: Any, order: Order | None) -> Order:
        data, at = form.cleaned_data, timezone.now()
        common: dict[str, Any] = {
            "term": data["term"] or None,
            "requested_delivery": data["requested_delivery"],
            "customer_reference": data["customer_reference"],
            "lines": lines.inputs(),
            "by": self.reader,
            "at": at,
        }
        if order is None:
            client: CustomerAccount = data["client"]
            order = services.create_order(company=client.company, account=client, **common)
        else:
            order = services.change_order(order_id=order.pk, version=data["version"], **common)
        if "submit" in self.request.POST and order.state == OrderState.DRAFT:
            order = services.submit(order_id=order.pk, by=self.reader, at=at)
        tell(self.request, find_order(self.reader, self.company, order.number))
        return order

    def _changed_meanwhile(self, form: OrderForm, lines: Any, order: Order) -> HttpResponse:
        """Say who changed the order, keep what was typed, and let it be saved over the other's version."""
        last = (
            AuditEvent.objects.filter(object_type=Order._meta.label_lower, object_id=order.pk)
            .order_by("-at", "-pk")
            .first()
        )
        data = {**{name: form.data.get(name, "") for name in form.fields}, "version": str(order.version)}
        form = OrderForm(data, user=self.reader, company=self.company, order=order)
        context = {
            "other": order,
            "who": (last.actor or _("The portal")) if last else "",
            "when": moment(timezone.localtime(last.at), timezone.localdate()) if last else "",
        }
        return self._page(form, lines, order, status=409, meanwhile=context)

    def _other_rows(self, request: HttpRequest, order: Order | None) -> HttpResponse:
        rows = typed_rows(request.POST)
        if "remove" in request.POST:
            asked = request.POST["remove"]
            rows = [row for place, row in enumerate(rows) if str(place) != asked]
            lines = blank_lines(rows, extra=0 if rows else 1)
        else:
            lines = blank_lines(rows, extra=1)
            lines.forms[-1].fields["sku"].widget.attrs["autofocus"] = True
        if getattr(request, "htmx", False):
            response = render(request, "orders/_lines.html", {"lines": lines, "order": order})
            return trigger_client_event(response, "lines", after="swap")
        typed = {name: request.POST.get(name, "") for name in OrderForm.base_fields}
        form = OrderForm(user=self.reader, company=self.company, order=order, initial=typed)
        return self._page(form, lines, order)

    def _page(
        self, form: OrderForm, lines: Any, order: Order | None, *, status: int = 200, meanwhile: Any = None
    ) -> HttpResponse:
        answer = answer_to(self.request, raw(form, lines), order)
        context = {
            "title": _("Change %(number)s") % {"number": order.number} if order else _("New order"),
            "menu": "orders",
            "form": form,
            "lines": lines,
            "order": order,
            "draft": order is None or order.state == OrderState.DRAFT,
            "meanwhile": meanwhile,
            "back_url": order_url(order) if order else reverse("orders:list"),
            **answer,
        }
        return render(self.request, "orders/entry.html", context, status=status)


class EntryAnswer(OrderView):
    """The total and the credit answer for what stands in the form now; stores nothing."""

    permission = "orders.enter"

    def post(self, request: HttpRequest, number: str = "") -> HttpResponse:
        """Answer the fragment."""
        order = self.find(number) if number else None
        return render(request, "orders/_answer.html", answer_to(request, request.POST, order))


def answer_to(request: Any, data: Mapping[str, Any], order: Order | None) -> dict[str, Any]:
    """Total of the readable rows and what the check would say of it; unreadable rows are left out."""
    totals = _readable_total(data)
    account = order.account if order else _client_of(request, data)
    priced_in = (order or account or request.company).currency
    context: dict[str, Any] = {"totals": totals, "account": account, "priced_in": priced_in, "answer": None}
    if account is None or totals.incl <= 0:
        return context
    term = str(data.get("term") or "") or None
    about = None
    if order is not None and order.state != OrderState.DRAFT:
        placed = order.state == OrderState.CONFIRMED and not order.is_beyond_horizon
        confirmed = order.counted_since if placed else None
        about = OrderInCheck(order.pk, order.number, confirmed, order.order_date)
    delivery = _day(data.get("requested_delivery"))
    result = check(
        account=account,
        amount=totals.incl,
        currency=priced_in,
        term=term,
        delivery_date=delivery if isinstance(delivery, date) else None,
        at=timezone.now(),
        by=request.user,
        order=about,
    )
    contract = result.as_contract()
    spoken = Answer(contract)
    return context | {
        "answer": spoken,
        "findings": [
            {**found, "look": badge_for(found["code"])} for found in with_quotes(contract, quotes_for(result))
        ],
        "ways": spoken.ways() if spoken.holding else [],
        "hours": ANSWER_HOURS,
        "before": result.available_before,
        "after": result.available_after,
        "use": _use(result),
        "currency": result.view.currency,
    }


def _use(result: CheckResult) -> Decimal | None:
    """Share of the limit that binds used with the order; None without a limit."""
    limit, left = result.view.limit.effective, result.available_after
    return (limit - left) / limit if limit and left is not None else None


def _client_of(request: Any, data: Mapping[str, Any]) -> CustomerAccount | None:
    form = OrderForm({"client": data.get("client", "")}, user=request.user, company=request.company)
    form.is_valid()
    client: CustomerAccount | None = form.cleaned_data.get("client")
    return client


def _readable_total(data: Mapping[str, Any]) -> VatTotals:
    figures = []
    for row in typed_rows(data):
        form = LineForm(row)
        form.is_valid()
        read = [form.cleaned_data.get(name) for name in ("quantity", "unit_price", "vat_rate")]
        if all(value is not None for value in read):
            figures.append(tuple(read))
    return vat_totals(figures)  # type: ignore[arg-type]


def raw(form: OrderForm, lines: Any) -> dict[str, Any]:
    """What stands in the form, typed or given, in the shape of a post."""
    data: dict[str, Any] = {
        name: form[name].value() or "" for name in form.fields if form[name].value() is not None
    }
    data["lines-TOTAL_FORMS"] = len(lines.forms)
    for place, row in enumerate(lines.forms):
        for name in row.fields:
            data[f"lines-{place}-{name}"] = row[name].value()
    return data


def wished(request: Any) -> dict[str, Any]:
    """Client and delivery as a link gave them (*Can I sell?*, the client's page)."""
    query = request.GET
    code = query.get("client", "")
    visible = CustomerAccount.objects.visible_to(request.user, request.company)
    client = visible.filter(code=code).first() if code else None
    return {
        "client": shown_as(client) if client else code,
        "requested_delivery": _day(query.get("delivery")),
    }


def wished_lines(request: Any) -> list[dict[str, Any]]:
    """One line that comes to the amount incl. VAT which the link gave."""
    try:
        amount = MoneyField(required=False).clean(request.GET.get("amount"))
    except ValidationError:  # a link with an unreadable amount is a link without one
        amount = None
    if not amount:
        return []
    price = (amount / _VAT).quantize(Decimal("0.0001"))
    return [{"quantity": Decimal(1), "unit_price": price, "vat_rate": Decimal(20)}]


def _day(text: str | None) -> date | str | None:
    """A day that a link gave; one that cannot be read stays as it was written."""
    try:
        return DateField(required=False, prefer="future").clean(text)
    except ValidationError:
        return text


def _head_of(order: Order) -> dict[str, Any]:
    return {
        "term": order.term,
        "requested_delivery": order.requested_delivery,
        "customer_reference": order.customer_reference,
        "version": order.version,
    }


def _may_change(order: Order) -> bool:
    return order.state in (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CONFIRMED)


def tell(request: HttpRequest, order: Order) -> None:
    """Say what became of an order."""
    number = {"number": order.number}
    status = shown_status(order)
    if status == ShownStatus.DRAFT:
        messages.success(request, _("%(number)s is kept as a draft.") % number)
    elif status == ShownStatus.ON_HOLD:
        messages.warning(request, _("%(number)s is on hold: the reasons stand below.") % number)
    else:
        messages.success(request, _("%(number)s is confirmed.") % number)
