"""The accounting periods of a company, to be read."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from invoicing.periods import CLOSED, Month, months_of
from o2c.shared.calendar import paris_date


class PeriodAnswer(serializers.Serializer[Any]):
    """One month; who closed it last, and why it was opened again, where either happened."""

    month = serializers.CharField(help_text="Such as 2026-10.")
    state = serializers.ChoiceField(["open", "closed"])
    closed_by = serializers.CharField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    reopened_by = serializers.CharField(allow_null=True)
    reopened_at = serializers.DateTimeField(allow_null=True)
    reopen_reason = serializers.CharField()


class PeriodsAnswer(serializers.Serializer[Any]):
    """All of them on one page, newest first."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PeriodAnswer(many=True)


class PeriodListView(CompanyEdge):
    """``periods/``: the months that accept entries, and those that were ever closed."""

    serializer_class = PeriodsAnswer
    reads = "invoicing.view"

    def get(self, request: Request) -> Response:
        """The months, newest first."""
        rows = [_answer(month) for month in months_of(self.company, paris_date(self.at))]
        return Response({"count": len(rows), "next": None, "previous": None, "results": rows})


def _answer(month: Month) -> dict[str, Any]:
    row = month.row
    return {
        "month": f"{month.first:%Y-%m}",
        "state": "closed" if month.state == CLOSED else "open",
        "closed_by": row.closed_by.username if row else None,
        "closed_at": row.closed_at if row else None,
        "reopened_by": row.reopened_by.username if row and row.reopened_by else None,
        "reopened_at": row.reopened_at if row else None,
        "reopen_reason": row.reopen_reason if row else "",
    }
