"""What ratings of the demonstration rest on, twelve months of cards, and a class that somebody asks for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from accounts.models import Company, CustomerAccount, User
from credit.keys import Keys
from credit.models import EntityFacts, FinancialStatement, ScoreCard
from credit.scorecard import policy
from credit.scorecard.cards import card_of
from credit.scorecard.enums import Block, OverrideCause, RatingScale, StatementSource
from credit.scorecard.gathering import gather
from credit.scorecard.services import ask_override, refresh_cards
from o2c.shared.calendar import add_months, end_of_month
from o2c.shared.copying import copy_in

from .clients import PLAIN

_MONTHS = 12
# How likely it is that years, or the rest, are known of a client.
_HAS_YEARS, _HAS_FACTS, _IS_RATED = 0.55, 0.9, 0.35


def make_ratings(
    company: Company, accounts: list[CustomerAccount], team: dict[str, User], *, at: datetime, today: date
) -> None:
    """Years and facts, the cards of twelve months and today's, and a class asked for."""
    random = Random(company.pk)
    by = team["analyst"]
    recorded = at - timedelta(days=400)
    entities = {account.entity_id: account for account in accounts}
    copy_in([f for a in entities.values() if (f := _facts(a, by, recorded, today, random)) is not None])
    copy_in([y for a in entities.values() for y in _years(a, by, recorded, today, random)])
    keys = sorted(account.pk for account in accounts)
    found = gather(Keys.ranged(keys), on=today)
    last: dict[int, ScoreCard] = {}
    for back in range(-_MONTHS, 0):
        day = end_of_month(add_months(today, back))
        cards = []
        for key in keys:
            made = card_of(found[key], on=today)
            points = dict(made.points)
            if (paid := points[Block.PAYMENT]) is not None:
                drift = Decimal(random.randint(-9, 9))
                points[Block.PAYMENT] = min(max(paid + drift, Decimal(0)), Decimal(100))
            result = policy.total(points)
            card = ScoreCard(
                account_id=key, follows=last.get(key), day=day, version=policy.VERSION, score=result.score,
                risk_class=result.risk_class or "", known=result.known, inputs=made.inputs,
                points=[points[block] for block in Block], computed_at=at - (today - day),
            )  # fmt: skip
            cards.append(card)
        copy_in(cards)
        last |= {card.account_id: card for card in cards}
    refresh_cards(keys, at=at, day=today)
    asked = accounts[PLAIN + 20]
    ask_override(
        account_id=asked.pk,
        risk_class="E",
        cause=OverrideCause.INSOLVENCY,
        reason="Redressement judiciaire ouvert, annonce vue au BODACC",
        valid_until=today + timedelta(days=180),
        by=by,
        at=at - timedelta(hours=3),
    )


def _facts(
    account: CustomerAccount, by: User, at: datetime, today: date, random: Random
) -> EntityFacts | None:
    if random.random() > _HAS_FACTS:
        return None
    good = account.risk_class in "AB"
    founded = today - timedelta(days=random.randint(4000 if good else 500, 14000 if good else 6000))
    moved = today - timedelta(days=random.randint(20, 300)) if random.random() < 0.08 else None
    rated = random.random() < _IS_RATED
    ratings = policy.BDF_RATINGS[3:9] if good else policy.BDF_RATINGS[7:16]
    return EntityFacts(
        company=account.company, entity=account.entity, founded_on=founded, changed_on=moved,
        change="address" if moved else "", rating_scale=RatingScale.BDF if rated else "",
        rating=random.choice(ratings) if rated else "",
        rated_on=today - timedelta(days=random.randint(30, 300)) if rated else None,
        recorded_at=at, recorded_by=by,
    )  # fmt: skip


def _years(
    account: CustomerAccount, by: User, at: datetime, today: date, random: Random
) -> list[FinancialStatement]:
    if random.random() > _HAS_YEARS:
        return []
    strength = {"A": 36, "B": 28, "C": 20, "D": 11, "E": 4}[account.risk_class] + random.randint(-5, 5)
    revenue = random.randint(8, 90) * 100_000
    found: list[FinancialStatement] = []
    closed = date(today.year - 1, 12, 31)
    for year in (date(closed.year - 1, 12, 31), closed):
        revenue = int(revenue * random.randint(96, 109) / 100)
        assets = round(revenue * 0.7, -3)
        result = round(revenue * (strength - 8) / 400, -3)
        found.append(
            FinancialStatement(
                company=account.company, entity=account.entity, closed_on=year, currency="EUR",
                equity=Decimal(round(assets * strength / 100, -3)), total_assets=Decimal(assets),
                current_assets=Decimal(round(assets * 0.6, -3)),
                current_liabilities=Decimal(round(assets * (0.66 - strength / 150), -3)),
                revenue=Decimal(revenue), operating_result=Decimal(result),
                net_debt=Decimal(round(assets * (0.4 - strength / 100), -3)),
                ebitda=Decimal(round(result + revenue * 0.03, -3)), source=StatementSource.ENTERED,
                recorded_at=at, recorded_by=by,
            )
        )  # fmt: skip
    return found
