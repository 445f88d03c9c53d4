"""What the commands that bring in files of one kind share: arguments, run, report."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from accounts.models import Company, User
from o2c.imports.ledger import LineError
from o2c.imports.mapping import mapping_text
from o2c.imports.operator import NAME, operator_of
from o2c.imports.reader import Unreadable
from o2c.imports.single import CompanyUnknown, LinesRefused, SingleResult, import_single
from o2c.shared.problems import Refusal

_SHOWN = 50


class SingleCommand(BaseCommand):
    """Enter a file of one kind, all or nothing, and print what was entered and the control line.

    :cvar kind: of ``o2c.imports.resources.KINDS``
    """

    kind: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the arguments."""
        parser.add_argument("file", type=Path, help="CSV or XLSX; the first line names the columns")
        parser.add_argument("--company", required=True, metavar="CODE")
        parser.add_argument(
            "--mapping", metavar="FILE", help="TOML; without one the columns are told by their names"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )
        parser.add_argument(
            "--user", metavar="NAME", help=f"in whose name; a system user “{NAME}” when left out"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command. It speaks English throughout, as scripts that read it expect."""
        try:
            result = import_single(
                kind=self.kind,
                company_code=options["company"],
                path=options["file"],
                mapping_text=mapping_text(options["mapping"]) if options["mapping"] else "",
                dry_run=options["dry_run"],
                keep_good_lines=False,
                by=_user(options["company"], options["user"]),
                at=timezone.now(),
            )
        except LinesRefused as refusal:
            raise CommandError("\n".join([*_error_lines(refusal.lines), "Nothing was entered."])) from refusal
        except Unreadable as refusal:
            raise CommandError(str(LineError(refusal.line, str(refusal)))) from refusal
        except Refusal as refusal:
            details = [str(message) for messages in refusal.errors.values() for message in messages]
            raise CommandError("\n".join([str(refusal), *details])) from refusal
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        if result.errors:
            raise CommandError("\n".join([*_error_lines(result.errors), "Nothing would be entered."]))
        for line in _report(result):
            self.stdout.write(line)


def _user(company_code: str, name: str | None) -> User:
    company = Company.objects.filter(code=company_code).first()
    if company is None:
        raise CompanyUnknown(company_code)
    if name is None:
        return operator_of(company, at=timezone.now())
    found = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(f"There is no user {name}.")
    return found


def _error_lines(errors: tuple[LineError, ...]) -> Iterator[str]:
    yield from (str(error) for error in errors[:_SHOWN])
    if len(errors) > _SHOWN:
        yield f"… and {len(errors) - _SHOWN} more"


def _report(result: SingleResult) -> Iterator[str]:
    verb = "would be entered" if result.dry_run else "entered"
    counts = {name: result.effects.get(name, 0) for name in ("created", "updated", "unchanged")}
    yield f"{result.company_code}, {result.kind}"
    yield f"lines read: {result.lines_read}"
    yield f"{verb}: {counts['created']} new, {counts['updated']} changed, {counts['unchanged']} unchanged"
    if unknown := result.effects.get("unknown"):
        yield f"about nobody we know, left out: {unknown}"
    for currency, amount in sorted(result.read.items()):
        booked = result.totals.get(currency, amount * 0)
        yield f"control: read {amount} = {verb} {booked}, difference {amount - booked:.2f} {currency}"
