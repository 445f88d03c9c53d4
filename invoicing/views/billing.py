"""The list of what waits to be invoiced, and invoicing many of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import django_filters
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views import View

from invoicing import services
from invoicing.billing import to_invoice, waiting_by_currency
from invoicing.firewall.gate import AnomaliesFound
from invoicing.models import Invoice
from invoicing.tables import AccountColumn, linked
from o2c.shared import formats
from o2c.shared.problems import Refusal
from o2c.shared.tables import AmountColumn, CheckColumn, Column, DateColumn, Table, TextColumn
from o2c.shared.views import BulkAction, Empty, ListPage, PermissionMixin
from orders.lists import found_by
from orders.models import Order

from .base import said

RIGHT = "invoicing.issue"
# As many are invoiced while the page waits.
MOST_AT_ONCE = 50


class BillingFilter(django_filters.FilterSet):
    """By order, reference or client."""

    q = django_filters.CharFilter(method="search", label=gettext_lazy("Order, reference or client"))

    class Meta:
        model = Order
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        """Number, client's reference, client."""
        return rows.filter(found_by(value))


class BillingTable(Table):
    """Orders with something to invoice."""

    check = CheckColumn(amount="waiting", label="number")
    number = Column(verbose_name=gettext_lazy("Order"))
    account = AccountColumn(
        verbose_name=gettext_lazy("Client"), phone="full", order_by=("account__sort_key", "pk")
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Client code"))
    delivered_on = DateColumn(verbose_name=gettext_lazy("Delivered on"))
    reference = TextColumn(
        accessor="customer_reference", phone="hide", verbose_name=gettext_lazy("Client's reference")
    )
    term = TextColumn(phone="hide", verbose_name=gettext_lazy("Payment term"))
    waiting = AmountColumn(
        currency_from="currency",
        strong=True,
        phone="right",
        verbose_name=gettext_lazy("To invoice, excl. VAT"),
    )
    currency = TextColumn(export_only=True, verbose_name=gettext_lazy("Currency"))

    class Meta:
        model = Order
        fields: tuple[str, ...] = ()

    def render_number(self, value: str) -> Any:
        """Draw the link."""
        return linked(value, reverse("orders:detail", args=[value]))

    def value_number(self, value: str) -> str:
        """Return the number."""
        return value


class ToInvoice(ListPage):
    """What is delivered and on no invoice yet, the oldest delivery first."""

    request: Any

    title, menu, permission = gettext_lazy("To invoice"), "billing", "invoicing.view"
    table_class, filterset_class, export_name = BillingTable, BillingFilter, "to-invoice"
    empty = Empty(
        "file-check",
        gettext_lazy("Everything delivered is invoiced"),
        gettext_lazy("Orders stand here from their delivery until their invoice."),
    )

    def get_queryset(self) -> QuerySet[Order]:
        """Orders with something delivered that no invoice has."""
        return to_invoice(self.request.user, self.request.company)

    def get_subtitle(self, rows: QuerySet[Order]) -> str:
        """How many orders, and what they come to."""
        found = waiting_by_currency(rows)
        if not found:
            return ""
        language = get_language() or "fr"
        count = sum(number for _currency, _total, number in found)
        sums = ", ".join(formats.money(total, language, currency) for currency, total, _number in found)
        orders = ngettext("%(count)s order", "%(count)s orders", count) % {
            "count": formats.number(count, language)
        }
        return f"{orders} · {sums}"

    def get_bulk_actions(self) -> Sequence[BulkAction]:
        """Invoice each, or those of a client together."""
        if not self.request.user.may(RIGHT, self.request.company):
            return ()
        url = reverse("invoicing:bill")
        return (
            BulkAction(_("Per client"), url, value="grouped", key="g"),
            BulkAction(pgettext("verb", "Invoice"), url, primary=True, value="each", key="i"),
        )

    def _hidden_columns(self) -> tuple[str, ...]:
        hidden = super()._hidden_columns()
        return hidden if self.get_bulk_actions() else (*hidden, "check")


class Bill(PermissionMixin, View):
    """Invoice the chosen orders, and say what became of each; one that is refused keeps none of the others."""

    permission = RIGHT
    http_method_names = ["post", "options"]

    def post(self, request: Any) -> HttpResponse:
        """Do it; sent twice, the second finds nothing to invoice."""
        keys = [int(key) for key in request.POST.getlist("ids") if key.isdecimal() and len(key) < 19]
        if len(keys) > MOST_AT_ONCE:
            messages.error(request, _("Choose at most %(count)d orders at once.") % {"count": MOST_AT_ONCE})
            return redirect("invoicing:to_invoice")
        orders = list(to_invoice(request.user, request.company).filter(pk__in=keys))
        if not orders:
            messages.info(request, _("What you chose is invoiced already."))
            return redirect("invoicing:to_invoice")
        grouped = request.POST.get("action") == "grouped"
        made, refused = [], []
        for group in _groups(orders) if grouped else [[order] for order in orders]:
            try:
                made.append(self._issue(request, group))
            except Refusal as refusal:
                refused.append((group, _why(refusal)))
        context = {"menu": "billing", "title": _("Result of invoicing"), "made": made, "refused": refused}
        return render(request, "invoicing/billed.html", context, status=200 if made else 422)

    @staticmethod
    def _issue(request: Any, group: Sequence[Order]) -> Invoice:
        at = timezone.now()
        if len(group) == 1:
            return services.issue_from_order(order_id=group[0].pk, by=request.user, at=at)
        return services.issue_grouped(order_ids=[order.pk for order in group], by=request.user, at=at)


def _groups(orders: Sequence[Order]) -> list[list[Order]]:
    """Orders that one invoice takes."""

    def same(order: Order) -> tuple[int, str, str]:
        return (order.account_id, order.currency, order.term)

    return [list(group) for _key, group in groupby(sorted(orders, key=same), same)]


def _why(refusal: Refusal) -> str:
    if isinstance(refusal, AnomaliesFound):
        found = [str(row["message"]) for row in refusal.findings if row["severity"] in {"warn", "block"}]
        return " · ".join(found)
    return " ".join([str(refusal), *said(refusal)])
