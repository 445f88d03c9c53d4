"""``load_demo``: the demonstration company, once."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models import CustomerAccount
from credit import nightly
from o2c.demo.services import demo_exists, make_demo
from o2c.shared import sealing, work
from orders.models import HoldCase


class Command(BaseCommand):
    """Make the demonstration company if it is not there, with dates relative to today."""

    help = "Loads the demonstration company once; ./portal demo --reset starts afresh."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        if demo_exists():
            self.stdout.write("the demonstration company is there already")
            return
        began = time.monotonic()
        company = make_demo(at=timezone.now())
        work.drain()
        # Two years of events at once: sealed before the nightly proofs look for what waits, and what they add after.
        sealing.seal(at=timezone.now())
        nightly.run_in_foreground(at=timezone.now())
        work.drain()
        sealing.seal(at=timezone.now())
        clients = CustomerAccount.objects.filter(company=company).count()
        held = HoldCase.objects.filter(closed_at=None).count()
        self.stdout.write(
            f"demonstration company loaded: {clients} clients, {held} orders on hold, "
            f"{time.monotonic() - began:.0f} seconds"
        )
