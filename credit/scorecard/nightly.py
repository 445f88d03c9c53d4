"""Cards every night, once the figures and their proof are done: in ranges of clients, as work rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import CustomerAccount
from credit.keys import Keys
from credit.models import NightlyRun
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date

from .services import end_overrides_of, refresh_cards

KIND: Final = "credit.nightly_scores"
FOLLOW: Final = "credit.follow_class"

# Clients whose company follows the score, in another class than it says, and of which nobody decided otherwise.
_BEHIND: Final = """
    SELECT a.id FROM accounts_customeraccount a
    JOIN accounts_company c ON c.id = a.company_id AND c.class_follows_score
    CROSS JOIN LATERAL (
        SELECT risk_class FROM credit_scorecard WHERE account_id = a.id ORDER BY id DESC LIMIT 1
    ) s
    WHERE a.id {among} AND s.risk_class <> '' AND s.risk_class <> a.risk_class AND NOT EXISTS (
        SELECT FROM credit_classoverride o WHERE o.account_id = a.id AND o.status = 'approved'
    )
"""


def begin(run: NightlyRun, spans: Iterable[tuple[int, int]]) -> None:
    """Ask for the cards of a run's clients, and for the end of what was set by decision and has run out.

    A run of a day to come rates nobody: what will be known then is not known.
    """
    if run.day > paris_date(timezone.now()):
        return
    end_overrides_of(day=run.day)
    for first, last in spans:
        work_table.add(KIND, f"{run.pk}:{first}", {"run_id": run.pk, "first": first, "last": last})


def run_range(*, work: Any, run_id: int, first: int, last: int) -> dict[str, int]:
    """Work handler: the cards of one range, and the classes that follow from them."""
    del work
    run = NightlyRun.objects.get(pk=run_id)
    clients = CustomerAccount.objects.filter(pk__gte=first, pk__lte=last).order_by("pk")
    if run.company_id is not None:
        clients = clients.filter(company=run.company_id)
    keys = list(clients.values_list("pk", flat=True))
    with transaction.atomic():
        made = refresh_cards(keys, at=timezone.now(), day=run.day)
        behind = _behind(keys)
        work_table.add_many(FOLLOW, {str(key): {"account_id": key} for key in behind})
    return {"cards": made, "classes": len(behind)}


def _behind(keys: list[int]) -> list[int]:
    if not keys:
        return []
    among = Keys.listed(keys)
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND.format(among=among.among), among.params)
        return [row[0] for row in cursor.fetchall()]
