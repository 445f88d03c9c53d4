"""Invoices: those issued here, those taken over, those made from an order. Issued documents never change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import F, Prefetch, Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge, CompanyViewSet
from invoicing import queries, services
from invoicing.enums import DocumentKind, InvoiceStatus, Origin
from invoicing.lists import outside_invoices
from invoicing.models import Invoice, ReceivableItem
from o2c.shared.api import Pages
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.replays import creation_answer
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotFound
from orders.queries import find_order

from .entry import enter_invoice
from .serializers import (
    FromOrderBody,
    InvoiceAnswer,
    InvoiceBody,
    InvoiceDetail,
    instalments,
    invoice_answer,
    invoice_line_answer,
)

ACKNOWLEDGE = OpenApiParameter(
    "acknowledge", str, description="Codes of anomalies that were seen, with commas: those that only ask."
)


def acknowledged_in(request: Request) -> list[str]:
    """The codes of ``?acknowledge=``."""
    return [code.strip() for code in request.query_params.get("acknowledge", "").split(",") if code.strip()]


class InvoiceFilters(filters.FilterSet):
    """``?number= &account= &status= &kind= &origin= &currency= &order= &issue_date= &due_date= …``."""

    number = filters.CharFilter()
    customer_reference = filters.CharFilter()
    term = filters.CharFilter()
    account = filters.CharFilter(field_name="account__code")
    status = filters.ChoiceFilter(choices=InvoiceStatus.choices, method="shown_as")
    kind = filters.ChoiceFilter(choices=DocumentKind.choices)
    origin = filters.ChoiceFilter(choices=Origin.choices)
    currency = filters.CharFilter(lookup_expr="iexact")
    order = filters.CharFilter(field_name="order__number")
    issue_date = DayFilter()
    due_date = DayFilter()

    class Meta:
        model = Invoice
        fields: Sequence[str] = ()

    def shown_as(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Documents that are shown with this status."""
        if value == InvoiceStatus.PAID:
            return rows.filter(open_on=0)
        whole = Q(open_on=F("total_incl_vat"))
        return rows.exclude(open_on=0).filter(whole if value == InvoiceStatus.ISSUED else ~whole)


def shown(invoices: QuerySet[Invoice], *, on: date) -> QuerySet[Invoice]:
    """Documents with all that an answer shows of them, in a constant number of queries."""
    items = queries.with_open_amount(
        ReceivableItem.objects.select_related("account").order_by("instalment"), on=on
    )
    return queries.invoices_with_open(
        invoices.select_related("company", "account", "order", "corrects").prefetch_related(
            Prefetch("items", items)
        ),
        on=on,
    )


class DocumentViewSet(CompanyViewSet):
    """Documents of a company's clients."""

    lookup_field = "number"
    queryset = Invoice.objects.none()
    serializer_class = InvoiceAnswer
    pagination_class = Pages
    filterset_class = InvoiceFilters
    search_fields = ("number", "customer_reference", "account__search_key")
    ordering_fields = {
        "number": "number",
        "issue_date": "issue_date",
        "due_date": "due_date",
        "total_incl_vat": "total_incl_vat",
        "account": "account__code",
    }
    ordering = "-issue_date"
    reads = "invoicing.view"
    acts = {"create": "invoicing.issue"}
    takes = {"create": ("acknowledge",)}

    def get_queryset(self) -> QuerySet[Invoice]:
        """Documents of the clients this user may see."""
        return shown(Invoice.objects.visible_to(self.user, self.company), on=paris_date(self.at))

    def list(self, request: Request) -> Response:
        """Documents, newest first."""
        found = outside_invoices(self.user, self.company, request.query_params.get("account", ""))
        return self.page(
            self.get_queryset(), lambda rows: [invoice_answer(row) for row in rows], outside=found
        )

    @extend_schema(responses=InvoiceDetail)
    def retrieve(self, request: Request, number: str) -> Response:
        """One document with its lines.

        :raises NotFound: there is none, or it is not this user's to see
        """
        found = self.get_queryset().filter(number=number).first()
        if found is None:
            raise NotFound(code="invoice_not_found")
        return Response(self._detail(found))

    @extend_schema(request=InvoiceBody, parameters=[ACKNOWLEDGE], responses={201: InvoiceDetail})
    def create(self, request: Request) -> Response:
        """Issue or take over a document; the same body again answers 200 with its present state."""
        entered = enter_invoice(
            request.data,
            company=self.company,
            acknowledged=acknowledged_in(request),
            by=self.user,
            at=self.at,
        )
        return creation_answer(self._answer(entered.document), is_new=entered.is_new)

    def _answer(self, invoice: Invoice) -> dict[str, Any]:
        return self._detail(shown(Invoice.objects.filter(pk=invoice.pk), on=paris_date(self.at)).get())

    @staticmethod
    def _detail(invoice: Invoice) -> dict[str, Any]:
        lines = [invoice_line_answer(line) for line in invoice.lines.all()]
        return invoice_answer(invoice) | {"lines": lines}


class InvoiceFromOrderView(CompanyEdge):
    """``orders/{number}/invoice/``."""

    serializer_class = InvoiceAnswer
    acts = {"post": "invoicing.issue"}
    takes = {"post": ("acknowledge",)}

    @extend_schema(request=FromOrderBody, parameters=[ACKNOWLEDGE], responses={201: InvoiceAnswer})
    def post(self, request: Request, number: str) -> Response:
        """Invoice what is delivered, or the whole order in advance if its check lets it pass."""
        order = find_order(self.user, self.company, number)
        body = self.read(FromOrderBody)
        made = services.issue_from_order(
            order_id=order.pk,
            by=self.user,
            at=self.at,
            issue_date=body.get("issue_date"),
            due_date=body.get("due_date"),
            instalments=instalments(body.get("instalments")),
            acknowledged=acknowledged_in(request),
        )
        found = shown(Invoice.objects.filter(pk=made.pk), on=paris_date(self.at)).get()
        return Response(invoice_answer(found), status=status.HTTP_201_CREATED)
