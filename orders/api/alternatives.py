"""Alternatives of an order by HTTP: read, simulated in any combination, and agreed with the client."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import lowest_role_with
from credit.alternatives.measures import measures_of
from credit.api.alternatives import AlternativesAnswer, SimulationBody, alternatives_answer, simulation_answer
from credit.queries import money
from o2c.shared.problems import Conflict, NotAllowed
from orders import services
from orders.enums import OrderState
from orders.models import ReleaseCondition

from .papers import OrderPapers


class OrderAlternatives(OrderPapers):
    """The part of an order's address that looks ahead."""

    @extend_schema(methods=["get"], responses=AlternativesAnswer)
    @extend_schema(methods=["post"], request=SimulationBody, responses=AlternativesAnswer)
    @action(detail=True, methods=["get", "post"])
    def alternatives(self, request: Request, number: str) -> Response:
        """Why the order does not fit and what would make it fit; measures are simulated, or agreed (``accept``).

        Agreed, each becomes what it stands for, and a condition the order waits for; all of them or none.
        """
        if not self.user.may(self.reads, self.company):
            raise NotAllowed(required_role=lowest_role_with(self.reads))
        order = self._order(number)
        if order.state not in (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CONFIRMED):
            raise Conflict
        body = self.read(SimulationBody) if request.method == "POST" else None
        result, outlook = services.look_ahead_of(order, by=self.user, at=self.at)
        answer = alternatives_answer(order.number, result, outlook)
        if body is not None and outlook.levels:
            measures = measures_of(body["measures"], outlook)
            answer |= {"simulated": simulation_answer(outlook.simulate(measures), curve=outlook.shows_curve)}
        if body is not None and body["mode"] == "accept":
            services.accept_alternatives(
                order_id=order.pk,
                measures=body["measures"],
                agreed_with=body["agreed_with"],
                by=self.user,
                at=self.at,
            )
        return Response(answer | {"conditions": [_condition(row) for row in order.release_conditions.all()]})


def _condition(row: ReleaseCondition) -> dict[str, Any]:
    """What an order waits for, as the API shows it."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "status": row.status,
        "source": row.source,
        "source_id": row.source_id,
        "amount": None if row.amount is None else money(row.amount),
        "currency": row.currency,
        "due_on": row.due_on,
        "last_day": row.last_day,
        "agreed_with": row.agreed_with,
        "ended_at": row.ended_at,
    }
