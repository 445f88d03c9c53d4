"""Give the application's database role its rights."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from o2c import grants


class Command(BaseCommand):
    """``grant_application ROLE [--create]``; runs as the owner of the tables, after each migration."""

    help = (
        "Gives the application's database role its rights: everything but changing history (safe to repeat)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the role."""
        parser.add_argument("role", help="the role in DATABASE_URL of web, worker and commands")
        parser.add_argument(
            "--create",
            action="store_true",
            help="make the role when it is missing, with the password in APPLICATION_PASSWORD",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        role = options["role"]
        if role == connection.settings_dict.get("USER"):
            raise CommandError(f"{role} is the role of this command: the application needs another one.")
        if options["create"]:
            self._create(role)
        try:
            grants.grant(connection, role)
        except grants.RoleMissing as missing:
            raise CommandError(f"There is no role {role}; run again with --create.") from missing
        if options["verbosity"] > 0:
            self.stdout.write(f"{role} may do everything but change history")

    def _create(self, role: str) -> None:
        password = os.environ.get("APPLICATION_PASSWORD", "")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            name = connection.ops.quote_name(role)
            cursor.execute(f"{verb} ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
            if password:
                cursor.execute(f"ALTER ROLE {name} PASSWORD %s", [password])
