"""The shape of a scorecard."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from accounts.enums import RiskClass
from accounts.models import CustomerAccount
from credit.scorecard import reading
from credit.scorecard.enums import Block, OverrideCause, OverrideStatus
from credit.scorecard.models import ClassOverride

Shape = serializers.Serializer[Any]


def _points(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=4, decimal_places=1, allow_null=True, **options)


class BlockShape(Shape):
    """One sub-score; ``points`` null where it is unknown, ``inputs`` as the card keeps them."""

    code = serializers.ChoiceField(Block.choices)
    weight = serializers.IntegerField()
    points = _points()
    inputs = serializers.DictField()


class ClassOverrideShape(Shape):
    """A class asked for or in force by decision."""

    risk_class = serializers.ChoiceField(RiskClass.choices)
    cause = serializers.ChoiceField(OverrideCause.choices)
    status = serializers.ChoiceField(OverrideStatus.choices)
    reason = serializers.CharField()
    valid_until = serializers.DateField()
    asked_by = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)


class TrendPointShape(Shape):
    """The score at the end of a month, or today; null before the first card."""

    day = serializers.DateField()
    score = _points()
    risk_class = serializers.CharField(allow_blank=True)


class ScorecardAnswer(Shape):
    """The last card; ``score``, ``score_class`` and ``day`` null where there is none or nothing is known."""

    account = serializers.CharField()
    risk_class = serializers.ChoiceField(RiskClass.choices)
    day = serializers.DateField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    score = _points()
    score_class = serializers.ChoiceField(RiskClass.choices, allow_null=True)
    known_weight = serializers.IntegerField()
    blocks = BlockShape(many=True)
    override = ClassOverrideShape(allow_null=True)
    review_since = serializers.DateField(allow_null=True)
    trend = TrendPointShape(many=True)


def scorecard_answer(account: CustomerAccount, *, on: date) -> dict[str, Any]:
    """The last card of a client, its class set by decision, and twelve months."""
    cards = reading.cards_until(account, on)
    card = cards[0] if cards else None
    return {
        "account": account.code,
        "risk_class": account.risk_class,
        "day": card.day if card else None,
        "version": card.version if card else None,
        "score": _text(card.score) if card else None,
        "score_class": (card.risk_class or None) if card else None,
        "known_weight": card.known if card else 0,
        "blocks": [
            {
                "code": str(line.block),
                "weight": line.weight,
                "points": _text(line.points),
                "inputs": line.inputs,
            }
            for line in (reading.lines_of(card, None) if card else ())
        ],
        "override": _override(reading.open_override(account)),
        "review_since": reading.review_since(account),
        "trend": [
            {"day": day, "score": _text(score), "risk_class": risk}
            for day, score, risk in reading.trend_of(cards, on)
        ],
    }


def _text(value: Any) -> str | None:
    return None if value is None else format(value, "f")


def _override(row: ClassOverride | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "risk_class": row.risk_class,
        "cause": row.cause,
        "status": row.status,
        "reason": row.reason,
        "valid_until": row.valid_until,
        "asked_by": row.asked_by.username,
        "decided_by": row.decided_by.username if row.decided_by else None,
    }
