"""Seal the journal now, and say the head to keep outside."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from o2c.shared import sealing


class Command(BaseCommand):
    """``seal_journal``: prints ``NUMBER:HEAD`` of the last seal, as ``verify_books --head`` takes it."""

    help = "Seals the settled events of the journal and prints the head of the chain, to be kept outside."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        sealing.seal(at=timezone.now())
        last = sealing.last_seal()
        if last is not None:
            self.stdout.write(f"{last.number}:{last.head}")
