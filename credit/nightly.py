"""The nightly run (design 3.14): account ranges, then entities and groups, as work rows.

Each range computes, compares and stores in one transaction together with its mark *done*: a killed worker leaves
nothing half-done, and every account is computed exactly once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import Company, CustomerAccount, LegalEntity
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date

from . import standing
from .models import CreditStanding, NightlyRun

RANGE = 1000
ACCOUNTS, LEVELS = "credit.nightly_accounts", "credit.nightly_levels"


def begin(*, at: datetime, day: date | None = None, company: Company | None = None) -> NightlyRun:
    """Write the run and its first phase; workers do the rest, or ``work.drain``."""
    with transaction.atomic():
        accounts = _accounts(company)
        run = NightlyRun.objects.create(day=day or paris_date(at), company=company, started_at=at)
        spans = list(_spans(accounts))
        run.ranges = len(spans)
        run.save(update_fields=["ranges"])
        for first, last in spans:
            work_table.add(ACCOUNTS, f"{run.pk}:{first}", {"run_id": run.pk, "first": first, "last": last})
        if not spans:
            work_table.add(LEVELS, f"{run.pk}", {"run_id": run.pk})
        return run


def start(*, work: Any) -> dict[str, int]:
    """Work handler of the clock."""
    del work
    return {"run": begin(at=timezone.now()).pk}


def run_range(*, work: Any, run_id: int, first: int, last: int) -> dict[str, int]:
    """Work handler: compute and store one range of accounts; the last one starts the second phase."""
    del work
    run = NightlyRun.objects.select_related("company").get(pk=run_id)
    keys = list(_accounts(run.company).filter(pk__gte=first, pk__lte=last).values_list("pk", flat=True))
    found = standing.refresh(keys, at=timezone.now(), day=run.day)
    # Held or shaky clients' orders are looked at again: a new day may free or hold them.
    work_table.emit("nightly.accounts", f"{run_id}:{first}", {"account_ids": _to_examine(keys)})
    NightlyRun.objects.filter(pk=run_id).update(
        ranges_done=F("ranges_done") + 1,
        accounts=F("accounts") + len(keys),
        changed=F("changed") + found.changed,
    )
    if NightlyRun.objects.filter(pk=run_id, ranges_done=F("ranges")).exists():
        work_table.add(LEVELS, f"{run_id}", {"run_id": run_id})
    return {"accounts": len(keys), "changed": found.changed}


def run_levels(*, work: Any, run_id: int) -> dict[str, int]:
    """Work handler: entities and groups, then the proof of the book."""
    del work
    run = NightlyRun.objects.select_related("company").get(pk=run_id)
    entities = LegalEntity.objects.filter(accounts__in=_accounts(run.company)).order_by("pk").distinct()
    keys = list(entities.values_list("pk", flat=True))
    changed = 0
    for position in range(0, len(keys), RANGE):
        changed += standing.refresh_levels(keys[position : position + RANGE], at=timezone.now(), day=run.day)
    run.differences = [
        row for path in settings.BOOK_PROOFS for row in import_string(path)(company=run.company)
    ]
    run.finished_at = timezone.now()
    run.save(update_fields=["differences", "finished_at"])
    return {"levels_changed": changed, "differences": len(run.differences)}


def run_in_foreground(
    *, at: datetime, day: date | None = None, company: Company | None = None, patience: float = 3600
) -> NightlyRun:
    """Begin a run and stay until it is finished, working on it beside the workers.

    :param patience: seconds after which a run that others hold up is given up waiting for
    """
    run = begin(at=at, day=day, company=company)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for work_id in _waiting(run):
            work_table.run(work_id)
        run.refresh_from_db()
        if run.finished_at is not None:
            return run
        time.sleep(0.1)
    return run


def last_run() -> NightlyRun | None:
    """The last finished run."""
    return NightlyRun.objects.exclude(finished_at=None).order_by("-finished_at").first()


def _waiting(run: NightlyRun) -> list[int]:
    rows = work_table.Work.objects.filter(kind__in=[ACCOUNTS, LEVELS], payload__run_id=run.pk, state="queued")
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _accounts(company: Company | None) -> QuerySet[CustomerAccount]:
    accounts = CustomerAccount.objects.order_by("pk")
    return accounts if company is None else accounts.filter(company=company)


def _spans(accounts: QuerySet[CustomerAccount]) -> Iterator[tuple[int, int]]:
    keys = list(accounts.values_list("pk", flat=True))
    for position in range(0, len(keys), RANGE):
        part = keys[position : position + RANGE]
        yield part[0], part[-1]


def _to_examine(keys: list[int]) -> list[int]:
    """Accounts with something held, late, disputed or over their limit: only their orders can change state."""
    shaky = (
        Q(on_hold_orders__gt=0)
        | Q(overdue__gt=0)
        | Q(disputed__gt=0)
        | Q(available__lt=0)
        | Q(limit_kind__in=["none", "expired"])
    )
    rows = CreditStanding.objects.filter(shaky, level=3, target_id__in=keys)
    return list(rows.values_list("target_id", flat=True))
