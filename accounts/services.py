"""The acts on users, companies and clients."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from .models import Role, RoleGrant


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
