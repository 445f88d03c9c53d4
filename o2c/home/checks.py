"""What the start should tell an operator."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security)
def two_database_roles(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Warn where the application could change history: it runs as the role that owns the tables."""
    if settings.DATABASE_OWNER_ROLE:
        return []
    return [
        Warning(
            "Migrations and the application share one database role, which may change history.",
            hint="Give the application a role of its own: set DATABASE_OWNER_URL (docs/operations.md, Two roles).",
            id="o2c.W001",
        )
    ]
