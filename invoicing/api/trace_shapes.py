"""The shape of what a payment set off."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from credit.enums import Finding
from credit.queries import money
from invoicing.trace import Step, Trace
from o2c.shared.api.bodies import amount_field
from o2c.shared.models import OutboxMessage
from orders.enums import Reexamined
from orders.models import ReexaminedOrder

from .serializers import Shape

STEPS = ("received", "identified", "matched", "unmatched", "examined", "told")


class TracedMatch(Shape):
    """One item it was matched with; negative where the match was undone."""

    item = serializers.IntegerField()
    document = serializers.CharField()
    account = serializers.CharField()
    amount = amount_field()
    letter = serializers.CharField()


class TracedOrder(Shape):
    """A held order that was looked at again; ``room`` is null where nothing limits its client."""

    order = serializers.CharField()
    account = serializers.CharField()
    result = serializers.ChoiceField(Reexamined.choices)
    currency = serializers.CharField()
    room_before = amount_field(allow_null=True)
    room = amount_field(allow_null=True)
    missing_before = amount_field()
    missing = amount_field()
    reasons = serializers.ListField(child=serializers.ChoiceField(Finding.choices))


class TracedMessage(Shape):
    """Who was told, and whether the message has left."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    to = serializers.CharField()
    subject = serializers.CharField()
    state = serializers.ChoiceField(OutboxMessage.State.choices)
    sent_at = serializers.DateTimeField(allow_null=True)


class TracedStep(Shape):
    """One step, with the seconds since the one before; ``outside`` counts what the reader may not see of it."""

    step = serializers.ChoiceField(STEPS)
    at = serializers.DateTimeField()
    seconds = serializers.CharField(allow_null=True)
    by = serializers.CharField(allow_blank=True)
    items = TracedMatch(many=True)
    orders = TracedOrder(many=True)
    message = TracedMessage(allow_null=True)
    outside = serializers.IntegerField()


class TraceAnswer(Shape):
    """What a payment set off, in its order; ``running`` while something is still to come."""

    running = serializers.BooleanField()
    seconds = serializers.CharField()
    steps = TracedStep(many=True)


def trace_answer(trace: Trace) -> dict[str, Any]:
    """A trace as the API shows it."""
    return {
        "running": trace.running,
        "seconds": f"{trace.whole.total_seconds():.3f}",
        "steps": [_step(step) for step in trace.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.kind,
        "at": step.at,
        "seconds": None if step.wait is None else f"{step.wait.total_seconds():.3f}",
        "by": step.by,
        "items": [
            {
                "item": each.item_id,
                "document": each.document,
                "account": each.account,
                "amount": money(each.amount),
                "letter": each.letter,
            }
            for each in step.matches
        ],
        "orders": [_order(row) for row in step.orders],
        "message": None if step.message is None else _message(step.message),
        "outside": step.hidden,
    }


def _order(row: ReexaminedOrder) -> dict[str, Any]:
    return {
        "order": row.order.number,
        "account": row.order.account.code,
        "result": row.result,
        "currency": row.currency,
        "room_before": money(row.room_before),
        "room": money(row.room),
        "missing_before": money(row.missing_before),
        "missing": money(row.missing),
        "reasons": row.reasons,
    }


def _message(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": message.pk,
        "kind": message.kind,
        "to": message.to,
        "subject": message.subject,
        "state": message.state,
        "sent_at": message.sent_at,
    }
