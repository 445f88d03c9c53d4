"""Who decides, in words: roles, the people who hold them, and how far each may go (domain.md 5.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Company, RoleGrant, User
from o2c.shared import formats

from .policy import Mandate
from .services.checks import mandates

_PEOPLE_SHOWN = 3


@dataclass(frozen=True)
class Person:
    """Somebody who may decide, with the role that allows it."""

    user: User
    role: str
    mandate: Mandate | None


@cache
def _roles() -> Mapping[str, Any]:
    # The table of roles stands above the applications; it is named, as the menu is.
    roles: Mapping[str, Any] = import_string(getattr(settings, "PORTAL_ROLES", "o2c.roles.ROLES"))
    return roles


def role_label(code: str | None) -> str | Promise:
    """A role as people say it; its code when the table does not know it."""
    role = _roles().get(code or "")
    label: str | Promise = role.label if role is not None else code or ""
    return label


def mandate_of(user: User, company: Company | int) -> Mandate | None:
    """What the delegation matrix lets this person decide alone; None without any authority."""
    company_id = company.pk if isinstance(company, Company) else company
    level = user.authority_in(company_id)
    return next((m for m in mandates(company_id) if m.level == level), None) if level else None


def release_bound(mandate: Mandate, currency: str) -> str:
    """How far a level releases orders alone, in words that follow *decides* or *you decide*."""
    language = get_language() or "fr"
    amount = formats.money_round(mandate.release_amount, language, currency)
    share = ""
    if mandate.release_pct is not None:
        decimals = 0 if mandate.release_pct == mandate.release_pct.to_integral_value() else 2
        share = formats.percent(mandate.release_pct / 100, language, decimals=decimals)
    if mandate.release_amount is None:
        bound = _("up to %(share)s of the limit") % {"share": share} if share else _("whatever the amount")
    elif share:
        bound = _("up to %(amount)s and %(share)s of the limit") % {"amount": amount, "share": share}
    else:
        bound = _("up to %(amount)s") % {"amount": amount}
    if mandate.release_with_overdue:
        return bound
    return _("%(bound)s, while nothing is late") % {"bound": bound}


def people_who_may(
    permission: str,
    company: Company,
    *,
    level: int,
    without: Collection[int] = (),
    shown: int | None = _PEOPLE_SHOWN,
) -> list[Person]:
    """Those who hold a role with this permission and at least this level there, the nearest level first.

    :param without: keys of users whom four eyes exclude
    :param shown: how many at most; None for all
    """
    grants = (
        RoleGrant.objects.filter(
            company=company,
            role__permissions__contains=[permission],
            role__authority_level__gte=level,
            user__is_active=True,
            user__is_system=False,
        )
        .exclude(user_id__in=without)
        .select_related("user", "role")
        .order_by("role__authority_level", "user__last_name", "user__username")
    )
    by_level = {m.level: m for m in mandates(company.pk)}
    found: dict[int, Person] = {}
    for grant in grants:
        found.setdefault(
            grant.user_id, Person(grant.user, grant.role_id, by_level.get(grant.role.authority_level))
        )
    return list(found.values())[:shown]
