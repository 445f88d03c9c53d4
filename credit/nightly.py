"""The nightly run (design 3.14): account ranges, then entities and groups, then the proofs, as work rows.

Scorecards follow once it is finished (``scorecard.nightly``).

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

from accounts.models import Company, CustomerAccount, CustomerGroup, LegalEntity
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.whole_tables import without_nested_loops

from . import standing
from .enums import Level
from .keys import Keys
from .models import CreditStanding, NightlyRun
from .scorecard import nightly as scores
from .snapshots import make_months_ahead

# A range is planned once and computed at once: planning a statement costs as much as computing some hundred accounts.
RANGE = 5000
ACCOUNTS, LEVELS, PROOFS = "credit.nightly_accounts", "credit.nightly_levels", "credit.nightly_proofs"


def begin(*, at: datetime, day: date | None = None, company: Company | None = None) -> NightlyRun:
    """Write the run and its first phase; workers do the rest, or ``work.drain``."""
    make_months_ahead(day or paris_date(at))
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
    found = standing.refresh_range(keys, at=timezone.now(), day=run.day, company_id=run.company_id)
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
    """Work handler: entities and groups, then what is left of their limits for each account."""
    del work
    run = NightlyRun.objects.select_related("company").get(pk=run_id)
    accounts, at = _accounts(run.company), timezone.now()
    entities = _keys(LegalEntity.objects.filter(accounts__in=accounts))
    groups = _keys(CustomerGroup.objects.filter(entities__accounts__in=accounts))
    changed = 0
    # A new book has no statistics on its first night: a look-up for each row would then read everything each time.
    with without_nested_loops():
        for level, targets in ((Level.ENTITY, entities), (Level.GROUP, groups)):
            for keys in _ranges(targets):
                changed += standing.refresh_level(level, keys, at=at, day=run.day)
        for keys in _ranges(entities):
            standing.store_least(keys, at=at, day=run.day)
    work_table.add(PROOFS, f"{run_id}", {"run_id": run_id})
    day, company = run.day.isoformat(), run.company_id
    work_table.emit("nightly.levels", f"{run_id}", {"run_id": run_id, "day": day, "company_id": company})
    return {"levels_changed": changed}


def run_proofs(*, work: Any, run_id: int) -> dict[str, int]:
    """Work handler: the proof of the book; a difference is told, with its documents, and never repaired."""
    del work
    run = NightlyRun.objects.select_related("company").get(pk=run_id)
    run.differences = [
        row for path in settings.BOOK_PROOFS for row in import_string(path)(company=run.company, day=run.day)
    ]
    run.finished_at = timezone.now()
    run.save(update_fields=["differences", "finished_at"])
    # Cards wait for nothing here, and nothing waits for them.
    scores.begin(run, _spans(_accounts(run.company)))
    if run.differences:
        work_table.emit("nightly.differences", f"{run_id}", {"run_id": run_id})
    return {"differences": len(run.differences)}


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
            for work_id in _waiting(run):
                work_table.run(work_id)
            return run
        time.sleep(0.1)
    return run


def last_run() -> NightlyRun | None:
    """The last finished run."""
    return NightlyRun.objects.exclude(finished_at=None).order_by("-finished_at").first()


def _waiting(run: NightlyRun) -> list[int]:
    rows = work_table.Work.objects.filter(
        kind__in=[ACCOUNTS, LEVELS, PROOFS, scores.KIND], payload__run_id=run.pk, state="queued"
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _accounts(company: Company | None) -> QuerySet[CustomerAccount]:
    accounts = CustomerAccount.objects.order_by("pk")
    return accounts if company is None else accounts.filter(company=company)


def _spans(accounts: QuerySet[CustomerAccount]) -> Iterator[tuple[int, int]]:
    for part in _parts(list(accounts.values_list("pk", flat=True))):
        yield part[0], part[-1]


def _keys(rows: QuerySet[Any]) -> list[int]:
    return list(rows.order_by("pk").distinct().values_list("pk", flat=True))


def _parts(keys: list[int]) -> Iterator[list[int]]:
    for position in range(0, len(keys), RANGE):
        yield keys[position : position + RANGE]


def _ranges(keys: list[int]) -> Iterator[Keys]:
    for part in _parts(keys):
        yield Keys.ranged(part)


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
