"""Separation of duties: who could both ask and approve, raise a limit and release, administer and approve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, RoleGrant, User
from o2c.roles import DECISIONS, ROLES


@dataclass(frozen=True)
class Duties:
    """Two duties that are better not in one hand.

    :ivar first: permissions of the one, any of them
    :ivar second: permissions of the other, any of them
    :ivar kept_by: what keeps them apart all the same; empty when nothing does
    """

    code: str
    label: str | Promise
    first: frozenset[str]
    second: frozenset[str]
    kept_by: str | Promise = ""


_FOUR_EYES: Final = _("Four eyes: nobody decides on what they asked for, entered or sell")

DUTIES: Final = (
    Duties(
        "request_and_grant_limit",
        _("Asks for limits and grants them"),
        frozenset({"credit.request_limit"}),
        frozenset({"credit.decide_limit"}),
        _FOUR_EYES,
    ),
    Duties(
        "enter_and_release_order",
        _("Enters orders or asks for overrides, and releases them"),
        frozenset({"orders.enter", "orders.request_override"}),
        frozenset({"orders.release"}),
        _FOUR_EYES,
    ),
    Duties(
        "raise_limit_and_release",
        _("Raises limits and releases held orders"),
        frozenset({"credit.decide_limit"}),
        frozenset({"orders.release"}),
    ),
    Duties(
        "administer_and_approve",
        _("Administers users and decides on credit or money"),
        frozenset({"admin.users"}),
        DECISIONS,
    ),
)


@dataclass(frozen=True)
class Conflict:
    """One person who holds both sides of a pair in a company, and the roles that give each."""

    user: User
    duties: Duties
    first_roles: tuple[str, ...]
    second_roles: tuple[str, ...]

    def as_contract(self) -> dict[str, Any]:
        """The row as the API says it."""
        return {
            "user": self.user.username,
            "name": self.user.label(),
            "conflict": self.duties.code,
            "label": str(self.duties.label),
            "first_roles": list(self.first_roles),
            "second_roles": list(self.second_roles),
            "kept_apart_by": str(self.duties.kept_by),
        }

    def role_labels(self) -> str:
        """The roles in words."""
        codes = dict.fromkeys((*self.first_roles, *self.second_roles))
        return ", ".join(str(ROLES[code].label) if code in ROLES else code for code in codes)


def conflicts(company: Company) -> list[Conflict]:
    """Everybody who may sign in and holds both sides of a pair there, from roles and grants; one statement.

    What nothing keeps apart comes first, then by name.
    """
    held: dict[User, list[RoleGrant]] = defaultdict(list)
    grants = RoleGrant.objects.filter(user__is_active=True).select_related("user", "role")
    for grant in grants.order_by("user__last_name", "user__username", "role_id"):
        if grant.company_id == company.pk or grant.role.sees_all_companies:
            held[grant.user].append(grant)
    found = [conflict for user, own in held.items() for conflict in _of(user, own)]
    return sorted(found, key=lambda conflict: bool(conflict.duties.kept_by))


def _of(user: User, grants: list[RoleGrant]) -> Iterator[Conflict]:
    for duties in DUTIES:
        first, second = (
            tuple(grant.role_id for grant in grants if side.intersection(grant.role.permissions))
            for side in (duties.first, duties.second)
        )
        if first and second:
            yield Conflict(user, duties, first, second)
