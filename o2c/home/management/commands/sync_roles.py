"""Store the role table."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts import services
from accounts.models import Role
from o2c.roles import ROLES


class Command(BaseCommand):
    """Write the roles of ``o2c/roles.py`` into the database; run it after each migration."""

    help = "Stores the role table of o2c/roles.py (safe to repeat)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        stored = services.store_roles(
            [
                Role(
                    code=code,
                    permissions=sorted(role.permissions),
                    authority_level=role.authority_level,
                    sees_all_accounts=role.sees_all_accounts,
                    sees_all_companies=role.sees_all_companies,
                )
                for code, role in ROLES.items()
            ]
        )
        if options["verbosity"] > 0:
            self.stdout.write(f"{stored} roles")
