"""Changes of authority that wait for a second person, in the approver's inbox (ADR 0021)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Company, User
from credit.authority import Person, role_label
from credit.models import DelegationRule
from credit.rule_people import levels_before, who_may_agree
from credit.rule_policy import Authority
from credit.rule_queries import waiting_authority
from credit.rule_words import say_authority
from credit.services.authority_rules import decide_authority
from credit.services.limit_rules import CHANGE
from o2c.shared import formats

from .to_decide import ToDecide, time_left


def changes_visible(user: User, company: Company) -> QuerySet[DelegationRule]:
    """Changes somebody asked for in a company, answered or not, of whoever may change its policy."""
    rows = DelegationRule.objects.filter(company=company, set_by__isnull=False)
    return rows if user.may(CHANGE, company) else rows.none()


def authority_waiting(user: User, company: Company, at: datetime) -> tuple[list[ToDecide], list[ToDecide]]:
    """Changes the reader may agree to, and those that wait for others; at most one a level waits."""
    if not user.may(CHANGE, company):
        return [], []
    rules = list(waiting_authority(company))
    if not rules:
        return [], []
    people, before = who_may_agree(rules, company), levels_before(rules, company)
    hands = user.acting_in(company)[0].hands
    mine: list[ToDecide] = []
    others: list[ToDecide] = []
    for rule in rules:
        may = rule.set_by_id not in hands and user.pk in {person.user.pk for person in people[rule.pk]}
        row = _row(rule, before[rule.pk], company, at, () if may else people[rule.pk])
        (mine if may else others).append(row)
    return mine, others


def agree(*, request_id: int, reason: str, by: User, at: datetime) -> DelegationRule:
    """Agree to a change of authority (``decide_authority``, which says what it raises)."""
    return decide_authority(change_id=request_id, accept=True, reason=reason, by=by, at=at)


def disagree(*, request_id: int, reason: str, by: User, at: datetime) -> DelegationRule:
    """Refuse a change of authority (``decide_authority``, which says what it raises)."""
    return decide_authority(change_id=request_id, accept=False, reason=reason, by=by, at=at)


def _row(rule: Any, before: Authority, company: Company, at: datetime, people: Sequence[Person]) -> ToDecide:
    return ToDecide(
        kind="authority",
        pk=rule.pk,
        client=str(role_label(rule.role)),
        label=_("other authority from %(day)s") % {"day": formats.date_short(rule.effective_from)},
        url=reverse("credit:authority"),
        amount=None,
        currency=company.currency,
        missing=Decimal(0),
        asked_by=rule.set_by,
        asked_at=rule.set_at,
        reason=rule.reason,
        seconds=time_left(rule.set_at, at),
        change=(
            say_authority(before, company.currency).sentence,
            say_authority(rule, company.currency).sentence,
        ),
        people=people,
    )
