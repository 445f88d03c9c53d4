"""The papers of an order by HTTP: evidence, the client's purchase order and its review, our confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.api.serializers import ReasonBody
from credit.queries import money
from o2c.shared.api.bodies import CurrencyField, amount_field, plain_number, price_field, quantity_field
from o2c.shared.api.schema import Problem
from o2c.shared.files import from_json
from o2c.shared.outbox_files import safe_name
from o2c.shared.pdf import PDF_TYPE
from o2c.shared.problems import NotFound
from orders import services
from orders.enums import EvidenceChannel
from orders.models import Delivery, Order, OrderConfirmation, OrderEvidence
from orders.papers import (
    all_differences,
    confirmation_in_force,
    deliveries_of,
    differences_of,
    purchase_order_of,
)
from orders.review import Difference, Field, amount_of

from .serializers import MOST_LINES, Shape, line_number


class FileBody(Shape):
    """A file: its name, and its content in base64."""

    name = serializers.CharField(max_length=150)
    content = serializers.CharField()


class EvidenceBody(Shape):
    """What proves the order: the number of their purchase order, a file, or both."""

    channel = serializers.ChoiceField(EvidenceChannel.choices)
    reference = serializers.CharField(max_length=120, allow_blank=True, default="")
    dated_on = serializers.DateField(required=False, allow_null=True)
    file = FileBody(required=False, allow_null=True)


class EvidenceAnswer(Shape):
    """One piece of evidence."""

    id = serializers.IntegerField()
    channel = serializers.ChoiceField(EvidenceChannel.choices)
    reference = serializers.CharField(allow_blank=True)
    dated_on = serializers.DateField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    size = serializers.IntegerField()
    sha256 = serializers.CharField(allow_blank=True)
    recorded_by = serializers.CharField()
    recorded_at = serializers.DateTimeField()


class TheirLine(Shape):
    """A line of the client's purchase order; the price excludes VAT."""

    line = line_number(required=False, allow_null=True)
    sku = serializers.CharField(max_length=60, allow_blank=True, default="")
    description = serializers.CharField(max_length=300, allow_blank=True, default="")
    quantity = quantity_field(min_value=0)
    unit_price = price_field(min_value=0)
    delivery_date = serializers.DateField(required=False, allow_null=True)


class PurchaseOrderBody(Shape):
    """The client's purchase order as it reads; what it does not say is left out and not compared."""

    number = serializers.CharField(max_length=120)
    dated_on = serializers.DateField(required=False, allow_null=True)
    currency = CurrencyField(required=False, allow_null=True)
    term = serializers.CharField(max_length=40, required=False, allow_null=True)
    requested_delivery = serializers.DateField(required=False, allow_null=True)
    total_excl_vat = amount_field(required=False, allow_null=True, min_value=0)
    lines = serializers.ListField(child=TheirLine(), max_length=MOST_LINES)


class DifferenceShape(Shape):
    """One difference: where, both values, and what we would bill beyond their paper."""

    place = serializers.CharField()
    field = serializers.ChoiceField([(each.value, each.value) for each in Field])
    line = serializers.IntegerField(allow_null=True)
    description = serializers.CharField(allow_blank=True)
    ours = serializers.CharField(allow_blank=True)
    theirs = serializers.CharField(allow_blank=True)
    amount = amount_field(allow_null=True)
    accepted = serializers.BooleanField()


class PurchaseOrderAnswer(PurchaseOrderBody):
    """The purchase order in force with the review against our order."""

    recorded_by = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    differences = DifferenceShape(many=True)
    open_differences = serializers.IntegerField()
    open_amount = amount_field()


class OrderDeliveryLine(Shape):
    """Quantity of a line in a delivery, negative in a return."""

    line = serializers.IntegerField()
    sku = serializers.CharField(allow_blank=True)
    quantity = serializers.CharField()


