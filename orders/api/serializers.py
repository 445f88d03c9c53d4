"""The shape of orders in and out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from credit.api.explained import article_answer
from credit.api.serializers import DecisionShape, QuotedArticle
from credit.messages import message
from credit.queries import money
from credit.services.checks import decision_as_contract
from credit.written.queries import Quote, quotes_of
from o2c.shared.api.bodies import (
    CurrencyField,
    KeyField,
    amount_field,
    plain_number,
    price_field,
    quantity_field,
    rate_field,
)
from o2c.shared.calendar import paris_date
from orders.enums import ReleaseScope, ShownStatus
from orders.models import HoldCase, Order, OrderHold, OrderLine
from orders.queries import active_holds, open_case, shown_status
from orders.services import LineInput

Shape = serializers.Serializer[Any]
MOST_LINES = 2000
MOST_CONDITIONS = 20


def line_number(**options: Any) -> serializers.IntegerField:
    """The number of a line within its order."""
    return serializers.IntegerField(min_value=1, max_value=9_999_999, **options)


class LineBody(Shape):
    """One line as it is ordered; the price excludes VAT."""

    line = line_number(required=False, allow_null=True)
    sku = serializers.CharField(max_length=60)
    description = serializers.CharField(max_length=300)
    quantity = quantity_field()
    unit_price = price_field()
    vat_rate = rate_field(default=Decimal("20.00"))


class OrderChange(Shape):
    """A change; ``lines`` replaces all lines, matched by ``line``."""

    version = serializers.IntegerField(min_value=0, max_value=2_147_483_647, required=False, allow_null=True)
    term = serializers.CharField(max_length=40, required=False, allow_null=True)
    requested_delivery = serializers.DateField(required=False, allow_null=True)
    customer_reference = serializers.CharField(max_length=120, allow_blank=True, required=False)
    lines = serializers.ListField(child=LineBody(), required=False, max_length=MOST_LINES)


class OrderBody(Shape):
    """A new order; ``submit`` sends it to the check at once."""

    number = KeyField(max_length=60)
    account = serializers.CharField(max_length=40)
    currency = CurrencyField(required=False, allow_null=True)
    term = serializers.CharField(max_length=40, required=False, allow_null=True)
    order_date = serializers.DateField(required=False, allow_null=True)
    requested_delivery = serializers.DateField(required=False, allow_null=True)
    customer_reference = serializers.CharField(max_length=120, allow_blank=True, default="")
    lines = serializers.ListField(child=LineBody(), max_length=MOST_LINES)
    submit = serializers.BooleanField(default=False)


class CopyBody(Shape):
    """The number of the new order; the next of the company's own when left out."""

    number = KeyField(max_length=60, required=False, allow_null=True)


class MovedLine(Shape):
    """A quantity of one line that goes out or comes back."""

    line = line_number()
    quantity = quantity_field()


class DeliveryBody(Shape):
    """What goes out; everything that remains when ``lines`` is left out."""

    lines = serializers.ListField(child=MovedLine(), required=False, allow_null=True, max_length=MOST_LINES)
    date = serializers.DateField(required=False, allow_null=True)

    def validate_lines(self, lines: Sequence[Mapping[str, Any]] | None) -> Sequence[Mapping[str, Any]] | None:
        """Refuse the same line twice."""
        numbers = [line["line"] for line in lines or ()]
        if len(numbers) != len(set(numbers)):
            raise serializers.ValidationError(_("Two lines have the same number."))
        return lines


class GoodsIssueBody(DeliveryBody):
    """What goes out, and who brings it."""

    carrier = serializers.CharField(max_length=80, allow_blank=True, default="")


class ReturnBody(DeliveryBody):
    """What comes back; everything delivered when ``lines`` is left out."""

    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")


