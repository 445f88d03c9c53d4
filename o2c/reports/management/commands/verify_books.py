"""Prove the books from their documents."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Company, CustomerAccount
from invoicing.models import ReceivableItem
from o2c.reports.proofs import differences, waiting_accounts
from o2c.shared import sealing
from o2c.shared.calendar import paris_date


class Command(BaseCommand):
    """``verify_books [--company CODE] [--head NUMBER:HASH …]``: lists differences, exit 1 if there is any."""

    help = (
        "Recompute open amounts, exposures, standings and snapshots from the documents, and the seals of the"
        " journal, and list what differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is verified."""
        parser.add_argument("--company", metavar="CODE", help="one company; all when left out")
        parser.add_argument(
            "--head",
            metavar="NUMBER:HASH",
            action="append",
            default=[],
            help="head of a journal seal that was kept outside; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line per difference and close with the count."""
        kept = dict(_head(text) for text in options["head"])
        company = None
        if options["company"]:
            company = Company.objects.filter(code=options["company"]).first()
            if company is None:
                raise CommandError(f"There is no company {options['company']}.")
        mine = {} if company is None else {"company": company}
        count = 0
        for difference in differences(today=paris_date(timezone.now()), company=company):
            count += 1
            self.stdout.write(str(difference))
        for fault in sealing.faults(at=timezone.now(), kept=kept):
            count += not fault.is_warning
            self.stdout.write(f"warning: {fault}" if fault.is_warning else str(fault))
        waiting = len(waiting_accounts())
        if waiting:
            self.stdout.write(f"{waiting} accounts wait for fresh figures and were left out of the standings")
        items = ReceivableItem.objects.filter(**mine).count()
        accounts = CustomerAccount.objects.filter(**mine).count()
        self.stdout.write(f"books verified: {items} items, {accounts} accounts, {count} differences")
        if count:
            raise SystemExit(1)


def _head(text: str) -> tuple[int, str]:
    number, _colon, head = text.partition(":")
    if not number.isdecimal() or len(head) != 64:
        raise CommandError(f"--head {text}: write the number of a seal, a colon, and its 64 figures.")
    return int(number), head
