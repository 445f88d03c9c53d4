"""Bring in a bank statement from the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from accounts.models import Company
from invoicing import services
from invoicing.bank import LARGEST_FILE, TooLarge
from invoicing.enums import StatementFormat
from invoicing.services import StatementResult
from invoicing.statement_shapes import result_fields
from o2c.imports.operator import operator_of
from o2c.imports.single import CompanyUnknown
from o2c.shared import audit
from o2c.shared.problems import Refusal


class Command(BaseCommand):
    """Book the statements of a file, all or none, and print what became of each."""

    help = "Imports a bank statement (CFONB 120, CAMT.053, MT940); a second run books nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the arguments."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", required=True, metavar="CODE")
        parser.add_argument(
            "--format", choices=StatementFormat.values, default="", help="told from the file when left out"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )
        parser.add_argument("--json", action="store_true", help="the reading, as JSON")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command. It speaks English throughout, as scripts that read it expect."""
        at, path = timezone.now(), options["file"]
        try:
            company = Company.objects.filter(code=options["company"]).first()
            if company is None:
                raise CompanyUnknown(options["company"])
            if path.stat().st_size > LARGEST_FILE:
                raise TooLarge
            results = services.import_statements(
                company=company,
                content=path.read_bytes(),
                format=options["format"],
                file_name=path.name,
                dry_run=options["dry_run"],
                by=operator_of(company, at=at),
                at=at,
            )
        except Refusal as refusal:
            raise CommandError(f"{refusal.code}: {refusal}\nNothing was booked.") from refusal
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        if options["json"]:
            found = [result_fields(result, lines="movements") for result in results]
            self.stdout.write(json.dumps({"statements": audit.plain(found)}, ensure_ascii=False, indent=1))
            return
        for result in results:
            for line in _report(result, dry_run=options["dry_run"]):
                self.stdout.write(line)


def _report(result: StatementResult, *, dry_run: bool) -> Iterator[str]:
    statement, counts = result.statement, Counter(map(str, result.outcomes))
    yield f"{statement.account} {statement.currency} {statement.number}".rstrip()
    yield (
        f"from {statement.opening_on} {statement.opening_balance} to {statement.closing_on}"
        f" {statement.closing_balance}"
    )
    verb = "would be booked" if dry_run else "booked"
    told = ", ".join(
        f"{number} {outcome}" for outcome, number in sorted(counts.items()) if outcome != "duplicate"
    )
    yield f"{verb}: {result.created} lines{f' ({told})' if told else ''}, {result.duplicates} known already"
    if result.continuity in {"gap", "overlap"}:
        yield f"{result.continuity}: the statement before closed with {result.balance_before}"
    moved = statement.moved
    yield (
        f"control: {statement.opening_balance} + {moved} = {statement.closing_balance}, difference"
        f" {statement.closing_balance - statement.opening_balance - moved:.2f} {statement.currency}"
    )
