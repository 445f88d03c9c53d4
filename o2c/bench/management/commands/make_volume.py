"""``make_volume``: synthetic volume for measuring (contract §2)."""

from __future__ import annotations

import time
from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from o2c.bench.volume import CODE, make_volume, shapes
from o2c.shared.problems import Refusal


class Command(BaseCommand):
    """Add a large book made from a seed to a company of its own, or to the one named."""

    help = "Adds synthetic volume through COPY: clients, items, orders, limits, skewed as in a real book."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare how much."""
        parser.add_argument("--accounts", type=int, required=True, metavar="N", help="clients")
        parser.add_argument("--items", type=int, required=True, metavar="N", help="open items")
        parser.add_argument(
            "--orders", type=int, metavar="N", help="orders; a tenth of the items when left out"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same book (1)")
        parser.add_argument("--company", default=CODE, metavar="CODE", help=f"made if not there ({CODE})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it; prints rows by table and seconds."""
        accounts, items = options["accounts"], options["items"]
        orders = items // 10 if options["orders"] is None else options["orders"]
        if accounts < 1 or items < 0 or orders < 0:
            raise CommandError("--accounts is at least 1; --items and --orders are not negative.")
        began = time.monotonic()
        plan = shapes(accounts, items, orders, random=Random(options["seed"]))
        try:
            made = make_volume(plan, code=options["company"], seed=options["seed"], at=timezone.now())
        except Refusal as refusal:
            details = [str(text) for texts in refusal.errors.values() for text in texts]
            raise CommandError(" ".join(details) or str(refusal)) from refusal
        for name, count in made.rows.items():
            self.stdout.write(f"{count:>12,} {name}")
        self.stdout.write(
            f"company {made.company.code}: {len(made.accounts)} accounts, {made.open_items} open items, "
            f"{made.settled} invoices paid, {made.held} orders on hold, {time.monotonic() - began:.1f} seconds"
        )
        self.stdout.write("Figures in lists come with the next nightly run, or now: recalculate_exposure")
