"""The report on separation of duties: page, file and API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from accounts.models import Company
from o2c.shared.exports import CSV_TYPE, csv_chunks
from o2c.shared.problems import Invalid
from o2c.shared.views import PermissionMixin

from .duties import Conflict, conflicts


class DutiesPage(PermissionMixin, View):
    """Who holds duties in one hand, in the company at work; ``?export=csv`` gives the file."""

    permission = "duties.view"
    request: Any

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Draw the page, or send the file."""
        company: Company | None = self.request.company
        if company is None:
            raise PermissionDenied
        found = conflicts(company)
        if request.GET.get("export") == "csv":
            return _file(company, found)
        context = {"menu": "duties", "title": _("Separation of duties"), "company": company, "rows": found}
        return render(request, "reports/duties.html", context)


class ConflictShape(serializers.Serializer[Any]):
    """One person with both sides of a pair."""

    user = serializers.CharField()
    name = serializers.CharField()
    conflict = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    first_roles = serializers.ListField(child=serializers.CharField())
    second_roles = serializers.ListField(child=serializers.CharField())
    kept_apart_by = serializers.CharField(allow_blank=True)


class DutiesAnswer(serializers.Serializer[Any]):
    """The report of one company."""

    company = serializers.CharField()
    rows = ConflictShape(many=True)


class DutiesView(CompanyEdge):
    """``reports/duties/``."""

    serializer_class = DutiesAnswer
    reads = "duties.view"
    takes = {"get": ("format",)}

    @extend_schema(parameters=[OpenApiParameter("format", str, enum=["json", "csv"])])
    def get(self, request: Request) -> HttpResponseBase:
        """Who holds duties in one hand that are better apart."""
        file_format = request.query_params.get("format") or "json"
        if file_format not in {"json", "csv"}:
            raise Invalid(errors={"format": [_("Write json or csv.")]})
        found = conflicts(self.company)
        if file_format == "csv":
            return _file(self.company, found)
        return Response({"company": self.company.code, "rows": [row.as_contract() for row in found]})


def _file(company: Company, found: Sequence[Conflict]) -> StreamingHttpResponse:
    header = [_("User"), _("Name"), _("Roles"), _("In one hand"), _("Kept apart by")]
    rows = [
        [row.user.username, row.user.label(), row.role_labels(), row.duties.label, row.duties.kept_by]
        for row in found
    ]
    return StreamingHttpResponse(
        csv_chunks(header, rows, language=get_language() or "fr"),
        content_type=CSV_TYPE,
        headers={"Content-Disposition": f'attachment; filename="duties-{company.code}.csv"'},
    )
