"""The list of orders, and the panel of one client's open orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import CustomerAccount
from accounts.scope import in_words
from o2c.shared.views import Action, Empty, ListPage

from ..enums import OrderState
from ..filters import OrderFilter
from ..lists import with_status
from ..models import Order
from ..queries import active_holds, orders_visible, outside_orders
from ..tables import OrderTable, order_url
from .base import OrderView

_PANEL_ROWS = 8


class OrderList(ListPage):
    """Every order the reader may see."""

    title = gettext_lazy("Orders")
    menu, permission = "orders", "orders.view"
    table_class, filterset_class = OrderTable, OrderFilter
    template_name = "orders/list.html"
    export_name = "orders"
    empty = Empty(
        "shopping-cart",
        gettext_lazy("Orders will stand here"),
        gettext_lazy("Each one is checked against the client's credit as it is submitted."),
    )
    request: Any

    def get_queryset(self) -> QuerySet[Order]:
        """Visible orders with their status, newest first."""
        return with_status(orders_visible(self.request.user, self.request.company))

    def get_actions(self) -> Sequence[Action]:
        """A new order, for those who may enter one."""
        if not self.request.user.may("orders.enter", self.request.company):
            return ()
        return (Action(_("New order"), reverse("orders:new"), icon="plus", primary=True, key="n"),)

    def get_subtitle(self, rows: QuerySet[Order]) -> str:
        """How much of the clients' business is colleagues'."""
        chosen = self.request.GET.get("client", "")
        return in_words(outside_orders(self.request.user, self.request.company, chosen))

    def get_currency(self, rows: QuerySet[Order]) -> str:
        """The one currency of the rows; none when they hold several."""
        if not hasattr(self, "_currencies"):
            self._currencies = list(rows.order_by().values_list("currency", flat=True).distinct()[:2])
        return str(self._currencies[0]) if len(self._currencies) == 1 else ""

    def get_totals(self, rows: QuerySet[Order]) -> dict[str, Any]:
        """The sum of what is shown; amounts of several currencies have none."""
        return super().get_totals(rows) if self.get_currency(rows) else {}


class ClientOrders(OrderView):
    """Open and held orders of one client, for its page."""

    def get(self, request: HttpRequest, account: int) -> HttpResponse:
        """Answer the panel."""
        visible = CustomerAccount.objects.visible_to(self.reader, self.company)
        client = get_object_or_404(visible, pk=account)
        open_orders = (
            with_status(orders_visible(self.reader, self.company))
            .filter(account=client, state__in=[OrderState.SUBMITTED, OrderState.CONFIRMED])
            .exclude(status="invoiced")
            .order_by("requested_delivery", "pk")
        )
        count = open_orders.count()
        rows = [
            {
                "order": order,
                "url": order_url(order),
                "reasons": [hold.reason for hold in active_holds(order)],
            }
            for order in open_orders[:_PANEL_ROWS]
        ]
        context = {
            "client": client,
            "rows": rows,
            "count": count,
            "more": count - len(rows),
            "outside": in_words(outside_orders(self.reader, self.company, client.code)),
            "all_url": f"{reverse('orders:list')}?client={client.code}",
        }
        return render(request, "orders/_client_orders.html", context)
