"""What sales and credit write to each other about a held order, as the API shows it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from orders.exchange_models import HoldMessage


class HoldMessageBody(serializers.Serializer[Any]):
    """What somebody writes."""

    text = serializers.CharField(max_length=2000)


class HoldMessageAnswer(serializers.Serializer[Any]):
    """One message about a held order."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


def message_answer(message: HoldMessage) -> dict[str, Any]:
    """A message with who wrote it and when."""
    return {
        "id": message.pk,
        "text": message.text,
        "by": message.written_by.username,
        "at": message.written_at,
    }
