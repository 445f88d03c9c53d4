"""``invoices/{number}/pdf/`` and ``xml/``: the files of an issued document."""

from __future__ import annotations

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from invoicing import services
from invoicing.bundle.files import bundle_for
from invoicing.enums import FileKind
from invoicing.file_answers import bundle_response, file_response
from invoicing.models import Invoice
from o2c.shared.api.jobs import JobAnswer, job_answer
from o2c.shared.api.schema import Problem
from o2c.shared.problems import NotFound


class InvoiceFileView(CompanyEdge):
    """One file of a document; the first to ask waits until it is made."""

    kind: FileKind
    reads = "invoicing.view"

    @extend_schema(responses={200: OpenApiTypes.BINARY, 202: JobAnswer, 409: Problem})
    def get(self, request: Request, number: str) -> HttpResponseBase:
        """Hand it out: 202 with the work to look at where it takes longer, 422 with findings where it may not leave."""
        invoice = Invoice.objects.visible_to(self.user, self.company).filter(number=number).first()
        if invoice is None:
            raise NotFound(code="invoice_not_found")
        try:
            found = services.file_of(invoice, self.kind, by=self.user)
        except services.StillMade as waiting:
            answer = job_answer(waiting.work)
            return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Retry-After": "2"})
        return file_response(found, invoice.number)


class InvoicePdfView(InvoiceFileView):
    """``invoices/{number}/pdf/``: PDF/A-3 with Factur-X."""

    kind = FileKind.PDF


class InvoiceXmlView(InvoiceFileView):
    """``invoices/{number}/xml/``: CII, profile EN 16931."""

    kind = FileKind.XML


class InvoiceBundleView(CompanyEdge):
    """``invoices/{number}/bundle/``: what proves an invoice in one file, PDF or ZIP where a paper cannot be joined."""

    reads = "invoicing.view"

    @extend_schema(responses={200: OpenApiTypes.BINARY, 202: JobAnswer, 409: Problem})
    def get(self, request: Request, number: str) -> HttpResponseBase:
        """Hand it out: 202 with the work to look at where the invoice's own file takes longer."""
        invoice = Invoice.objects.visible_to(self.user, self.company).filter(number=number).first()
        if invoice is None:
            raise NotFound(code="invoice_not_found")
        try:
            found = bundle_for(invoice, by=self.user, at=self.at)
        except services.StillMade as waiting:
            answer = job_answer(waiting.work)
            return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Retry-After": "2"})
        return bundle_response(found)
