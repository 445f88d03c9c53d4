"""Cards of many clients made anew: every night, and when what they rest on was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.enums import RiskClass
from accounts.models import CustomerAccount
from credit.keys import Keys
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.copying import copy_in

from .. import policy
from ..cards import Card, card_of
from ..enums import Block
from ..gathering import gather
from ..models import ScoreCard

# A card of the same points is written again after so many days, so that its inputs are never older.
_STALE: Final = timedelta(days=30)
_LAST: Final = """
    SELECT DISTINCT ON (account_id) account_id, id, day, version, score, risk_class, known, points
    FROM credit_scorecard WHERE account_id {among} ORDER BY account_id, id DESC
"""


class _Last(NamedTuple):
    id: int
    day: date
    version: int
    result: policy.Result
    points: list[Any]


def refresh_cards(account_ids: Sequence[int], *, at: datetime, day: date | None = None) -> int:
    """Rate clients and store the cards that say something new; how many.

    What made the score fall by ten points, or the class another, is told once (domain.md 4.3).

    :param account_ids: in order
    :param day: the day that is looked at; today when left out
    """
    if not account_ids:
        return 0
    keys, on = Keys.ranged(account_ids), day or paris_date(at)
    with transaction.atomic():
        last = _last(keys)
        found = gather(keys, on=on)
        made: list[ScoreCard] = []
        for account in account_ids:
            if account in found:
                card, before = card_of(found[account], on=on), last.get(account)
                if _says_something(card, before, on):
                    made.append(_row(account, card, before, at, on))
        copy_in(made)
        _tell([card for card in made if card.asks_review], last, at)
    return len(made)


def refresh_entity(*, work: Any, entity_id: int) -> dict[str, int]:
    """Work handler: rate every client of a legal entity anew."""
    del work
    clients = CustomerAccount.objects.filter(entity=entity_id).order_by("pk")
    return {"cards": refresh_cards(list(clients.values_list("pk", flat=True)), at=timezone.now())}


def _last(keys: Keys) -> dict[int, _Last]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST.format(among=keys.among), keys.params)
        return {
            account: _Last(
                key,
                day,
                version,
                policy.Result(score, RiskClass(risk) if risk else None, known),
                [None if value is None else value for value in points],
            )
            for account, key, day, version, score, risk, known, points in cursor.fetchall()
        }


def _says_something(card: Card, before: _Last | None, on: date) -> bool:
    if before is None:
        return True
    if on < before.day:
        return False  # a night that was made up for late says nothing of what is known since
    same = before.points == _points(card) and before.version == policy.VERSION
    return not same or on - before.day >= _STALE


def _points(card: Card) -> list[Any]:
    return [card.points[block] for block in Block]


def _row(account: int, card: Card, before: _Last | None, at: datetime, on: date) -> ScoreCard:
    result = card.result
    return ScoreCard(
        account_id=account,
        follows_id=before.id if before else None,
        day=on,
        version=policy.VERSION,
        score=result.score,
        risk_class=result.risk_class or "",
        known=result.known,
        points=_points(card),
        inputs=card.inputs,
        asks_review=policy.needs_review(before.result if before else None, result),
        computed_at=at,
    )


def _tell(cards: Sequence[ScoreCard], last: Mapping[int, _Last], at: datetime) -> None:
    if not cards:
        return
    companies = dict(
        CustomerAccount.objects.filter(pk__in=[card.account_id for card in cards]).values_list(
            "pk", "company"
        )
    )
    audit.record_many(
        [
            audit.event(
                "score.changed",
                card,
                by=None,
                at=at,
                label=f"{card.score} {card.risk_class}",
                company_id=companies[card.account_id],
                account_id=card.account_id,
                before=_figures(last[card.account_id].result),
                after={"score": card.score, "class": card.risk_class},
            )
            for card in cards
        ]
    )
    for path in settings.REACTIONS["score.changed"]:
        pieces = {f"score.changed:{card.pk}": {"card_id": card.pk} for card in cards}
        work.add_many(f"{work.REACTION}{path}", pieces)


def _figures(result: policy.Result) -> dict[str, Any]:
    return {"score": result.score, "class": result.risk_class}
