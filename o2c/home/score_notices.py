"""Telling people of ratings: a score that fell, a class asked for, decided, ended."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import CustomerAccount, TeamMember
from accounts.queries import rep_of
from credit.models import ClassOverride, ScoreCard
from credit.scorecard.enums import OverrideStatus
from credit.scorecard.services.override import DECIDE, LEVEL
from o2c.shared.calendar import paris_date

from .notices import lowest_with, write


def score_changed(*, work: Any, card_id: int) -> dict[str, int]:
    """Work handler: tell who keeps the client's credit that its limit is to be looked at again."""
    card = ScoreCard.objects.select_related("account", "follows").get(pk=card_id)
    before = card.follows
    facts = {
        "score": _score(card),
        "class": card.risk_class,
        "score_before": _score(before) if before else "",
        "class_before": before.risk_class if before else "",
    }
    return _tell("score.changed", f"card:{card.pk}", card.account, facts, _credit(card.account), card)


def override_asked(*, work: Any, override_id: int) -> dict[str, int]:
    """Work handler: tell those who may decide that a class is asked for."""
    row = _override(override_id)
    if row.status != OverrideStatus.ASKED:
        return {"told": 0}
    told = lowest_with(DECIDE, row.account.company_id, level=LEVEL, without={row.asked_by_id})
    facts = _facts(row) | {"reason": row.reason, "asked_by": row.asked_by.label()}
    return _tell("class_override.asked", f"override:{row.pk}", row.account, facts, told, row, waits=True)


def override_decided(*, work: Any, override_id: int) -> dict[str, int]:
    """Work handler: tell whoever asked for a class, and the rep where it counts, what was decided."""
    row = _override(override_id)
    if row.decided_by_id is None:
        return {"told": 0}
    refused = row.status == OverrideStatus.REFUSED
    told = {row.asked_by_id} | (set() if refused else _rep(row.account))
    kind = "class_override.refused" if refused else "class_override.approved"
    facts = _facts(row) | {"reason": row.decision_reason}
    return _tell(kind, f"override:{row.pk}", row.account, facts, told - {row.decided_by_id}, row)


def override_ended(*, work: Any, override_id: int) -> dict[str, int]:
    """Work handler: tell who keeps the client's credit, and the rep, that a class set by decision is over."""
    row = _override(override_id)
    told = (_credit(row.account) | _rep(row.account)) - {row.ended_by_id}
    facts = _facts(row) | {"class": row.account.risk_class, "reason": row.end_reason}
    return _tell("class_override.ended", f"override:{row.pk}", row.account, facts, told, row)


def _override(override_id: int) -> ClassOverride:
    return ClassOverride.objects.select_related("account", "asked_by").get(pk=override_id)


def _facts(row: ClassOverride) -> dict[str, Any]:
    return {"class": row.risk_class}


def _score(card: ScoreCard) -> str:
    return "" if card.score is None else format(card.score, "f")


_OF_CREDIT: Final = Q(role=TeamRole.CREDIT)


def _credit(account: CustomerAccount) -> set[int]:
    today = paris_date(timezone.now())
    team = TeamMember.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=today), _OF_CREDIT, account=account, valid_from__lte=today
    )
    return set(team.values_list("user_id", flat=True)) or lowest_with(
        DECIDE, account.company_id, level=2, without=set()
    )


def _rep(account: CustomerAccount) -> set[int]:
    rep = rep_of(account, paris_date(timezone.now()))
    return {rep.pk} if rep else set()


def _tell(
    kind: str,
    key: str,
    account: CustomerAccount,
    facts: dict[str, Any],
    told: set[int],
    about: ScoreCard | ClassOverride,
    *,
    waits: bool = False,
) -> dict[str, int]:
    facts = {"account": account.code, "client": account.name, "currency": account.currency, **facts}
    return write(
        kind,
        key,
        facts,
        reverse("accounts:detail", args=[account.code]),
        dict.fromkeys(told, waits),
        company_id=account.company_id,
        account_id=account.pk,
        about=(about._meta.label_lower, about.pk),
    )
