"""Read delivery reports of mail servers, from files or from the standard input (a mail server's pipe)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from o2c.shared import bounces, delivery
from o2c.shared.problems import Refusal


class Command(BaseCommand):
    """One line for each message; what is no report is said and left aside, so that a pipe never returns it."""

    help = "Reads delivery reports (RFC 3464): which messages arrived, which came back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the files."""
        parser.add_argument(
            "files", nargs="*", type=Path, help="messages as they came; none reads the standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if not options["files"]:
            self._read("-", sys.stdin.buffer.read(bounces.LONGEST + 1))
        for path in options["files"]:
            with path.open("rb") as file:
                self._read(str(path), file.read(bounces.LONGEST + 1))

    def _read(self, name: str, content: bytes) -> None:
        try:
            heard = delivery.take(content, at=timezone.now())
        except Refusal as refusal:
            self.stdout.write(f"{name}: {refusal.code}")
            return
        for each in heard:
            again = "" if each.is_new else " (known)"
            self.stdout.write(
                f"{name}: message {each.message.pk} {each.report.action} {each.report.code}{again}"
            )
