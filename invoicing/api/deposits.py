"""Deposits asked for on an order: ``orders/{number}/deposit-request/``."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from credit.queries import money
from invoicing import services
from invoicing.models import DepositRequest
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.replays import creation_answer
from o2c.shared.problems import NotFound
from orders.queries import find_order

from .serializers import Shape


class DepositBody(Shape):
    """How much incl. VAT, in the order's currency, and by when."""

    amount = amount_field()
    due_date = serializers.DateField()


class DepositCancelBody(Shape):
    """Why it is taken back."""

    reason = serializers.CharField(max_length=300)


class DepositAnswer(DepositBody):
    """A deposit asked for: no invoice, owed by nobody."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    order = serializers.CharField()
    account = serializers.CharField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(["waiting", "received", "cancelled"])
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    met_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)


class DepositsAnswer(Shape):
    """Every deposit asked for on an order, the first one first."""

    results = DepositAnswer(many=True)


class DepositRequestView(CompanyEdge):
    """``orders/{number}/deposit-request/``."""

    reads = "orders.view"
    acts = {"post": "invoicing.issue"}

    @extend_schema(responses=DepositsAnswer)
    def get(self, request: Request, number: str) -> Response:
        """What was asked for on the order."""
        order = find_order(self.user, self.company, number)
        rows = order.deposit_requests.select_related("order", "account", "requested_by")
        return Response({"results": [deposit_answer(row) for row in rows]})

    @extend_schema(request=DepositBody, responses={201: DepositAnswer})
    def post(self, request: Request, number: str) -> Response:
        """Ask for a deposit; the same while it waits answers 200. Its money is invoiced as it comes."""
        order, body = find_order(self.user, self.company, number), self.read(DepositBody)
        known = order.deposit_requests.count()
        made = services.request_deposit(order_id=order.pk, by=self.user, at=self.at, **body)
        return creation_answer(deposit_answer(made), is_new=made.position > known)


class DepositCancelView(CompanyEdge):
    """``orders/{number}/deposit-request/cancel/``."""

    acts = {"post": "invoicing.issue"}

    @extend_schema(request=DepositCancelBody, responses={200: DepositAnswer})
    def post(self, request: Request, number: str) -> Response:
        """Take the one that waits back.

        :raises NotFound: none waits
        """
        order, body = find_order(self.user, self.company, number), self.read(DepositCancelBody)
        waiting = order.deposit_requests.filter(met_at=None, cancelled_at=None).first()
        if waiting is None:
            raise NotFound(code="no_deposit_waits")
        made = services.cancel_deposit(request_id=waiting.pk, by=self.user, at=self.at, **body)
        return Response(deposit_answer(made))


def deposit_answer(row: DepositRequest) -> dict[str, Any]:
    """A deposit asked for as the API writes it."""
    return {
        "id": row.pk,
        "reference": row.label,
        "order": row.order.number,
        "account": row.account.code,
        "amount": money(row.amount),
        "currency": row.currency,
        "due_date": row.due_date,
        "status": row.status,
        "requested_by": row.requested_by.username,
        "requested_at": row.requested_at,
        "met_at": row.met_at,
        "cancelled_at": row.cancelled_at,
    }