class CommentBody(Shape):
    """Why; an empty comment is refused by the act."""

    comment = serializers.CharField(max_length=4000, allow_blank=True, default="")


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "array", "items": {}}]})
class ConditionsField(serializers.Field[Any, Any, Any, Any]):
    """Conditions of a release: a text, or a list of texts and of ``{"kind": "text", "text"}``; the act reads them."""

    default_error_messages = {"invalid": _("Write a text, or a list of texts.")}

    def to_internal_value(self, data: Any) -> list[Any]:
        """Take one text as a list of one."""
        found = [data] if isinstance(data, str | dict) else data
        if not isinstance(found, list) or len(found) > MOST_CONDITIONS:
            self.fail("invalid")
        if any(not isinstance(each, str | dict) for each in found):
            self.fail("invalid")
        return [each for each in found if each != ""]

    def to_representation(self, value: Any) -> Any:
        """As stored."""
        return value


class ReleaseBody(CommentBody):
    """Why, up to how much and until when, and what goes with it.

    With ``when_met`` the order goes by itself once everything agreed with its client is there.
    """

    scope = serializers.ChoiceField(ReleaseScope.choices, required=False, allow_null=True)
    amount = amount_field(required=False, allow_null=True, min_value=0)
    valid_until = serializers.DateField(required=False, allow_null=True)
    conditions = ConditionsField(required=False)
    when_met = serializers.BooleanField(default=False)


class LineShape(LineBody):
    """One line with its progress."""

    cancelled = quantity_field()
    delivered = quantity_field()
    invoiced = quantity_field()


class HoldShape(Shape):
    """One reason that keeps an order."""

    code = serializers.CharField()
    since = serializers.DateTimeField()
    figures = serializers.DictField()
    message = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)
    policy_article = serializers.CharField(allow_blank=True)
    article = QuotedArticle(allow_null=True)
    comment = serializers.CharField(allow_blank=True)


