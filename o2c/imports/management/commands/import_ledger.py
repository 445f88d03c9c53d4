"""Bring in a receivables ledger from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from o2c.imports import services
from o2c.imports.ledger import LineError
from o2c.imports.mapping import mapping_text, parse_mapping
from o2c.imports.queries import BookTotals
from o2c.imports.reader import Unreadable
from o2c.imports.services import LedgerRefused, LedgerResult
from o2c.shared import work
from o2c.shared.problems import Refusal

_SHOWN = 50


class Command(BaseCommand):
    """Book a ledger all or nothing and print what was booked, the book it leaves and the control line."""

    help = "Imports a receivables ledger (CSV or XLSX) by a mapping; a second run books nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the arguments."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", required=True, metavar="CODE", help="made when it does not exist")
        parser.add_argument(
            "--mapping", required=True, metavar="NAME_OR_FILE", help="such as ibm-ar, or a TOML file"
        )
        parser.add_argument(
            "--as-of", type=date.fromisoformat, metavar="DATE", help="the book as it stood then"
        )
        parser.add_argument("--dry-run", action="store_true", help="do everything, then undo it")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command. It speaks English throughout, as scripts that read it expect."""
        try:
            result = services.import_ledger(
                company_code=options["company"],
                path=options["file"],
                mapping=parse_mapping(mapping_text(options["mapping"])),
                as_of=options["as_of"],
                dry_run=options["dry_run"],
                by=None,
                at=timezone.now(),
            )
        except LedgerRefused as refusal:
            raise CommandError("\n".join(_error_lines(refusal.lines))) from refusal
        except Unreadable as refusal:
            raise CommandError(str(LineError(refusal.line, str(refusal)))) from refusal
        except Refusal as refusal:
            details = [str(message) for messages in refusal.errors.values() for message in messages]
            raise CommandError("\n".join([str(refusal), *details])) from refusal
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        if not result.dry_run:
            for work_id in result.follow_up:
                work.run(work_id)
        for line in _report(result):
            self.stdout.write(line)


def _error_lines(errors: tuple[LineError, ...]) -> Iterator[str]:
    yield from (str(error) for error in errors[:_SHOWN])
    if len(errors) > _SHOWN:
        yield f"… and {len(errors) - _SHOWN} more"
    yield "Nothing was booked."


def _report(result: LedgerResult) -> Iterator[str]:
    verb = "would be booked" if result.dry_run else "booked"
    yield f"{result.company_code}, book as of {result.as_of:%Y-%m-%d}"
    yield f"lines read: {result.lines_read}"
    yield (
        f"{verb}: {result.new_clients} clients, {result.new_invoices} invoices, {result.settlements} settlements"
    )
    for book in result.book:
        yield from _totals(book)
    for currency, difference in result.differences.items():
        read, booked = result.read.get(currency, 0), result.booked.get(currency, 0)
        yield f"control: read {read} = booked {booked}, difference {difference:.2f} {currency}"
    if not result.differences:
        yield "control: read 0.00 = booked 0.00, difference 0.00"


def _totals(book: BookTotals) -> Iterator[str]:
    buckets = ", ".join(f"{_bucket(name)} {amount}" for name, amount in book.overdue)
    yield f"clients: {book.clients}"
    yield f"invoices: {book.invoices}"
    yield f"invoiced: {book.invoiced} {book.currency}"
    yield f"open items: {book.open_items}"
    yield f"open: {book.open} {book.currency}"
    yield f"overdue: {book.overdue_total} {book.currency} ({buckets})"
    yield f"disputed and open: {book.disputed} {book.currency}"


def _bucket(name: str) -> str:
    """``d1_30`` as ``1-30 days``, ``d121_plus`` as ``over 120 days``."""
    low, _underscore, high = name.removeprefix("d").partition("_")
    return f"over {int(low) - 1} days" if high == "plus" else f"{low}-{high} days"
