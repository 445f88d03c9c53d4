"""Payments: recorded, proposed, matched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.enums import PaymentMethod
from credit.queries import money
from invoicing import queries, services
from invoicing.enums import PaymentStatus
from invoicing.lists import payment_list
from invoicing.matching import reading
from invoicing.models import Payment, PaymentReturn
from invoicing.trace import trace_of
from o2c.shared.api import Pages
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.replays import REPLAYED, creation_answer
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotFound

from .entry import enter_payment
from .payment_shapes import (
    AllocateBody,
    AllocatedAnswer,
    PaymentAnswer,
    PaymentBody,
    PaymentReturnBody,
    payment_answer,
)
from .proposal_shapes import ProposalAnswer, proposal_answer
from .trace_shapes import TraceAnswer, trace_answer


class PaymentFilters(filters.FilterSet):
    """``?account= &status= &method= &currency= &external_id= &reference= &order= &date= …``."""

    account = filters.CharFilter(field_name="account__code")
    status = filters.ChoiceFilter(choices=PaymentStatus.choices, method="shown_as")
    method = filters.ChoiceFilter(choices=PaymentMethod.choices)
    currency = filters.CharFilter(lookup_expr="iexact")
    external_id = filters.CharFilter()
    order = filters.CharFilter(field_name="order__number")
    reference = filters.CharFilter()
    payer_iban = filters.CharFilter()
    payer_name = filters.CharFilter()
    date = DayFilter(field_name="received_on")

    class Meta:
        model = Payment
        fields: Sequence[str] = ()

    def shown_as(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Payments that are shown with this status."""
        back = PaymentReturn.objects.filter(undone_at=None).values("payment")
        if value == PaymentStatus.RETURNED:
            return rows.filter(pk__in=back)
        rows = rows.exclude(pk__in=back)
        if value == PaymentStatus.ALLOCATED:
            return rows.filter(unallocated_on=0)
        whole = Q(unallocated_on=F("amount"))
        return rows.exclude(unallocated_on=0).filter(whole if value == PaymentStatus.UNALLOCATED else ~whole)


class PaymentViewSet(CompanyViewSet):
    """Money that came in or is announced."""

    queryset = Payment.objects.none()
    serializer_class = PaymentAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = PaymentFilters
    search_fields = ("external_id", "reference", "payer_name", "account__search_key")
    ordering_fields = {"date": "received_on", "amount": "amount", "external_id": "external_id"}
    ordering = "-date"
    reads = "invoicing.view"
    acts = {
        "create": "payments.record",
        "allocate": "payments.allocate",
        "give_back": "payments.record",
        "undo_return": "payments.record",
    }

    def get_queryset(self) -> QuerySet[Payment]:
        """Payments this user may see, with what is left of each."""
        return self._shown(payment_list(self.user, self.company))

    def list(self, request: Request) -> Response:
        """Payments, newest first."""
        return self.page(self.get_queryset(), lambda rows: [payment_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One payment."""
        return Response(payment_answer(self._payment(pk)))

    @extend_schema(request=PaymentBody)
    def create(self, request: Request) -> Response:
        """Record a payment; the same body again answers 200 with its present state."""
        entered = enter_payment(request.data, company=self.company, by=self.user, at=self.at)
        return creation_answer(self._answer(entered.document), is_new=entered.is_new)

    @extend_schema(request=AllocateBody, responses={200: AllocatedAnswer})
    @action(detail=True, methods=["post"])
    def allocate(self, request: Request, pk: str) -> Response:
        """Match it with items, all or none."""
        payment, body = self._payment(pk), self.read(AllocateBody)
        made = services.allocate_payment(
            payment_id=payment.pk,
            items=[(line["item"], line["amount"]) for line in body["items"]],
            by=self.user,
            at=self.at,
        )
        rows = [{"id": a.pk, "item": a.debit_id, "amount": money(a.amount), "letter": a.letter} for a in made]
        return Response({"allocations": rows})

    @extend_schema(request=PaymentReturnBody, responses={200: PaymentAnswer})
    @action(detail=True, methods=["post"], url_path="return", url_name="return")
    def give_back(self, request: Request, pk: str) -> Response:
        """Record that the bank took it back: what it had settled is owed again. The same once more changes nothing."""
        payment, body = self._payment(pk), self.read(PaymentReturnBody)
        done = services.return_payment(
            payment_id=payment.pk,
            returned_on=body["date"],
            reason=body["reason"],
            fee=body.get("fee"),
            by=self.user,
            at=self.at,
        )
        return Response(self._answer(payment), headers=None if done.is_new else REPLAYED)

    @extend_schema(request=None, responses={204: None})
    @give_back.mapping.delete
    def undo_return(self, request: Request, pk: str) -> Response:
        """Take back a return recorded by mistake, as long as its day lies in an open period."""
        services.undo_return(payment_id=self._payment(pk).pk, by=self.user, at=self.at)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={200: ProposalAnswer})
    @action(detail=True, methods=["get", "post"])
    def propose(self, request: Request, pk: str) -> Response:
        """What it may settle, the surest first, each with its score and reasons; nothing is stored."""
        payment = self._payment(pk)
        rules = reading.rules_of(payment.company)
        cases = list(reading.proposals_for(payment.company, [payment.pk], reader=self.user, rules=rules))
        proposals = cases[0].proposals if cases else ()
        return Response(
            proposal_answer(payment, proposals, rules)
            | {"unallocated_amount": payment_answer(payment)["unallocated_amount"]}
        )

    @extend_schema(responses={200: TraceAnswer})
    @action(detail=True, methods=["get"])
    def trace(self, request: Request, pk: str) -> Response:
        """What it set off: received, matched, held orders looked at again and what became of them, people told."""
        return Response(trace_answer(trace_of(self._payment(pk), self.user)))

    def _payment(self, pk: str) -> Payment:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound(code="payment_not_found")
        return found

    def _answer(self, payment: Payment) -> dict[str, Any]:
        return payment_answer(self._shown(Payment.objects.filter(pk=payment.pk)).get())

    def _shown(self, payments: QuerySet[Payment]) -> QuerySet[Payment]:
        return queries.payments_with_unallocated(
            payments.select_related("company", "account", "order").prefetch_related("items", "returns"),
            on=paris_date(self.at),
        )
