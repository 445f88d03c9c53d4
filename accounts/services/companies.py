"""Companies, the role table, and who holds which role where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from babel.numbers import list_currencies
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, Role, RoleGrant, User
from o2c.shared import audit
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,19}")

# Duties that never meet in one hand, whatever the roles they come from (domain.md 10).
INCOMPATIBLE: Final = (
    ("admin.users", "orders.release"),
    ("admin.users", "credit.decide_limit"),
    ("admin.users", "payments.record"),
)


class CompanyExists(Conflict):
    code = "company_exists"
    message = _("A company with this code exists already.")


class DutiesConflict(RuleRefused):
    code = "duties_conflict"
    message = _("Who administers users may hold no role that decides or moves money.")


def store_roles(roles: Sequence[Role]) -> int:
    """Make the stored roles equal to the given table; the number of roles stored.

    A role that has left the table is deleted; while somebody still holds it, it stays and may do nothing.
    """
    with transaction.atomic():
        Role.objects.bulk_create(
            roles,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["permissions", "authority_level", "sees_all_accounts", "sees_all_companies"],
        )
        gone = Role.objects.exclude(code__in=[role.code for role in roles])
        gone.exclude(code__in=RoleGrant.objects.values("role_id")).delete()
        gone.update(permissions=[], authority_level=0, sees_all_accounts=False, sees_all_companies=False)
    return len(roles)


def create_company(
    *, code: str, name: str = "", currency: str = "EUR", by: User | None, at: datetime
) -> Company:
    """Make a selling company with empty books. Roles in it are granted apart.

    :param by: None for the operator's command line
    :raises Invalid: a code or currency that cannot be
    :raises CompanyExists: the code is taken
    """
    if by is not None and not by.may("admin.users"):
        raise NotAllowed
    errors: dict[str, list[str | Promise]] = {}
    if not _CODE.fullmatch(code):
        errors["code"] = [_("A company's code has 1 to 20 capital letters, digits, hyphens or underscores.")]
    if currency not in list_currencies():
        errors["currency"] = [_("“%(code)s” is not a currency: write EUR, USD, …") % {"code": currency}]
    if errors:
        raise Invalid(errors=errors)
    with transaction.atomic():
        company, created = Company.objects.get_or_create(
            code=code, defaults={"name": name or code, "currency": currency}
        )
        if not created:
            raise CompanyExists
        audit.record(
            "company.created",
            company,
            by=by,
            at=at,
            company_id=company.pk,
            after={"code": code, "currency": currency},
        )
    return company


def grant_role(*, user: User, company: Company | None, role: str, by: User | None, at: datetime) -> RoleGrant:
    """Give a user a role in a company; a role held already is left as it is.

    :param company: None for a role that sees every company, before there is one
    :param by: None for the operator's command line
    :raises NotFound: no such role
    :raises Invalid: no company for a role that is held in one
    :raises DutiesConflict: together with what the user holds there it would join duties that stay apart
    """
    _require_administrator(by, company)
    with transaction.atomic():
        # One after the other, so that two grants at once cannot join what neither alone does.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        wanted = Role.objects.filter(code=role).first()
        if wanted is None:
            raise NotFound(_("There is no role “%(role)s”.") % {"role": role})
        if company is None and not wanted.sees_all_companies:
            raise Invalid(errors={"company": [_("This role is held in a company: name it.")]})
        held = [grant.role for grant in RoleGrant.objects.filter(user=user).select_related("role")]
        permissions = {permission for each in (*held, wanted) for permission in each.permissions}
        if any(permissions.issuperset(pair) for pair in INCOMPATIBLE):
            raise DutiesConflict
        grant, created = RoleGrant.objects.get_or_create(user=user, company=company, role=wanted)
        if created:
            _record("user.role_granted", user, company, role, by=by, at=at)
    return grant


def revoke_role(*, user: User, company: Company, role: str, by: User | None, at: datetime) -> None:
    """Take a role in a company from a user.

    :raises NotFound: the user does not hold it
    """
    _require_administrator(by, company)
    with transaction.atomic():
        deleted, _rows = RoleGrant.objects.filter(user=user, company=company, role_id=role).delete()
        if not deleted:
            raise NotFound
        _record("user.role_revoked", user, company, role, by=by, at=at)


def _require_administrator(by: User | None, company: Company | None) -> None:
    if by is not None and not by.may("admin.users", company):
        raise NotAllowed


def _record(
    action: str, user: User, company: Company | None, role: str, *, by: User | None, at: datetime
) -> None:
    for kept in ("_held", "grants"):  # read once per request: this user's rights have just changed
        user.__dict__.pop(kept, None)
    audit.record(
        action,
        user,
        by=by,
        at=at,
        label=user.username,
        company_id=company.pk if company else None,
        after={"role": role, "company": company.code if company else None},
    )
