"""``accounts/{code}/statement/``: a client's open items on paper."""

from __future__ import annotations

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.api.base import CompanyEdge
from accounts.queries import find_account
from invoicing.statement import statement_pdf
from o2c.shared.api.bodies import read_date
from o2c.shared.calendar import paris_date
from o2c.shared.pdf import pdf_response


class StatementView(CompanyEdge):
    """The statement of one client."""

    reads = "invoicing.view"
    takes = {"get": ("as_of",)}

    @extend_schema(
        parameters=[OpenApiParameter("as_of", OpenApiTypes.DATE, description="Today when left out.")],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, code: str) -> HttpResponseBase:
        """Draw it as the book stood at the end of a day, in the client's language."""
        account = find_account(self.user, self.company, code)
        on = read_date(request, "as_of") or paris_date(self.at)
        content = statement_pdf(account, on=on, reader=self.user)
        return pdf_response(content, f"{account.code}-{on.isoformat()}.pdf")