class OrderAnswer(Shape):
    """An order as the API shows it."""

    number = serializers.CharField()
    company = serializers.CharField()
    account = serializers.CharField()
    account_name = serializers.CharField()
    status = serializers.ChoiceField(ShownStatus.choices)
    currency = serializers.CharField()
    term = serializers.CharField()
    order_date = serializers.DateField()
    requested_delivery = serializers.DateField(allow_null=True)
    customer_reference = serializers.CharField(allow_blank=True)
    sales_rep = serializers.CharField(allow_null=True)
    lines = LineShape(many=True)
    total_excl_vat = amount_field()
    total_incl_vat = amount_field()
    holds = HoldShape(many=True)
    credit_decision = DecisionShape(allow_null=True)
    target_at = serializers.DateTimeField(allow_null=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    submitted_by = serializers.CharField(allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    production_started_at = serializers.DateTimeField(allow_null=True)
    has_evidence = serializers.BooleanField()
    has_purchase_order = serializers.BooleanField()
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()


class QueueAnswer(Shape):
    """One order that waits for a decision."""

    order = serializers.CharField()
    account = serializers.CharField()
    account_name = serializers.CharField()
    amount = amount_field()
    currency = serializers.CharField()
    over_limit_by = amount_field()
    codes = serializers.ListField(child=serializers.CharField())
    causes = serializers.ListField(child=serializers.DictField())
    decided_by = serializers.CharField(allow_null=True)
    since = serializers.DateTimeField()
    age = serializers.IntegerField(help_text="Seconds since the order is held.")
    target_at = serializers.DateTimeField()
    owner = serializers.CharField(allow_null=True)
    sales_rep = serializers.CharField(allow_null=True)
    status = serializers.CharField()


def line_inputs(lines: Sequence[Mapping[str, Any]]) -> list[LineInput]:
    """Lines as the acts take them."""
    return [LineInput(**line) for line in lines]


def moved(body: Mapping[str, Any]) -> list[tuple[int, Any]] | None:
    """Quantities per line, None for all."""
    lines = body.get("lines")
    return None if lines is None else [(line["line"], line["quantity"]) for line in lines]


def order_answers(orders: Sequence[Order]) -> list[dict[str, Any]]:
    """Orders as the API shows them; they come from ``queries.with_parts``.

    Their holds quote the policy each was judged by: one more query per version.
    """
    numbers: dict[tuple[int, int | None, date], set[str]] = defaultdict(set)
    for order in orders:
        numbers[_judged_by(order)] |= {hold.policy_article for hold in active_holds(order)}
    quotes = {key: quotes_of(key[0], wanted, on=key[2], version_id=key[1]) for key, wanted in numbers.items()}
    return [_order_answer(order, quotes[_judged_by(order)]) for order in orders]


def order_answer(order: Order) -> dict[str, Any]:
    """One order as the API shows it; it comes from ``queries.with_parts``."""
    return order_answers([order])[0]


def _judged_by(order: Order) -> tuple[int, int | None, date]:
    decision = order.last_decision
    version = None if decision is None else decision.policy_version_id
    # Of a version that is named the day says nothing.
    day = date.min if version or decision is None else paris_date(decision.decided_at)
    return order.company_id, version, day


def _order_answer(order: Order, quotes: Mapping[str, Quote]) -> dict[str, Any]:
    case = open_case(order)
    return {
        "number": order.number,
        "company": order.company.code,
        "account": order.account.code,
        "account_name": order.account.name,
        "status": shown_status(order).value,
        "currency": order.currency,
        "term": order.term,
        "order_date": order.order_date,
        "requested_delivery": order.requested_delivery,
        "customer_reference": order.customer_reference,
        "sales_rep": order.sales_rep.username if order.sales_rep else None,
        "lines": [_line_answer(line) for line in order.lines.all()],
        "total_excl_vat": money(order.total_excl_vat),
        "total_incl_vat": money(order.total_incl_vat),
        "holds": [_hold_answer(hold, order.company.currency, quotes) for hold in active_holds(order)],
        "credit_decision": decision_as_contract(order.last_decision) if order.last_decision else None,
        "target_at": case.target_at if case else None,
        "created_by": order.created_by.username,
        "created_at": order.created_at,
        "submitted_by": order.submitted_by.username if order.submitted_by else None,
        "submitted_at": order.submitted_at,
        "confirmed_at": order.confirmed_at,
        "production_started_at": order.production_started_at,
        "has_evidence": order.has_evidence,
        "has_purchase_order": order.has_purchase_order,
        "ended_at": order.ended_at,
        "end_reason": order.end_reason,
        "version": order.version,
    }


def queue_answer(case: HoldCase, age: int) -> dict[str, Any]:
    """One row of the queue; the case comes from ``queries.hold_queue``."""
    order = case.order
    holds: list[OrderHold] = getattr(case, "active", [])
    decision = order.last_decision.figures["check"] if order.last_decision else {}
    return {
        "order": order.number,
        "account": order.account.code,
        "account_name": order.account.name,
        "amount": money(order.total_incl_vat),
        "currency": order.currency,
        "over_limit_by": money(case.over_limit_by),
        "codes": [hold.reason for hold in holds],
        "causes": decision.get("causes", []),
        "decided_by": next((hold.decided_by for hold in holds if hold.decided_by), None),
        "since": case.opened_at,
        "age": age,
        "target_at": case.target_at,
        "owner": case.owner.username if case.owner else None,
        "sales_rep": order.sales_rep.username if order.sales_rep else None,
        "status": case.status,
    }


def _line_answer(line: OrderLine) -> dict[str, Any]:
    return {
        "line": line.line,
        "sku": line.sku,
        "description": line.description,
        "quantity": plain_number(line.quantity),
        "unit_price": plain_number(line.unit_price, places=2),
        "vat_rate": plain_number(line.vat_rate, places=2),
        "cancelled": plain_number(line.cancelled),
        "delivered": plain_number(line.delivered),
        "invoiced": plain_number(line.invoiced),
    }


def _hold_answer(hold: OrderHold, currency: str, quotes: Mapping[str, Quote]) -> dict[str, Any]:
    return {
        "code": hold.reason,
        "since": hold.since,
        "figures": hold.figures,
        "message": message(hold.reason, hold.figures, currency=currency),
        "decided_by": hold.decided_by or None,
        "policy_article": hold.policy_article,
        "article": article_answer(quotes.get(hold.policy_article)),
        "comment": hold.comment,
    }
