"""``bench``: our speed beside hand-written SQL, as tables of ratios (contract §6)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from o2c.bench.registry import BENCHMARKS, LATER, benchmark
from o2c.bench.report import Report
from o2c.bench.session import Session


class Command(BaseCommand):
    """Run benchmarks on the database at hand; ``./portal bench`` gives them one of their own."""

    help = "Measures speed beside hand-written SQL; exit 1 when something that must be reached is not."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is measured and how large the book is."""
        names = ", ".join([*BENCHMARKS, *LATER])
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"{names}; all when left out")
        parser.add_argument("--accounts", type=int, default=100_000, metavar="N", help="clients (100000)")
        parser.add_argument("--items", type=int, default=1_000_000, metavar="N", help="open items (1000000)")
        parser.add_argument("--rounds", type=int, default=100, metavar="N", help="rounds of a race (100)")
        parser.add_argument(
            "--repeats", type=int, default=41, metavar="N", help="turns; the median counts (41)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run what is asked for and close with every target."""
        names = options["names"] or list(BENCHMARKS)
        unknown = [name for name in names if name not in BENCHMARKS and name not in LATER]
        if unknown:
            raise CommandError(
                f"There is no benchmark {', '.join(unknown)}: {', '.join([*BENCHMARKS, *LATER])}."
            )
        if min(options["accounts"], options["items"], options["rounds"], options["repeats"]) < 1:
            raise CommandError("--accounts, --items, --rounds and --repeats are at least 1.")
        report = Report(self._write)
        session = Session(
            report, options["accounts"], options["items"], options["repeats"], options["rounds"]
        )
        for name in names:
            if name in LATER:
                report.say(LATER[name])
            else:
                benchmark(name)(session)
        if not report.close():
            raise SystemExit(1)

    def _write(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
