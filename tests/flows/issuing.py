"""A process of its own that issues invoices on the one series, until it is done or killed: see ``test_numbering``."""

from __future__ import annotations

import sys
from datetime import timedelta

import django

from tests import clock


def issue(username: str, count: int, number: int) -> None:
    """Issue so many invoices; every third asks for yesterday first, and takes today where that is too late."""
    from django.utils import timezone

    from accounts.models import CustomerAccount, User
    from invoicing import services
    from invoicing.services.documents import IssueDateBeforeLast
    from o2c.shared.calendar import paris_date
    from tests.factories.invoicing import line

    by = User.objects.get(username=username)
    clients = list(CustomerAccount.objects.order_by("pk"))
    for turn in range(count):
        at = timezone.now()
        today = paris_date(at)
        days = (today - timedelta(days=1), today) if (turn + number) % 3 == 0 else (today,)
        for day in days:
            try:
                services.record_invoice(
                    company=clients[0].company,
                    account=clients[(turn + number) % len(clients)],
                    issue_date=day,
                    lines=[line("2", f"{turn + 1}.15")],
                    origin="issued",
                    by=by,
                    at=at,
                )
            except IssueDateBeforeLast:
                continue
            break


if __name__ == "__main__":
    clock.steady()
    django.setup()
    issue(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
