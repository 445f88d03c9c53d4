"""Say when everything was last recalculated."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from credit.models import NightlyRun


class Command(BaseCommand):
    """Print the last finished nightly run in one line; ``./portal status`` shows it."""

    help = "Prints the last nightly run: day, accounts, seconds, differences."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        run = NightlyRun.objects.filter(finished_at__isnull=False).order_by("-finished_at").first()
        if run is None or run.finished_at is None:
            self.stdout.write("none yet")
            return
        seconds = (run.finished_at - run.started_at).total_seconds()
        self.stdout.write(
            f"{run.day:%Y-%m-%d}: {run.accounts} accounts, {seconds:.1f} s, {len(run.differences)} differences"
        )
