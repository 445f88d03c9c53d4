"""Orders: entered, checked, delivered, held and decided; the queue of what waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.api.serializers import ReasonBody
from o2c.shared.api import Pages
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.replays import creation_answer
from o2c.shared.problems import Invalid
from orders import queries, services
from orders.enums import ShownStatus
from orders.lists import of_status, with_status
from orders.models import HoldCase, Order
from orders.services import LineInput

from .alternatives import OrderAlternatives
from .entry import enter_order
from .exchange import HoldMessageAnswer, HoldMessageBody, message_answer
from .overrides import OverrideAnswer, OverrideBody, ask
from .serializers import (
    CommentBody,
    CopyBody,
    GoodsIssueBody,
    OrderAnswer,
    OrderBody,
    OrderChange,
    QueueAnswer,
    ReleaseBody,
    ReturnBody,
    line_inputs,
    moved,
    order_answer,
    order_answers,
    queue_answer,
)

# What an order is for stays what it was; a copy is the way to another client or currency.
_LASTING = ("number", "account", "currency", "order_date")


class OrderFilters(filters.FilterSet):
    """``?number= &account= &status= &sales_rep= &currency= &term= &customer_reference= &order_date= …``."""

    number = filters.CharFilter()
    account = filters.CharFilter(field_name="account__code")
    status = filters.ChoiceFilter(choices=ShownStatus.choices, method="shown_as")
    sales_rep = filters.CharFilter(field_name="sales_rep__username")
    currency = filters.CharFilter(lookup_expr="iexact")
    customer_reference = filters.CharFilter()
    term = filters.CharFilter()
    created_by = filters.CharFilter(field_name="created_by__username")
    order_date = DayFilter()
    requested_delivery = DayFilter()

    class Meta:
        model = Order
        fields: Sequence[str] = ()

    def shown_as(self, rows: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        """Orders that are shown with this status."""
        return of_status(with_status(rows), value)


class OrderViewSet(OrderAlternatives):
    """Orders of a company's clients."""

    lookup_field = "number"
    queryset = Order.objects.none()
    serializer_class = OrderAnswer
    pagination_class = Pages
    filterset_class = OrderFilters
    search_fields = ("number", "customer_reference", "account__search_key")
    ordering_fields = {
        "number": "number",
        "order_date": "order_date",
        "created_at": "created_at",
        "requested_delivery": "requested_delivery",
        "total_incl_vat": "total_incl_vat",
        "account": "account__code",
    }
    ordering = "-created_at"
    reads = "orders.view"
    acts = {
        **dict.fromkeys(
            ("create", "partial_update", "submit", "copy", "reopen", "cancel", "close"), "orders.enter"
        ),
        **dict.fromkeys(("deliver", "give_back", "start_production"), "orders.deliver"),
        **dict.fromkeys(("evidence", "purchase_order", "confirmation"), "orders.enter"),
        "accept_difference": "orders.release",
        "hold": "orders.hold",
        "override_requests": "orders.request_override",
        "write_message": services.WRITE_MESSAGES,
        "release": "orders.release",
        "refuse": "orders.release",
    }

    def get_queryset(self) -> QuerySet[Order]:
        """Orders of the clients this user may see, with all that an answer shows."""
        return queries.orders_visible(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Orders, newest first."""
        found = queries.outside_orders(self.user, self.company, request.query_params.get("account", ""))
        return self.page(self.get_queryset(), order_answers, outside=found)

    @extend_schema(request=OrderBody)
    def create(self, request: Request) -> Response:
        """Enter an order; the same body again answers 200 with its present state."""
        entered = enter_order(request.data, company=self.company, by=self.user, at=self.at)
        return creation_answer(self._answer(entered.document), is_new=entered.is_new)

    def retrieve(self, request: Request, number: str) -> Response:
        """One order."""
        return Response(order_answer(self._order(number)))

    @extend_schema(request=OrderChange(partial=True))
    def partial_update(self, request: Request, number: str) -> Response:
        """Change an order; what raises it is checked again, so that it may come back on hold."""
        order = self._order(number)
        body = self.read(OrderChange, partial=True)
        self._refuse_lasting(order)
        lines: list[LineInput] | None = line_inputs(body.pop("lines")) if "lines" in body else None
        return self._act(order, services.change_order, lines=lines, **body)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, number: str) -> Response:
        """Send a draft to the check."""
        return self._act(self._order(number), services.submit)

    @extend_schema(request=CopyBody, responses={201: OrderAnswer})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, number: str) -> Response:
        """A new draft with the same lines."""
        order = self._order(number)
        made = services.copy(order_id=order.pk, by=self.user, at=self.at, **self.read(CopyBody))
        return Response(self._answer(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, number: str) -> Response:
        """Take a cancelled or closed order up again: it is checked like a new one."""
        return self._act(self._order(number), services.reopen)

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, number: str) -> Response:
        """Cancel what is not delivered."""
        return self._act(self._order(number), services.cancel, **self.read(ReasonBody))

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, number: str) -> Response:
        """Drop what is left to deliver."""
        return self._act(self._order(number), services.close, **self.read(ReasonBody))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="start-production")
    def start_production(self, request: Request, number: str) -> Response:
        """Check again before production starts."""
        return self._act(self._order(number), services.start_production)

    @extend_schema(request=GoodsIssueBody)
    @action(detail=True, methods=["post"])
    def deliver(self, request: Request, number: str) -> Response:
        """Book a goods issue after another check."""
        order, body = self._order(number), self.read(GoodsIssueBody)
        return self._act(
            order, services.deliver, lines=moved(body), on=body.get("date"), carrier=body["carrier"]
        )

    @extend_schema(request=ReturnBody)
    @action(detail=True, methods=["post"], url_path="return")
    def give_back(self, request: Request, number: str) -> Response:
        """Book goods that come back."""
        order, body = self._order(number), self.read(ReturnBody)
        return self._act(
            order, services.take_back, lines=moved(body), on=body.get("date"), reason=body["reason"]
        )

    @extend_schema(request=CommentBody)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, number: str) -> Response:
        """Hold by hand."""
        return self._act(self._order(number), services.hold, **self.read(CommentBody))

    @extend_schema(request=ReleaseBody)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, number: str) -> Response:
        """Let a held order through, by authority and with four eyes; at once, or when its conditions are met."""
        order, body = self._order(number), self.read(ReleaseBody)
        if not body.pop("when_met"):
            return self._act(order, services.release, **body)
        limits = {name: body.get(name) for name in ("amount", "valid_until")}
        services.release_when_met(
            order_id=order.pk, comment=body["comment"], by=self.user, at=self.at, **limits
        )
        return Response(self._answer(order))

    @extend_schema(request=OverrideBody, responses={201: OverrideAnswer})
    @action(detail=True, methods=["post"], url_path="override-requests")
    def override_requests(self, request: Request, number: str) -> Response:
        """Ask that a held order may go all the same; the same wish again answers 200."""
        body = self.read(OverrideBody)
        answer, is_new = ask(self._order(number), body, by=self.user, company=self.company, at=self.at)
        return creation_answer(answer, is_new=is_new)

    @extend_schema(responses=HoldMessageAnswer(many=True))
    @action(detail=True, methods=["get"], url_path="messages", pagination_class=None, filter_backends=[])
    def messages(self, request: Request, number: str) -> Response:
        """What was written about the order while it was on hold, the oldest first."""
        return Response([message_answer(row) for row in queries.messages_of(self._order(number))])

    @extend_schema(request=HoldMessageBody, responses={201: HoldMessageAnswer})
    @messages.mapping.post
    def write_message(self, request: Request, number: str) -> Response:
        """Write about an order on hold; everybody concerned is told. The same words sent twice are one message."""
        words = self.read(HoldMessageBody)["text"]
        made, is_new = services.write_message(
            order_id=self._order(number).pk, text=words, by=self.user, at=self.at
        )
        return creation_answer(message_answer(made), is_new=is_new)

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, number: str) -> Response:
        """Refuse a held order, or the change that holds it."""
        return self._act(self._order(number), services.refuse, **self.read(ReasonBody))

    def _order(self, number: str) -> Order:
        return queries.find_order(self.user, self.company, number)

    def _act(self, order: Order, act: Callable[..., Order], **fields: Any) -> Response:
        return Response(self._answer(act(order_id=order.pk, by=self.user, at=self.at, **fields)))

    def _answer(self, order: Order) -> dict[str, Any]:
        return order_answer(queries.with_parts(Order.objects.all()).get(pk=order.pk))

    def _refuse_lasting(self, order: Order) -> None:
        shown = order_answer(order)
        asked: Any = self.request.data
        errors = {
            name: [_("This cannot be changed. Copy the order instead.")]
            for name in _LASTING
            if name in asked and str(asked[name]) != str(shown[name])
        }
        if errors:
            raise Invalid(errors=errors)


class HoldFilters(filters.FilterSet):
    """``?status=open &order= &account= &code= &owner= &sales_rep=``."""

    order = filters.CharFilter(field_name="order__number")
    status = filters.ChoiceFilter(choices=[("open", "open")], method="only_open")
    account = filters.CharFilter(field_name="order__account__code")
    code = filters.CharFilter(method="held_for")
    owner = filters.CharFilter(field_name="owner__username")
    sales_rep = filters.CharFilter(field_name="order__sales_rep__username")

    class Meta:
        model = HoldCase
        fields: Sequence[str] = ()

    def only_open(self, rows: QuerySet[HoldCase], name: str, value: str) -> QuerySet[HoldCase]:
        """The queue holds nothing else."""
        return rows

    def held_for(self, rows: QuerySet[HoldCase], name: str, value: str) -> QuerySet[HoldCase]:
        """Cases kept by one reason."""
        held = Q(holds__reason=value, holds__lifted_at=None)
        return rows.filter(pk__in=HoldCase.objects.filter(held).values("pk"))


class HoldViewSet(CompanyViewSet):
    """The queue of orders that wait for a decision."""

    queryset = HoldCase.objects.none()
    serializer_class = QueueAnswer
    pagination_class = Pages
    filterset_class = HoldFilters
    search_fields = ("order__number", "order__account__search_key")
    ordering_fields = {
        "target_at": "target_at",
        "since": "opened_at",
        "amount": "order__total_incl_vat",
        "over_limit_by": "over_limit_by",
        "account": "order__account__code",
    }
    reads = "orders.view"

    def list(self, request: Request) -> Response:
        """What waits, most urgent first."""
        return self.page(
            queries.hold_queue(self.user, self.company),
            lambda rows: [queue_answer(row, int((self.at - row.opened_at).total_seconds())) for row in rows],
        )
