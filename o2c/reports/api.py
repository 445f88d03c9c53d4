"""Reports by HTTP: JSON, or the file that people open."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import AccountUnknown, CompanyEdge
from invoicing.ageing import EDGES, Basis
from o2c.shared.api.bodies import read_date
from o2c.shared.calendar import paris_date
from o2c.shared.exports import CSV_TYPE, XLSX_TYPE
from o2c.shared.problems import Invalid, NotFound

from .aged_balance import AgedBalance, aged_balance
from .files import aged_balance_file

_TYPES: Final = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}
_MOST_BUCKETS: Final = 20
_LONGEST: Final = 36_500


class AgedBalanceAnswer(serializers.Serializer[Any]):
    """Contract §5: a row per client and currency; totals per currency."""

    as_of = serializers.DateField()
    company = serializers.CharField()
    scope = serializers.ChoiceField(["company", "portfolio", "selection"])
    rows = serializers.ListField(child=serializers.DictField())
    totals = serializers.JSONField()
    control = serializers.DictField()


class AgedBalanceView(CompanyEdge):
    """``reports/aged-balance/``."""

    serializer_class = AgedBalanceAnswer
    reads = "reports.view"
    takes = {"get": ("as_of", "by", "buckets", "account", "sales_rep", "format")}

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "as_of", date, description="The book at the end of this day; today's if left out."
            ),
            OpenApiParameter("by", str, enum=[basis.value for basis in Basis]),
            OpenApiParameter("buckets", str, description="Last days of the buckets, such as 30,60,90."),
            OpenApiParameter("account", str, description="Code of a client."),
            OpenApiParameter("sales_rep", str, description="User name."),
            OpenApiParameter("format", str, enum=["json", *_TYPES]),
        ]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Who owes what since when, as the book stood at the end of a day."""
        asked = request.query_params
        file_format = asked.get("format") or "json"
        if file_format not in {"json", *_TYPES}:
            raise Invalid(errors={"format": [_("Write json, csv or xlsx.")]})
        try:
            report = aged_balance(
                user=self.user,
                company=self.company,
                as_of=read_date(request, "as_of") or paris_date(self.at),
                by=asked.get("by") or Basis.DUE_DATE,
                buckets=_buckets(asked.get("buckets")),
                account=asked.get("account"),
                sales_rep=asked.get("sales_rep"),
            )
        except NotFound as unknown:
            raise AccountUnknown from unknown
        return Response(report.as_contract()) if file_format == "json" else _file(report, file_format)


def _buckets(text: str | None) -> tuple[int, ...]:
    """The last days of the buckets.

    :raises Invalid: no numbers, or more than make sense
    """
    if not text:
        return EDGES
    parts = [part.strip() for part in text.split(",")]
    readable = len(parts) <= _MOST_BUCKETS and all(p.isascii() and p.isdigit() and len(p) < 6 for p in parts)
    edges = tuple(int(part) for part in parts) if readable else ()
    if not edges or max(edges) > _LONGEST or list(edges) != sorted(set(edges)) or edges[0] < 1:
        raise Invalid(errors={"buckets": [_("Buckets rise from above 0, such as 30,60,90.")]})
    return edges


def _file(report: AgedBalance, file_format: str) -> StreamingHttpResponse:
    language = get_language() or "fr"
    name = f"aged-balance-{report.company.code}-{report.as_of.isoformat()}.{file_format}"
    return StreamingHttpResponse(
        aged_balance_file(report, file_format, language=language),
        content_type=_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