class OrderDeliveryAnswer(Shape):
    """One delivery, or one return."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    delivered_on = serializers.DateField()
    is_return = serializers.BooleanField()
    carrier = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    lines = OrderDeliveryLine(many=True)


class AcceptBody(ReasonBody):
    """Which difference, by its place, and why it is accepted."""

    place = serializers.CharField(max_length=60)


class OrderPapers(CompanyViewSet):
    """Actions on the papers of one order."""

    def _order(self, number: str) -> Order:
        raise NotImplementedError

    @extend_schema(methods=["GET"], responses=EvidenceAnswer(many=True), filters=False)
    @extend_schema(methods=["POST"], request=EvidenceBody, responses={201: EvidenceAnswer})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def evidence(self, request: Request, number: str) -> Response:
        """What proves that the client ordered; adding to it looks at the order again at once."""
        order = self._order(number)
        if request.method == "GET":
            rows = order.evidence.select_related("recorded_by").order_by("recorded_at", "pk")
            return Response([_evidence_answer(row) for row in rows])
        body = self.read(EvidenceBody)
        file = body.pop("file", None)
        kept = services.add_evidence(
            order_id=order.pk,
            file=from_json(file, field="file") if file else None,
            by=self.user,
            at=self.at,
            **body,
        )
        return Response(_evidence_answer(kept), status=status.HTTP_201_CREATED)

    @extend_schema(methods=["GET"], responses=PurchaseOrderAnswer)
    @extend_schema(methods=["PUT"], request=PurchaseOrderBody, responses={200: PurchaseOrderAnswer})
    @action(detail=True, methods=["get", "put"], url_path="purchase-order")
    def purchase_order(self, request: Request, number: str) -> Response:
        """The client's own purchase order with its review; a new one replaces it and is compared at once."""
        order = self._order(number)
        if request.method == "PUT":
            body = self.read(PurchaseOrderBody)
            lines = [services.PurchaseOrderLineInput(**line) for line in body.pop("lines")]
            services.record_purchase_order(order_id=order.pk, lines=lines, by=self.user, at=self.at, **body)
            order.refresh_from_db(fields=["has_purchase_order"])
        return Response(_review(order))

    @extend_schema(request=AcceptBody, responses=PurchaseOrderAnswer)
    @action(detail=True, methods=["post"], url_path="purchase-order/accept")
    def accept_difference(self, request: Request, number: str) -> Response:
        """Accept one difference as it stands, by somebody else than who entered the order."""
        order = self._order(number)
        services.accept_difference(order_id=order.pk, by=self.user, at=self.at, **self.read(AcceptBody))
        return Response(_review(order))

    @extend_schema(methods=["GET"], responses={(200, PDF_TYPE): OpenApiTypes.BINARY, 409: Problem})
    @extend_schema(methods=["POST"], request=None, responses={(200, PDF_TYPE): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get", "post"])
    def confirmation(self, request: Request, number: str) -> Any:
        """The order confirmation (PDF); POST issues it, and again after a change, in place of the former.

        GET gives the one that says what the order says; who may enter orders has it issued by asking.
        """
        order = self._order(number)
        issued = None if request.method == "POST" else confirmation_in_force(order)
        if issued is None:
            if request.method == "GET" and not self.user.may("orders.enter", order.company):
                raise NotFound(code="no_confirmation")
            issued = services.issue_confirmation(order_id=order.pk, by=self.user, at=self.at)
        return confirmation_file(issued)

    @extend_schema(responses=OrderDeliveryAnswer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def deliveries(self, request: Request, number: str) -> Response:
        """What left and what came back, the oldest first."""
        rows = deliveries_of(self._order(number)).prefetch_related("lines__order_line")
        return Response([_delivery_answer(row) for row in rows])

    @extend_schema(responses={(200, PDF_TYPE): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], url_path=r"deliveries/(?P<delivery>[0-9]{1,18})/note")
    def delivery_note(self, request: Request, number: str, delivery: str) -> FileResponse:
        """The note of one delivery (PDF), the same ever after."""
        found = deliveries_of(self._order(number)).filter(pk=delivery).first()
        if found is None:
            raise NotFound(code="delivery_not_found")
        note = services.delivery_note(delivery=found, at=self.at)
        answer = FileResponse(
            note.file.open("rb"),
            as_attachment=True,
            filename=safe_name(f"{found.number}.pdf"),
            content_type=PDF_TYPE,
        )
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


def _delivery_answer(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "delivered_on": row.delivered_on,
        "is_return": row.is_return,
        "carrier": row.carrier,
        "reason": row.reason,
        "lines": [
            {
                "line": each.order_line.line,
                "sku": each.order_line.sku,
                "quantity": plain_number(each.quantity),
            }
            for each in row.lines.all()
        ],
    }


def confirmation_file(issued: OrderConfirmation) -> FileResponse:
    """An issued confirmation exactly as it left."""
    answer = FileResponse(
        issued.file.open("rb"), as_attachment=True, filename=f"{issued.number}.pdf", content_type=PDF_TYPE
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _evidence_answer(row: OrderEvidence) -> dict[str, Any]:
    return {
        "id": row.pk,
        "channel": row.channel,
        "reference": row.reference,
        "dated_on": row.dated_on,
        "name": row.name,
        "size": row.size,
        "sha256": row.sha256,
        "recorded_by": row.recorded_by.username,
        "recorded_at": row.recorded_at,
    }


def _review(order: Order) -> Mapping[str, Any]:
    theirs = purchase_order_of(order)
    if theirs is None:
        raise NotFound(code="no_purchase_order")
    lines = list(order.lines.all())
    still = differences_of(order, lines)
    open_keys = {found.key for found in still}
    return {
        "number": theirs.number,
        "dated_on": theirs.dated_on,
        "currency": theirs.currency,
        "term": theirs.term,
        "requested_delivery": theirs.requested_delivery,
        "total_excl_vat": money(theirs.total_excl_vat),
        "lines": [
            {
                "line": row.line,
                "sku": row.sku,
                "description": row.description,
                "quantity": plain_number(row.quantity),
                "unit_price": plain_number(row.unit_price, places=2),
                "delivery_date": row.delivery_date,
            }
            for row in theirs.lines.all()
        ],
        "recorded_by": theirs.recorded_by.username,
        "recorded_at": theirs.recorded_at,
        "differences": [
            _difference(found, accepted=found.key not in open_keys)
            for found in all_differences(order, lines, theirs)
        ],
        "open_differences": len(still),
        "open_amount": money(amount_of(still)),
    }


def _difference(found: Difference, *, accepted: bool) -> dict[str, Any]:
    return {
        "place": found.place,
        "field": found.field.value,
        "line": found.line,
        "description": found.what,
        "ours": found.ours,
        "theirs": found.theirs,
        "amount": money(found.effect),
        "accepted": accepted,
    }
