"""Who may agree to a change of authority that waits (domain.md 5.4, ADR 0021)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from accounts.models import Company, RoleGrant

from .authority import Person, people_who_may
from .models import DelegationRule
from .rule_policy import Authority
from .rule_queries import authority_of, matrix_of
from .services.limit_rules import CHANGE


def levels_before(rules: Sequence[DelegationRule], company: Company) -> dict[int, Authority]:
    """Of each change that waits what its level may decide on its day without it; one statement a day."""
    days = {day: matrix_of(company.pk, day) for day in {rule.effective_from for rule in rules}}
    return {
        rule.pk: next(level for level in days[rule.effective_from] if level.level == rule.level)
        for rule in rules
    }


def who_may_agree(rules: Sequence[DelegationRule], company: Company) -> dict[int, list[Person]]:
    """Of each change that waits those who may agree to it: never who asked, nor two holders of a level that gets more.

    They may all change the policy. The number of statements does not grow with the changes of one day.
    """
    people = people_who_may(CHANGE, company, level=0, shown=None)
    before, levels = levels_before(rules, company), _levels_held(company)
    found: dict[int, list[Person]] = {}
    for rule in rules:
        theirs = authority_of(rule).widens(before[rule.pk]) and levels.get(rule.set_by_id) == rule.level
        found[rule.pk] = [
            person
            for person in people
            if person.user.pk != rule.set_by_id and not (theirs and levels.get(person.user.pk) == rule.level)
        ]
    return found


def _levels_held(company: Company) -> dict[int | None, int]:
    """The highest level that each person holds there."""
    levels: dict[int | None, int] = {}
    rows = RoleGrant.objects.filter(Q(company=company) | Q(company=None))
    for user_id, held in rows.values_list("user_id", "role__authority_level"):
        levels[user_id] = max(held, levels.get(user_id, 0))
    return levels
