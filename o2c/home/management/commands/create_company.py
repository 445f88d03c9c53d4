"""Make a selling company."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts import services
from accounts.models import RoleGrant
from o2c.shared.problems import Refusal

DEMO_COMPANY = "DEMO"


class Command(BaseCommand):
    """Make a company with empty books; in a demo everybody gets there the roles held in the demo company."""

    help = "Makes a selling company; in a demo every demo sign-in gets its role there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the arguments."""
        parser.add_argument("code", help="1 to 20 capital letters, digits, hyphens or underscores")
        parser.add_argument("--name", default="", help="the code when left out")
        parser.add_argument("--currency", default="EUR")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        at = timezone.now()
        try:
            with transaction.atomic():
                company = services.create_company(
                    code=options["code"], name=options["name"], currency=options["currency"], by=None, at=at
                )
                held = RoleGrant.objects.filter(company__code=DEMO_COMPANY).select_related("user", "role")
                for grant in held.exclude(role__sees_all_companies=True):
                    services.grant_role(
                        user=grant.user, company=company, role=grant.role.code, by=None, at=at
                    )
        except Refusal as refusal:
            details = [str(message) for messages in refusal.errors.values() for message in messages]
            raise CommandError(" ".join(details) or str(refusal)) from refusal
        self.stdout.write(f"company {company.code} ({company.currency}), {len(held)} roles granted")
