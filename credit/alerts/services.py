"""Alerts raised, renewed, gone by themselves, taken over and answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.enums import TeamRole
from accounts.models import CustomerAccount, User
from o2c.shared import audit
from o2c.shared import work as work_table
from o2c.shared.audit import plain
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, NotAllowed, NotFound

from ..enums import AlertKind, AlertOutcome, AlertStatus
from ..legal_policy import OPENING
from ..models import CreditAlert
from .facts import alerts_found, owners_of
from .policy import Alert
from .queries import alerts_visible

RIGHT: Final = "accounts.watch"
LOOK: Final = "credit.alerts"
RANGE: Final = 5000
# The rep can make a client pay before its orders stop, and answers for what displeases it; all else is for whoever
# keeps its credit.
_OWNER: Final = {AlertKind.BLOCK_AHEAD: TeamRole.SALES_REP, AlertKind.DISPLEASED: TeamRole.SALES_REP}


class AlertEnded(Conflict):
    code = "alert_ended"
    message = _("This alert was answered already, or is gone.")


def look_at_all(*, work: Any, run_id: int, day: str, company_id: int | None) -> dict[str, int]:
    """Work handler: ask for the look at every client after the nightly figures, by ranges."""
    del work
    accounts = CustomerAccount.objects.order_by("pk")
    if company_id is not None:
        accounts = accounts.filter(company=company_id)
    keys = list(accounts.values_list("pk", flat=True))
    ranges = [keys[start : start + RANGE] for start in range(0, len(keys), RANGE)]
    work_table.add_many(LOOK, {f"{run_id}:{keys[0]}": {"account_ids": keys, "day": day} for keys in ranges})
    return {"ranges": len(ranges)}


def look_at_range(*, work: Any, account_ids: Sequence[int], day: str) -> dict[str, int]:
    """Work handler: raise, renew and end the alerts of some clients as of a day."""
    del work
    return look(account_ids, on=date.fromisoformat(day), at=timezone.now())


def look_again(account_ids: Sequence[int], *, at: datetime) -> None:
    """Look afresh at those of some clients who have open alerts, after what may have ended them; and at those in
    insolvency proceedings, whose money may be for what is frozen."""
    alerted = CreditAlert.objects.filter(account__in=account_ids, status=AlertStatus.OPEN)
    frozen = CustomerAccount.objects.filter(pk__in=account_ids, entity__legal_notices__kind__in=OPENING)
    keys = sorted(set(alerted.values_list("account", flat=True)) | set(frozen.values_list("pk", flat=True)))
    if keys:
        look(keys, on=paris_date(at), at=at)


def look_at(*, work: Any, account_ids: Sequence[int]) -> dict[str, int]:
    """Work handler: look at some clients now, after what somebody must be told of at once."""
    at = work.started_at or timezone.now()
    return look(account_ids, on=paris_date(at), at=at)


@transaction.atomic
def look(account_ids: Sequence[int], *, on: date, at: datetime) -> dict[str, int]:
    """Make the alerts of some clients say what is found about them; those raised anew are told to their owners.

    :returns: how many were ``raised``, ``renewed`` and are ``gone``
    """
    found = {
        (key, alert.kind, alert.key): alert
        for key, alerts in alerts_found(account_ids, on).items()
        for alert in alerts
    }
    standing = {
        (row.account_id, AlertKind(row.kind), row.key): row
        for row in _found_of(account_ids).select_for_update(no_key=True).order_by("pk")
    }
    gone = [row.pk for which, row in standing.items() if which not in found]
    CreditAlert.objects.filter(pk__in=gone).update(
        is_found=False,
        ended_at=Case(When(status=AlertStatus.OPEN, then=Value(at)), default=F("ended_at")),
        status=Case(When(status=AlertStatus.OPEN, then=Value(AlertStatus.PASSED.value)), default=F("status")),
    )
    renewed = []
    for which, row in standing.items():
        alert = found.get(which)
        figures = plain(alert.figures) if alert else None
        if alert and row.status == AlertStatus.OPEN and (row.figures, row.due_on) != (figures, alert.until):
            # Another night does not put the answer off: only a day that comes nearer moves it.
            row.figures, row.due_on = figures, min(row.due_on, alert.until)
            renewed.append(row)
    CreditAlert.objects.bulk_update(renewed, ["figures", "due_on"], batch_size=500)
    raised = _raise({which: alert for which, alert in found.items() if which not in standing}, on=on, at=at)
    return {"raised": len(raised), "renewed": len(renewed), "gone": len(gone)}


def _raise(
    found: dict[tuple[int, AlertKind, str], Alert], *, on: date, at: datetime
) -> Sequence[CreditAlert]:
    if not found:
        return ()
    accounts = sorted({account for account, _kind, _key in found})
    owners = owners_of(accounts, on)
    CreditAlert.objects.bulk_create(
        [
            CreditAlert(
                account_id=account,
                kind=kind,
                key=key,
                figures=plain(alert.figures),
                raised_at=at,
                due_on=alert.until,
                owner_id=owners.get((account, _OWNER.get(kind, TeamRole.CREDIT))),
            )
            for (account, kind, key), alert in found.items()
        ],
        batch_size=1000,
        # Somebody who looked at the same moment was faster: theirs stands.
        ignore_conflicts=True,
    )
    raised = list(_found_of(accounts).filter(raised_at=at).select_related("account"))
    audit.record_many(
        [
            audit.event(
                "alert.raised",
                row,
                by=None,
                at=at,
                label=row.account.code,
                company_id=row.account.company_id,
                account_id=row.account_id,
                after={"kind": row.kind, **row.figures},
            )
            for row in raised
        ]
    )
    told = [row.pk for row in raised if row.owner_id]
    if told:
        work_table.emit("alerts.raised", f"{told[0]}-{told[-1]}", {"alert_ids": told})
    return raised


@transaction.atomic
def take(*, alert_id: int, by: User, at: datetime) -> CreditAlert:
    """Make an alert one's own.

    :raises NotFound: there is none this user may see
    :raises NotAllowed: without the right to watch clients
    :raises AlertEnded: it was answered, or is gone
    """
    alert = _locked(alert_id, by)
    if not by.may(RIGHT, alert.account.company_id):
        raise NotAllowed
    if alert.owner_id == by.pk:
        return alert
    before, alert.owner = alert.owner, by
    alert.save(update_fields=["owner"])
    _record("alert.taken", alert, by, at, before={"owner": before}, after={"owner": by})
    return alert


@transaction.atomic
def answer(*, alert_id: int, outcome: AlertOutcome, comment: str, by: User, at: datetime) -> CreditAlert:
    """Say what was done about an alert; while it is found it is not raised again.

    The same answer again changes nothing.

    :raises NotFound: there is none this user may see
    :raises NotAllowed: somebody else's, without the right to watch clients
    :raises AlertEnded: it was answered otherwise, or is gone
    """
    alert = _locked(alert_id, by, ended_as=(outcome, comment, by.pk))
    if alert.owner_id != by.pk and not by.may(RIGHT, alert.account.company_id):
        raise NotAllowed
    if alert.status == AlertStatus.ANSWERED:
        return alert
    alert.status, alert.outcome, alert.comment = AlertStatus.ANSWERED, outcome, comment
    alert.ended_at, alert.ended_by = at, by
    alert.save(update_fields=["status", "outcome", "comment", "ended_at", "ended_by"])
    _record("alert.answered", alert, by, at, after={"outcome": outcome.value}, reason=comment)
    return alert


def _locked(alert_id: int, by: User, *, ended_as: tuple[Any, ...] | None = None) -> CreditAlert:
    seen = alerts_visible(by).filter(pk=alert_id).values("pk")
    alert = (
        CreditAlert.objects.filter(pk__in=seen)
        .select_for_update(of=("self",), no_key=True)
        .select_related("account", "owner")
        .first()
    )
    if alert is None:
        raise NotFound
    same = (alert.outcome, alert.comment, alert.ended_by_id) == ended_as
    if alert.status != AlertStatus.OPEN and not same:
        raise AlertEnded
    return alert


def _record(action: str, alert: CreditAlert, by: User, at: datetime, **changes: Any) -> None:
    audit.record(action, alert, by=by, at=at, label=alert.account.code, **changes)


def _found_of(account_ids: Sequence[int]) -> QuerySet[CreditAlert]:
    return CreditAlert.objects.filter(account__in=account_ids, is_found=True)
