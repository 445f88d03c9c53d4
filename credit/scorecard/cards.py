"""From what is known of a client to its card: sub-scores, result, and the inputs behind each, as cards keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from o2c.shared.money import quantize

from . import policy
from .enums import Block, InsurerAnswer, RatingScale

Inputs = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Insurer:
    """What the insurer said last, and since when; ``answer`` is None where that is no answer, or no longer one."""

    status: str
    since: date
    answer: InsurerAnswer | None


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating that somebody handed over."""

    scale: RatingScale
    value: str
    on: date


@dataclass(slots=True)
class Facts:
    """All that a card rests on, with the days it is of; what nobody knows is None or empty."""

    payments: policy.Payments = field(default_factory=policy.Payments)
    paid_found_on: date | None = None
    last_returned_on: date | None = None
    last_broken_on: date | None = None
    statement: policy.Statement | None = None
    statement_currency: str = ""
    rating: Rating | None = None
    insurer: Insurer | None = None
    founded_on: date | None = None
    changed_on: date | None = None
    change: str = ""
    trade: policy.Trade = field(default_factory=policy.Trade)
    last_pretext_on: date | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """Sub-scores, what follows from them, and the inputs by block."""

    points: Mapping[Block, Decimal | None]
    result: policy.Result
    inputs: dict[str, Inputs]


def card_of(facts: Facts, *, on: date) -> Card:
    """Rate a client on a day."""
    rating = policy.rating_points(facts.rating.scale, facts.rating.value) if facts.rating else None
    points = {
        Block.PAYMENT: policy.payment_points(facts.payments),
        Block.STATEMENTS: policy.statement_points(facts.statement, on=on),
        Block.EXTERNAL: policy.external_points(rating, facts.insurer.answer if facts.insurer else None),
        Block.AGE: policy.age_points(facts.founded_on, facts.changed_on, on=on),
        Block.DISPUTES: policy.dispute_points(facts.trade),
    }
    inputs = {
        Block.PAYMENT: _payment(facts, on),
        Block.STATEMENTS: _statement(facts),
        Block.EXTERNAL: _external(facts, rating),
        Block.AGE: _age(facts, on),
        Block.DISPUTES: _disputes(facts, on),
    }
    return Card(points, policy.total(points), {str(block): found for block, found in inputs.items()})


def _payment(facts: Facts, on: date) -> Inputs:
    paid = facts.payments
    found: Inputs = {}
    if paid.days is not None:
        found["days"] = _text(paid.days)
    if paid.paid > 0:
        found |= {"paid": _text(paid.paid), "paid_days": _text(quantize(paid.paid_days, 1))}
        found["paid_on"] = _text(facts.paid_found_on)
    if paid.late > 0:
        found |= {
            "late": _text(paid.late),
            "late_days": _text(quantize(paid.late_days, 1)),
            "late_on": _text(on),
        }
    if paid.returned:
        found |= {"returned": paid.returned, "returned_on": _text(facts.last_returned_on)}
    if paid.broken:
        found |= {"broken": paid.broken, "broken_on": _text(facts.last_broken_on)}
    return found | ({"currency": facts.currency} if found else {})


def _statement(facts: Facts) -> Inputs:
    if facts.statement is None:
        return {}
    return {
        "closed_on": _text(facts.statement.closed_on),
        "ratios": [
            {"code": ratio.code, "value": _text(ratio.value), "points": _text(ratio.points)}
            for ratio in policy.ratios(facts.statement)
        ],
    }


def _external(facts: Facts, points: Decimal | None) -> Inputs:
    found: Inputs = {}
    if facts.rating is not None:
        found |= {"scale": str(facts.rating.scale), "rating": facts.rating.value}
        found |= {"rated_on": _text(facts.rating.on), "rating_points": _text(points)}
    if facts.insurer is not None:
        found |= {"cover": facts.insurer.status, "cover_on": _text(facts.insurer.since)}
    return found


def _age(facts: Facts, on: date) -> Inputs:
    if facts.founded_on is None:
        return {}
    found: Inputs = {"founded_on": _text(facts.founded_on)}
    found["years"] = _text(policy.years(facts.founded_on, on=on))
    if facts.changed_on is not None:
        found |= {"change": facts.change, "changed_on": _text(facts.changed_on)}
    return found


def _disputes(facts: Facts, on: date) -> Inputs:
    trade = facts.trade
    if trade.rate is None:
        return {}
    found: Inputs = {"invoiced": _text(trade.invoiced), "disputed": _text(trade.disputed)}
    found |= {"rate": _text(trade.rate), "until": _text(on), "currency": facts.currency}
    if trade.pretexts:
        found |= {"pretexts": trade.pretexts, "pretext_on": _text(facts.last_pretext_on)}
    if facts.statement is not None and facts.statement_currency == facts.currency:
        share = policy.dependence(trade.invoiced, facts.statement.revenue)
        found |= {"dependence": _text(share)} if share is not None else {}
    return found


def _text(value: Decimal | date | None) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else format(value, "f")
