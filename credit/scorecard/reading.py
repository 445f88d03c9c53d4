"""The cards of one client, its class set by decision, and whether its limit is to be looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q

from accounts.models import CustomerAccount
from credit.models import CreditLimit
from o2c.shared.calendar import add_months, end_of_month

from .enums import Block, OverrideStatus
from .models import ClassOverride, EntityFacts, FinancialStatement, ScoreCard
from .policy import MONTHS, WEIGHTS


@dataclass(frozen=True)
class BlockLine:
    """One sub-score of a card, and what it was on the card before."""

    block: Block
    weight: int
    points: Any
    before: Any
    inputs: dict[str, Any]

    @property
    def change(self) -> Any:
        """Points more or less than before; None where one of them is unknown."""
        return None if self.points is None or self.before is None else self.points - self.before


def cards_until(account: CustomerAccount, on: date) -> list[ScoreCard]:
    """Cards of thirteen months up to a day, newest first; of an older one at least the last."""
    rows = ScoreCard.objects.filter(account=account, day__lte=on).order_by("-pk")
    found = list(rows.filter(day__gt=add_months(on, -MONTHS - 1))[:400])
    return found or list(rows[:1])


def lines_of(card: ScoreCard, before: ScoreCard | None) -> list[BlockLine]:
    """The sub-scores of a card, in the order of ``Block``."""
    earlier = before.points if before else [None] * len(card.points)
    return [
        BlockLine(block, WEIGHTS[block], points, was, card.inputs.get(block, {}))
        for block, points, was in zip(Block, card.points, earlier, strict=True)
    ]


def trend_of(cards: Sequence[ScoreCard], on: date) -> list[tuple[date, Any, str]]:
    """Score and class at the end of each of twelve months and on the day, None before the first card."""
    days = [end_of_month(add_months(on, back)) for back in range(-MONTHS, 0)] + [on]
    found = []
    for day in days:
        last = next((card for card in cards if card.day <= day), None)
        found.append((day, last.score if last else None, last.risk_class if last else ""))
    return found


def open_override(account: CustomerAccount) -> ClassOverride | None:
    """The class asked for or in force by decision."""
    rows = ClassOverride.objects.filter(
        account=account, status__in=[OverrideStatus.ASKED, OverrideStatus.APPROVED]
    )
    return rows.select_related("asked_by", "decided_by", "on_behalf_of").first()


def review_since(account: CustomerAccount) -> date | None:
    """Since when the limit is to be looked at again: a card asked for it, and nothing was decided since."""
    decided = CreditLimit.objects.filter(
        Q(account=account) | Q(entity=account.entity_id), decided_at__gt=OuterRef("computed_at")
    )
    asked = ScoreCard.objects.filter(~Exists(decided), account=account, asks_review=True)
    return asked.order_by("pk").values_list("day", flat=True).first()


def facts_of(account: CustomerAccount) -> EntityFacts | None:
    """What is known of the client's legal entity now."""
    rows = EntityFacts.objects.filter(company=account.company_id, entity=account.entity_id)
    return rows.order_by("-pk").first()


def statements_of(account: CustomerAccount) -> list[FinancialStatement]:
    """The last years of the client's legal entity, of each the newest word."""
    rows = FinancialStatement.objects.filter(company=account.company_id, entity=account.entity_id)
    newest = rows.order_by("-closed_on", "-pk").distinct("closed_on").select_related("recorded_by")
    return list(newest[:3])


def ended_overrides(account: CustomerAccount) -> list[ClassOverride]:
    """Classes set by decision that are over, or were refused, the last ones first."""
    rows = ClassOverride.objects.filter(account=account).exclude(
        status__in=[OverrideStatus.ASKED, OverrideStatus.APPROVED]
    )
    people = rows.select_related("asked_by", "decided_by")
    return list(people.order_by("-pk")[:5])
