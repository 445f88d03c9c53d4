"""``accounts/{code}/payment-circuit/``: how a client approves and pays."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.circuit_policy import next_run
from accounts.models import CustomerAccount, PaymentCircuit
from accounts.queries import circuit_of
from accounts.services import circuit as services
from o2c.shared.calendar import paris_date

from .base import CompanyEdge, account_of


class CircuitBody(serializers.Serializer[Any]):
    """What is known of it; what is left out stays."""

    validator = serializers.CharField(max_length=200, allow_blank=True, required=False)
    portal = serializers.CharField(max_length=200, allow_blank=True, required=False)
    cut_off_day = serializers.IntegerField(min_value=1, max_value=31, allow_null=True, required=False)
    run_days = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=31), max_length=31, required=False
    )
    references = serializers.CharField(max_length=200, allow_blank=True, required=False)


class CircuitAnswer(CircuitBody):
    """The same, with the next payment run from today."""

    next_run = serializers.DateField(allow_null=True)


class CircuitView(CompanyEdge):
    """One client's circuit."""

    reads = "accounts.view"
    acts = {"patch": services.RIGHT}

    @extend_schema(responses=CircuitAnswer)
    def get(self, request: Request, code: str) -> Response:
        """What is known of it."""
        return Response(self._answer(account_of(self.user, self.company, code)))

    @extend_schema(request=CircuitBody, responses=CircuitAnswer)
    def patch(self, request: Request, code: str) -> Response:
        """Change some of it; expected dates and reminders go by it from now on."""
        account = account_of(self.user, self.company, code)
        values = self.read(CircuitBody, partial=True)
        services.change_circuit(account_id=account.pk, values=values, by=self.user, at=self.at)
        return Response(self._answer(account))

    def _answer(self, account: CustomerAccount) -> dict[str, Any]:
        known = circuit_of(account) or PaymentCircuit(account=account)
        run = next_run(known.runs, paris_date(self.at))
        return {name: getattr(known, name) for name in services.FIELDS} | {
            "next_run": run.isoformat() if run else None
        }
