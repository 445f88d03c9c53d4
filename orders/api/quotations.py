"""Quotations: offered, sent, answered, and turned into one order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.api.serializers import CheckAnswer, ReasonBody
from credit.queries import money
from credit.services.checks import answer_in_words
from o2c.shared.api import Pages
from o2c.shared.api.bodies import CurrencyField, KeyField, amount_field, body_hash, plain_number
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.replays import creation_answer, enter_once
from o2c.shared.pdf import pdf_response
from orders import queries, services
from orders.enums import QuotationState
from orders.models import Order, Quotation
from orders.paper import quotation_pdf

from .serializers import MOST_LINES, LineBody, OrderAnswer, Shape, line_inputs, order_answer


class QuotationChange(Shape):
    """A change of a draft; ``lines`` replaces all lines."""

    version = serializers.IntegerField(min_value=0, max_value=2_147_483_647, required=False, allow_null=True)
    term = serializers.CharField(max_length=40, required=False, allow_null=True)
    valid_until = serializers.DateField(required=False, allow_null=True)
    requested_delivery = serializers.DateField(required=False, allow_null=True)
    customer_reference = serializers.CharField(max_length=120, allow_blank=True, required=False)
    lines = serializers.ListField(child=LineBody(), required=False, max_length=MOST_LINES)


class QuotationBody(Shape):
    """A new quotation; without a number it takes the next of the company's own."""

    number = KeyField(max_length=60, required=False, allow_null=True)
    account = serializers.CharField(max_length=40)
    currency = CurrencyField(required=False, allow_null=True)
    term = serializers.CharField(max_length=40, required=False, allow_null=True)
    quoted_on = serializers.DateField(required=False, allow_null=True)
    valid_until = serializers.DateField(required=False, allow_null=True)
    requested_delivery = serializers.DateField(required=False, allow_null=True)
    customer_reference = serializers.CharField(max_length=120, allow_blank=True, default="")
    lines = serializers.ListField(child=LineBody(), max_length=MOST_LINES)


class ToOrderBody(Shape):
    """The number of the order; the next of the company's own when left out."""

    number = KeyField(max_length=60, required=False, allow_null=True)
    submit = serializers.BooleanField(default=True)


