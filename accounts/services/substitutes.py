"""Naming who decides while one is away, and ending it early (domain.md 5.4)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.acting import COUNTERSIGN
from accounts.enums import OUTSIDE_ROLES
from accounts.models import Company, RoleGrant, Substitution, User
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, Invalid, NotAllowed

LONGEST = timedelta(days=366)


def name_substitute(
    *,
    absent: User,
    substitute: User,
    company: Company,
    valid_from: date,
    valid_until: date,
    reason: str,
    by: User,
    at: datetime,
) -> Substitution:
    """Lend an absent person's authority in one company to somebody else for some days.

    :param by: the absent person, or an administrator
    :raises NotAllowed: for somebody else
    :raises Invalid: no authority to lend, a substitute without role there, days that do not fit, no reason
    """
    if by.pk != absent.pk and not by.may("admin.users", company):
        raise NotAllowed
    errors: dict[str, list[object]] = {}
    if not own_authority(absent, company) and not absent.may(COUNTERSIGN, company):
        errors["absent"] = [_("There is no authority to lend in this company.")]
    if substitute.pk == absent.pk:
        errors["substitute"] = [_("Choose somebody else.")]
    elif not _works_in(substitute, company):
        errors["substitute"] = [_("This person has no role in this company.")]
    if valid_until < valid_from:
        errors["valid_until"] = [_("The last day lies before the first.")]
    elif valid_until < paris_date(at):
        errors["valid_until"] = [_("This day is past.")]
    elif valid_until - valid_from > LONGEST:
        errors["valid_until"] = [_("One year at most.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
    with transaction.atomic():
        named = Substitution.objects.create(
            company=company,
            absent=absent,
            substitute=substitute,
            valid_from=valid_from,
            valid_until=valid_until,
            reason=reason.strip(),
            named_by=by,
            named_at=at,
        )
        _record("user.substitute_named", named, by=by, at=at, reason=reason)
    return named


def end_substitution(*, substitution_id: int, by: User, at: datetime) -> Substitution:
    """End a substitution before its last day: the absent person, the substitute, or an administrator.

    :raises Conflict: it has ended already
    """
    with transaction.atomic():
        found = (
            Substitution.objects.select_related("company", "absent", "substitute")
            .select_for_update(of=("self",), no_key=True)
            .get(pk=substitution_id)
        )
        if by.pk not in {found.absent_id, found.substitute_id} and not by.may("admin.users", found.company):
            raise NotAllowed
        if found.ended_at is not None or found.valid_until < paris_date(at):
            raise Conflict(_("This substitution has ended."), code="wrong_state")
        found.ended_at = at
        found.save(update_fields=["ended_at"])
        _record("user.substitute_ended", found, by=by, at=at)
        return found


def own_authority(user: User, company: Company) -> int:
    """The level somebody holds by roles of their own, without what is lent to them."""
    levels = RoleGrant.objects.filter(user=user, company=company).values_list(
        "role__authority_level", flat=True
    )
    return max(levels, default=0)


def _works_in(user: User, company: Company) -> bool:
    """Whether a person is of the house there; who is outside stands in for nobody."""
    if not user.is_active or user.is_system:
        return False
    return RoleGrant.objects.filter(user=user, company=company).exclude(role__in=OUTSIDE_ROLES).exists()


def _record(action: str, row: Substitution, *, by: User, at: datetime, reason: str = "") -> None:
    audit.record(
        action,
        row,
        by=by,
        at=at,
        label=f"{row.absent.username} → {row.substitute.username}",
        company_id=row.company_id,
        reason=reason,
        after={
            "absent": row.absent.username,
            "substitute": row.substitute.username,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
        },
    )
