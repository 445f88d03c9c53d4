"""``recalculate_exposure``: the nightly job in the foreground (contract §2)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Company
from credit import nightly


class Command(BaseCommand):
    """Recompute the standing of every account, entity and group, and prove the book."""

    help = "Recompute every exposure now; prints accounts, seconds and differences found."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--as-of", type=date.fromisoformat, help="evaluation day, YYYY-MM-DD (today)")
        parser.add_argument("--company", help="code of one company (all)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        company = None
        if options["company"]:
            company = Company.objects.filter(code=options["company"]).first()
            if company is None:
                raise CommandError(f"There is no company {options['company']}.")
        run = nightly.run_in_foreground(at=timezone.now(), day=options["as_of"], company=company)
        if run.finished_at is None:
            raise CommandError(f"The run is not finished: {run.ranges_done} of {run.ranges} ranges are done.")
        seconds = (run.finished_at - run.started_at).total_seconds()
        self.stdout.write(
            f"{run.accounts} accounts, {seconds:.1f} seconds, {run.changed} changed, "
            f"{len(run.differences)} differences"
        )
        for difference in run.differences:
            self.stdout.write(f"  {difference}")
        if run.differences:
            raise CommandError("The book does not add up: see the lines above.")
