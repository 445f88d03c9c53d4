"""When a base limit must be looked at again: by its plan, or earlier on a trigger (domain.md 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from o2c.shared.calendar import add_business_days, add_months
from o2c.shared.money import ZERO

from ..enums import AlertKind
from .policy import ANSWER_DAYS, Alert

# How far ahead of its day a review is asked for.
AHEAD: Final = timedelta(days=30)
OVERDUE_DAYS: Final = 30
GROWTH_PCT: Final = 30
GROWTH_MONTHS: Final = 3
# What the exposure must have grown by at least: a third more of next to nothing is nothing.
LEAST_GROWTH: Final = Decimal(1000)


@dataclass(frozen=True)
class Card:
    """The last scorecard since the decision that asks for a look: the score lost ten points, or the class changed."""

    card_id: int
    score: Decimal | None
    risk_class: str
    score_before: Decimal | None
    class_before: str


@dataclass(frozen=True)
class ReviewFacts:
    """What happened to a client since its base limit was decided last.

    :ivar decided_on: of that decision; what its decider could see is no reason to look again
    :ivar review_on: the day of the plan; None where another client of the legal entity stands for it
    :ivar oldest_due: due date of the oldest item that is late
    :ivar net_before: exposure three months ago, or at the decision where that was later
    :ivar broken: promises not kept of late, and the last day
    """

    decided_on: date
    review_on: date | None
    overdue: Decimal = ZERO
    oldest_due: date | None = None
    net: Decimal = ZERO
    net_before: Decimal | None = None
    card: Card | None = None
    broken: tuple[int, date] | None = None
    insolvent_on: date | None = None


def review_day(decided_on: date, months: int, valid_until: date) -> date:
    """Return the day by which a base limit is looked at again: so many months after its decision, or its last day."""
    return min(add_months(decided_on, months), valid_until)


def compared_with(decided_on: date, on: date) -> date:
    """Return the day whose exposure today's is compared with: three months ago, or the decision where it is later."""
    return max(decided_on, add_months(on, -GROWTH_MONTHS))


def reviews_of(facts: ReviewFacts, on: date) -> list[Alert]:
    """Return why the limit of a client must be looked at again; empty where nothing asks for it."""
    until = add_business_days(on, ANSWER_DAYS)
    found = [
        _planned(facts, on, until),
        _score(facts, until),
        _promise(facts, until),
        _overdue(facts, on, until),
        _insolvent(facts, until),
        _growth(facts, until),
    ]
    return [alert for alert in found if alert is not None]


def _planned(facts: ReviewFacts, on: date, until: date) -> Alert | None:
    day = facts.review_on
    if day is None or day - AHEAD > on:
        return None
    figures = {"day": day, "decided_on": facts.decided_on}
    return Alert(AlertKind.REVIEW_DUE, day if day > on else until, day.isoformat(), figures)


def _score(facts: ReviewFacts, until: date) -> Alert | None:
    card = facts.card
    if card is None:
        return None
    figures: dict[str, Any] = {
        "score": card.score,
        "risk_class": card.risk_class,
        "score_before": card.score_before,
        "class_before": card.class_before,
    }
    return Alert(AlertKind.SCORE_FALL, until, str(card.card_id), figures)


def _promise(facts: ReviewFacts, until: date) -> Alert | None:
    if facts.broken is None or facts.broken[1] <= facts.decided_on:
        return None
    count, last_on = facts.broken
    figures = {"promises": count, "last_on": last_on}
    return Alert(AlertKind.BROKEN_PROMISE, until, last_on.isoformat(), figures)


def _overdue(facts: ReviewFacts, on: date, until: date) -> Alert | None:
    if facts.oldest_due is None or facts.overdue <= 0:
        return None
    reached_on = facts.oldest_due + timedelta(days=OVERDUE_DAYS)
    if reached_on >= on or reached_on < facts.decided_on:
        return None
    figures = {"amount": facts.overdue, "oldest_due": facts.oldest_due}
    return Alert(AlertKind.FIRST_OVERDUE, until, "", figures)


def _insolvent(facts: ReviewFacts, until: date) -> Alert | None:
    if facts.insolvent_on is None:
        return None
    return Alert(AlertKind.INSOLVENT, until, facts.insolvent_on.isoformat(), {"day": facts.insolvent_on})


def _growth(facts: ReviewFacts, until: date) -> Alert | None:
    before = facts.net_before
    if before is None or before <= 0 or facts.net - before < LEAST_GROWTH:
        return None
    if facts.net * 100 <= before * (100 + GROWTH_PCT):
        return None
    pct = int((facts.net - before) * 100 / before)
    return Alert(AlertKind.GROWTH, until, "", {"net": facts.net, "net_before": before, "pct": pct})


KINDS: Final[Sequence[AlertKind]] = (
    AlertKind.REVIEW_DUE,
    AlertKind.SCORE_FALL,
    AlertKind.COVER_CHANGE,
    AlertKind.BROKEN_PROMISE,
    AlertKind.FIRST_OVERDUE,
    AlertKind.INSOLVENT,
    AlertKind.LEGAL_NOTICE,
    AlertKind.GROWTH,
)
