"""Reports by HTTP: JSON, or the file that people open."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import AccountUnknown, CompanyEdge
from invoicing.ageing import EDGES, Basis
from o2c.shared.api.bodies import read_date
from o2c.shared.api.jobs import JobAnswer, job_answer
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotFound

from .background import is_long, prepare
from .catalogue import AGED_BALANCE, DISPUTES, EXPOSURE, Asked, read, sheet_of
from .files import TYPES
from .frame import download
from .scope import Selection

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


class ExposureReportAnswer(serializers.Serializer[Any]):
    """Contract §5 with the names of §4: a row per client in the company's currency."""

    as_of = serializers.DateField()
    company = serializers.CharField()
    currency = serializers.CharField()
    source = serializers.ChoiceField(["live", "snapshot"])  # type: ignore[assignment]
    scope = serializers.ChoiceField(["company", "portfolio", "selection"])
    rows = serializers.ListField(child=serializers.DictField())
    totals = serializers.DictField()
    control = serializers.DictField()


class DisputesReportAnswer(serializers.Serializer[Any]):
    """Contract §5: a row per dispute; in the totals what they add up to by cause, department and type."""

    as_of = serializers.DateField()
    company = serializers.CharField()
    scope = serializers.ChoiceField(["company", "portfolio", "selection"])
    rows = serializers.ListField(child=serializers.DictField())
    totals = serializers.DictField()
    control = serializers.DictField()


_WHOSE: Final = (
    OpenApiParameter("as_of", date, description="The book at the end of this day; today's if left out."),
    OpenApiParameter("account", str, description="Code of a client."),
    OpenApiParameter("sales_rep", str, description="User name; the clients in this portfolio on the day."),
    OpenApiParameter("siren", str, description="All establishments of a legal entity."),
    OpenApiParameter(
        "group", str, description="Code of a group; the clients that belonged to it on the day."
    ),
    OpenApiParameter("format", str, enum=list(TYPES)),
)


class ReportView(CompanyEdge):
    """A report as JSON, or as the file that people open."""

    reads = "reports.view"

    def answer(self, request: Request, asked: Asked) -> HttpResponseBase:
        """Read a report and write it as the address asks for.

        :raises Invalid: a format that is none
        :raises AccountUnknown: a client that is not there or not the reader's to see
        :raises TooLongForPaper: more lines than a PDF can hold
        """
        file_format = request.query_params.get("format") or "json"
        if file_format not in TYPES:
            raise Invalid(errors={"format": [_("Write json, csv, xlsx or pdf.")]})
        try:
            if is_long(asked, file_format, user=self.user, company=self.company):
                return self._prepared(asked, file_format)
            report = read(asked, user=self.user, company=self.company, at=self.at)
        except NotFound as unknown:
            if asked.selection.account and type(unknown) is NotFound:
                raise AccountUnknown from unknown
            raise
        return (
            Response(report.as_contract())
            if file_format == "json"
            else download(sheet_of(report), file_format)
        )

    def _prepared(self, asked: Asked, file_format: str) -> Response:
        language = get_language() or "fr"
        row = prepare(asked, file_format, user=self.user, company=self.company, language=language)
        address = reverse("api-job", kwargs={"pk": row.pk})
        answer = job_answer(row) | {"url": address}
        return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": address})

    def asked(self, request: Request, report: str, **more: Any) -> Asked:
        """What the address asks for.

        :raises ValidationError: a day that is none
        """
        given = request.query_params
        return Asked(
            report=report,
            as_of=read_date(request, "as_of") or paris_date(self.at),
            selection=Selection(**{name: given.get(name, "") for name in Selection.__dataclass_fields__}),
            **more,
        )


class AgedBalanceView(ReportView):
    """``reports/aged-balance/``."""

    serializer_class = AgedBalanceAnswer
    takes = {
        "get": ("as_of", "by", "buckets", "account", "sales_rep", "siren", "group", "format"),
    }

    @extend_schema(
        parameters=[
            *_WHOSE,
            OpenApiParameter("by", str, enum=[basis.value for basis in Basis]),
            OpenApiParameter("buckets", str, description="Last days of the buckets, such as 30,60,90."),
        ],
        responses={200: AgedBalanceAnswer, 202: JobAnswer},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Who owes what since when, as the book stood at the end of a day."""
        given = request.query_params
        asked = self.asked(
            request,
            AGED_BALANCE,
            by=given.get("by") or Basis.DUE_DATE.value,
            edges=_buckets(given.get("buckets")),
        )
        return self.answer(request, asked)


class ExposureView(ReportView):
    """``reports/exposure/``."""

    serializer_class = ExposureReportAnswer
    takes = {"get": ("as_of", "account", "sales_rep", "siren", "group", "format")}

    @extend_schema(parameters=list(_WHOSE), responses={200: ExposureReportAnswer, 202: JobAnswer})
    def get(self, request: Request) -> HttpResponseBase:
        """Every client's exposure against its limit: today live, a past day as it was recorded."""
        return self.answer(request, self.asked(request, EXPOSURE))


class DisputesReportView(ReportView):
    """``reports/disputes/``."""

    serializer_class = DisputesReportAnswer
    takes = {"get": ("as_of", "account", "sales_rep", "siren", "group", "format")}

    @extend_schema(parameters=list(_WHOSE), responses={200: DisputesReportAnswer, 202: JobAnswer})
    def get(self, request: Request) -> HttpResponseBase:
        """Every dispute with its cause, delay and cost; what they add up to by cause, department and type."""
        return self.answer(request, self.asked(request, DISPUTES))


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
