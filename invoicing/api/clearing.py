"""``clearing-days/``: how long money of each method takes to be good in a company."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from accounts.enums import PaymentMethod
from invoicing import services
from invoicing.clearing import days_of
from invoicing.clearing_policy import MOST_DAYS
from invoicing.services.clearing import RIGHT_TO_SET


def _days() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=MOST_DAYS)


class ClearingShape(serializers.Serializer[Any]):
    """Business days until money of each method is good; 0: at once. They hold for payments recorded from then on."""

    transfer = _days()
    direct_debit = _days()
    sdd_b2b = _days()
    lcr = _days()
    bor = _days()
    cheque = _days()
    card = _days()
    offset = _days()


class ClearingDaysView(CompanyEdge):
    """The days in force, and their change."""

    reads = "invoicing.view"
    acts = {"patch": RIGHT_TO_SET}

    @extend_schema(responses=ClearingShape)
    def get(self, request: Request) -> Response:
        """The days of every method."""
        return Response(_answer(days_of([self.company.pk])[self.company.pk]))

    @extend_schema(request=ClearingShape, responses=ClearingShape)
    def patch(self, request: Request) -> Response:
        """Set some of them; those left out stay."""
        days = self.read(ClearingShape, partial=True)
        after = services.set_clearing_days(company=self.company, days=days, by=self.user, at=self.at)
        return Response(_answer(after))


def _answer(days: dict[str, int]) -> dict[str, int]:
    return {method: days.get(method, 0) for method in PaymentMethod.values}
