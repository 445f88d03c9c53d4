"""Let somebody in at all."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from accounts import services
from accounts.models import User


class Command(BaseCommand):
    """Make the administrator ``admin`` with the password ``demo`` in a portal without any user."""

    help = "Makes the administrator admin/demo when there is no user yet."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        with transaction.atomic():
            if User.objects.exclude(is_system=True).exists():
                self.stdout.write("there are users already: nothing done")
                return
            user = User(username="admin")
            user.set_password("demo")
            user.save()
            services.grant_role(user=user, company=None, role="administrator", by=None, at=timezone.now())
        self.stdout.write("administrator admin, password demo: change it")