class QuotationAnswer(Shape):
    """A quotation as the API shows it; ``credit_check`` is what the check answered at ``checked_at``."""

    number = serializers.CharField()
    company = serializers.CharField()
    account = serializers.CharField()
    account_name = serializers.CharField()
    status = serializers.ChoiceField([(state.lower(), label) for state, label in QuotationState.choices])
    currency = serializers.CharField()
    term = serializers.CharField()
    quoted_on = serializers.DateField()
    valid_until = serializers.DateField()
    requested_delivery = serializers.DateField(allow_null=True)
    customer_reference = serializers.CharField(allow_blank=True)
    sales_rep = serializers.CharField(allow_null=True)
    lines = LineBody(many=True)
    total_excl_vat = amount_field()
    total_incl_vat = amount_field()
    credit_check = CheckAnswer()
    checked_at = serializers.DateTimeField()
    order = serializers.CharField(allow_null=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()


class QuotationFilters(filters.FilterSet):
    """``?account= &status= &sales_rep= &currency= &quoted_on_after= &valid_until_before= …``."""

    account = filters.CharFilter(field_name="account__code")
    status = filters.ChoiceFilter(
        choices=[(state.lower(), label) for state, label in QuotationState.choices],
        field_name="state",
        method="in_state",
    )
    sales_rep = filters.CharFilter(field_name="sales_rep__username")
    currency = filters.CharFilter(lookup_expr="iexact")
    customer_reference = filters.CharFilter()
    quoted_on = DayFilter()
    valid_until = DayFilter()

    class Meta:
        model = Quotation
        fields: Sequence[str] = ()

    def in_state(self, rows: QuerySet[Quotation], name: str, value: str) -> QuerySet[Quotation]:
        """Quotations in this state."""
        return rows.filter(state=value.upper())


class QuotationViewSet(CompanyViewSet):
    """Quotations to a company's clients."""

    lookup_field = "number"
    queryset = Quotation.objects.none()
    serializer_class = QuotationAnswer
    pagination_class = Pages
    filterset_class = QuotationFilters
    search_fields = ("number", "customer_reference", "account__search_key")
    ordering_fields = {
        "number": "number",
        "quoted_on": "quoted_on",
        "valid_until": "valid_until",
        "created_at": "created_at",
        "total_incl_vat": "total_incl_vat",
        "account": "account__code",
    }
    ordering = "-created_at"
    reads = "orders.view"
    acts = dict.fromkeys(("create", "partial_update", "send", "accept", "refuse", "order"), "orders.enter")

    def get_queryset(self) -> QuerySet[Quotation]:
        """Quotations to the clients this user may see."""
        return queries.quotations_visible(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Quotations, newest first."""
        return self.page(self.get_queryset(), lambda rows: [quotation_answer(row) for row in rows])

    @extend_schema(request=QuotationBody)
    def create(self, request: Request) -> Response:
        """Make a quotation; the same body under the same number again answers 200 with its present state."""
        body = self.read(QuotationBody)
        account = self.account(body["account"])
        hashed = body_hash(body)
        entered = enter_once(
            find=lambda: self._numbered(body.get("number")),
            create=lambda: services.create_quotation(
                company=self.company,
                account=account,
                lines=line_inputs(body["lines"]),
                creation_hash=hashed,
                by=self.user,
                at=self.at,
                **{k: v for k, v in body.items() if k not in {"account", "lines"}},
            ),
            body_hash=hashed,
        )
        return creation_answer(self._answer(entered.document), is_new=entered.is_new)

    def retrieve(self, request: Request, number: str) -> Response:
        """One quotation."""
        return Response(quotation_answer(self._quotation(number)))

    @extend_schema(request=QuotationChange(partial=True))
    def partial_update(self, request: Request, number: str) -> Response:
        """Change a draft; the credit check is asked again."""
        quotation = self._quotation(number)
        body = self.read(QuotationChange, partial=True)
        lines = line_inputs(body.pop("lines")) if "lines" in body else None
        return self._act(quotation, services.change_quotation, lines=lines, **body)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, number: str) -> Response:
        """Mark as sent to the client: it does not change any more."""
        return self._act(self._quotation(number), services.send_quotation)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, number: str) -> Response:
        """The client said yes."""
        return self._act(self._quotation(number), services.accept_quotation)

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, number: str) -> Response:
        """The client said no."""
        return self._act(self._quotation(number), services.refuse_quotation, **self.read(ReasonBody))

    @extend_schema(request=ToOrderBody, responses={200: OrderAnswer, 201: OrderAnswer})
    @action(detail=True, methods=["post"])
    def order(self, request: Request, number: str) -> Response:
        """Turn into an order, once, which passes the same check as every other."""
        quotation = self._quotation(number)
        made, is_new = services.make_order(
            quotation_id=quotation.pk, by=self.user, at=self.at, **self.read(ToOrderBody)
        )
        answer = order_answer(queries.with_parts(Order.objects.all()).get(pk=made.pk))
        return creation_answer(answer, is_new=is_new)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, number: str) -> Any:
        """The quotation as the client receives it."""
        quotation = self._quotation(number)
        return pdf_response(quotation_pdf(quotation), f"{quotation.number}.pdf")

    def _numbered(self, number: str | None) -> Quotation | None:
        return Quotation.objects.filter(company=self.company, number=number).first() if number else None

    def _quotation(self, number: str) -> Quotation:
        return queries.find_quotation(self.user, self.company, number)

    def _act(self, quotation: Quotation, act: Callable[..., Quotation], **fields: Any) -> Response:
        kept = act(quotation_id=quotation.pk, by=self.user, at=self.at, **fields)
        return Response(self._answer(kept))

    def _answer(self, quotation: Quotation) -> dict[str, Any]:
        return quotation_answer(queries.quotations_visible(self.user, self.company).get(pk=quotation.pk))


def quotation_answer(quotation: Quotation) -> dict[str, Any]:
    """A quotation as the API shows it; it comes from ``queries.quotations_visible``."""
    return {
        "number": quotation.number,
        "company": quotation.company.code,
        "account": quotation.account.code,
        "account_name": quotation.account.name,
        "status": quotation.state.lower(),
        "currency": quotation.currency,
        "term": quotation.term,
        "quoted_on": quotation.quoted_on,
        "valid_until": quotation.valid_until,
        "requested_delivery": quotation.requested_delivery,
        "customer_reference": quotation.customer_reference,
        "sales_rep": quotation.sales_rep.username if quotation.sales_rep else None,
        "lines": [
            {
                "line": line.line,
                "sku": line.sku,
                "description": line.description,
                "quantity": plain_number(line.quantity),
                "unit_price": plain_number(line.unit_price, places=2),
                "vat_rate": plain_number(line.vat_rate, places=2),
            }
            for line in quotation.lines.all()
        ],
        "total_excl_vat": money(quotation.total_excl_vat),
        "total_incl_vat": money(quotation.total_incl_vat),
        "credit_check": answer_in_words(quotation.credit_answer),
        "checked_at": quotation.checked_at,
        "order": quotation.order.number if quotation.order else None,
        "created_by": quotation.created_by.username,
        "created_at": quotation.created_at,
        "sent_at": quotation.sent_at,
        "ended_at": quotation.ended_at,
        "end_reason": quotation.end_reason,
        "version": quotation.version,
    }
