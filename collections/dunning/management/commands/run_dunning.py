"""``run_dunning``: the daily reminder job in the foreground (contract §2)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import Company
from dunning.queries.arrived import items_with_payment
from dunning.queries.plan import read_plan
from dunning.services.runs import RunBeforeLast, plan_run
from dunning.services.scenarios import ensure_scenario
from o2c.shared.calendar import paris_date


class Command(BaseCommand):
    """Propose the reminders of a day for one company or all."""

    help = "Propose the reminders of a day; prints letters and items left out per company."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--as-of", type=date.fromisoformat, help="day of the run, YYYY-MM-DD (today)")
        parser.add_argument("--company", help="code of one company (all)")
        parser.add_argument("--dry-run", action="store_true", help="store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        companies = Company.objects.order_by("pk")
        if options["company"]:
            companies = companies.filter(code=options["company"])
            if not companies:
                raise CommandError(f"There is no company {options['company']}.")
        at = timezone.now()
        day = options["as_of"] or paris_date(at)
        for company in companies:
            if options["dry_run"]:
                letters, left_out = _look(company, day)
            else:
                try:
                    run = plan_run(company=company, as_of=day, by=None, at=at)
                except RunBeforeLast as refusal:
                    raise CommandError(f"{company.code}: {refusal}") from refusal
                letters, left_out = run.reminders.count(), run.exclusions.count()
            self.stdout.write(f"{company.code} {day}: {letters} letters, {left_out} items left out")


def _look(company: Company, day: date) -> tuple[int, int]:
    with transaction.atomic():
        ensure_scenario(company)
        letters, left_out = read_plan(company, as_of=day, arrived=items_with_payment(company, on=day))
        transaction.set_rollback(True)
    return len(letters), len(left_out)
