"""Write a report into a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Company
from invoicing.accounting import fec
from invoicing.ageing import EDGES, Basis
from o2c.reports.catalogue import REPORTS, Asked, read, sheet_of
from o2c.reports.files import FORMATS, written
from o2c.reports.scope import Selection
from o2c.reports.words import described
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Refusal

TO_COME = ("dso", "cash-forecast")
FEC = "fec"


class Command(BaseCommand):
    """``export_report aged-balance --company CODE --format csv --output FILE``."""

    help = "Write a report of one company into a file (CSV and XLSX in the French format, JSON, PDF; fec as TXT)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is written, for whom, as of which day."""
        parser.add_argument("report", choices=[*REPORTS, FEC, *TO_COME])
        parser.add_argument("--company", required=True, metavar="CODE")
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="DATE", help="today when left out")
        parser.add_argument("--format", required=True, choices=[*FORMATS, "txt"])
        parser.add_argument("--output", required=True, type=Path, metavar="FILE")
        parser.add_argument("--by", choices=[basis.value for basis in Basis], default=Basis.DUE_DATE.value)
        parser.add_argument(
            "--buckets", default=",".join(map(str, EDGES)), help="last day of each, as 30,60,90"
        )
        parser.add_argument("--account", metavar="CODE")
        parser.add_argument("--sales-rep", metavar="USERNAME")
        parser.add_argument("--siren", metavar="SIREN")
        parser.add_argument("--group", metavar="CODE")
        parser.add_argument("--language", default=settings.LANGUAGE_CODE, choices=["fr", "en"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the report and write it; a file that is there already is replaced only by a whole new one."""
        if options["report"] in TO_COME:
            known = ", ".join([*REPORTS, FEC])
            raise CommandError(f"The report {options['report']} is not available yet; {known} are.")
        formats = ("txt",) if options["report"] == FEC else FORMATS
        if options["format"] not in formats:
            raise CommandError(
                f"{options['report']} is written as {', '.join(formats)}, not as {options['format']}."
            )
        company = Company.objects.filter(code=options["company"]).first()
        if company is None:
            raise CommandError(f"There is no company {options['company']}.")
        target: Path = options["output"]
        unfinished = target.with_name(f"{target.name}.part")
        try:
            pieces, words = (_entries if options["report"] == FEC else _report)(company, options)
            with unfinished.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
            unfinished.replace(target)
        except Refusal as refusal:
            unfinished.unlink(missing_ok=True)
            raise CommandError(_told(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{words} → {target}")


def _entries(company: Company, options: dict[str, Any]) -> tuple[Iterator[bytes], str]:
    """The entries of a year up to a day."""
    until = options["as_of"] or paris_date(timezone.now())
    first = until.replace(month=1, day=1)
    return fec.written(company, first=first, until=until), f"fec {company.code} {first} – {until}"


def _report(company: Company, options: dict[str, Any]) -> tuple[Iterator[bytes], str]:
    now = timezone.now()
    asked = Asked(
        report=options["report"],
        as_of=options["as_of"] or paris_date(now),
        selection=Selection(**{name: options[name] or "" for name in Selection.__dataclass_fields__}),
        by=options["by"],
        edges=_edges(options["buckets"]),
    )
    report = read(asked, user=None, company=company, at=now)
    return written(sheet_of(report), options["format"], language=options["language"]), described(report)


def _edges(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(edge) for edge in text.split(","))
    except ValueError as error:
        raise CommandError(f"Buckets are days such as 30,60,90, not {text}.") from error


def _told(refusal: Refusal) -> str:
    """What cannot be done and, where it is one of the options, which."""
    fields = [f"{name}: {' '.join(map(str, said))}" for name, said in refusal.errors.items()]
    return " ".join([str(refusal), *fields])
