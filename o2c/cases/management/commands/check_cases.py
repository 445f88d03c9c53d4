"""``check_cases DIR``: the worked cases of a folder, run against the product's own functions."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from o2c.cases.adapters import ADAPTERS
from o2c.cases.reading import CasesUnreadable, read_cases
from o2c.cases.runner import run_cases


class Command(BaseCommand):
    """Exit 0 only when every case passed and none is left uncovered; 1 otherwise."""

    help = "Runs the worked cases found in a folder against the product's own functions, decimals exact."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the folder and the kinds to keep to."""
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument(
            "--only", metavar="KPI,…", default="", help="kinds to run, such as due_dates,siren,exposure"
        )

    def handle(self, *args: Any, folder: Path, only: str, **options: Any) -> None:
        """Run, print each difference, close with the summary."""
        try:
            cases = read_cases(Path(folder))
        except CasesUnreadable as error:
            raise CommandError(str(error)) from error
        wanted = {name.strip() for name in only.split(",") if name.strip()}
        present = {case.kind for case in cases}
        if missing := sorted(wanted - present):
            raise CommandError(
                f"No case of {', '.join(missing)} here; there are {', '.join(sorted(present))}."
            )
        report = run_cases((case for case in cases if not wanted or case.kind in wanted), ADAPTERS)
        for line in report.differences:
            self.stdout.write(line)
        for kind, count in sorted(report.not_covered.items()):
            self.stdout.write(f"{kind}: {count} not covered")
        self.stdout.write(report.summary)
        if not report.clean:
            raise SystemExit(1)
