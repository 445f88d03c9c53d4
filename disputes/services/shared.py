"""What the acts on disputes share: the locked case, its number, its history and journal, telling who reacts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from credit.locks import lock_credit
from disputes import policy
from disputes.enums import DisputeStatus, StepKind
from disputes.models import Dispute, DisputeSeries, DisputeStep
from disputes.queries import DisputeUnknown
from o2c.shared import audit, work
from o2c.shared.problems import Conflict, NotAllowed

OPEN, WORK, RESOLVE = "disputes.open", "disputes.work", "disputes.resolve"


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    message = _(
        "Somebody has changed this dispute meanwhile. What you typed is kept: look again, then send it."
    )


class NotTheOwner(NotAllowed):
    code = "not_the_owner"
    message = _("Only the owner of the dispute does this, or whoever decides disputes.")


def require(by: User | None, permission: str, company_id: int) -> None:
    """Refuse whoever lacks a permission in a company; the portal itself lacks none.

    :raises NotAllowed: no role there carries it
    """
    if by is not None and not by.may(permission, company_id):
        raise NotAllowed


def lock_dispute(dispute_id: int, *, by: User | None, version: int | None = None) -> Dispute:
    """Lock the client's credit, then the case, and return it as it stands under the lock.

    :param version: what the person had read; None not to ask
    :raises DisputeUnknown: no such case, or not this person's to see
    :raises ChangedMeanwhile: somebody changed it since, who is named
    """
    assert transaction.get_connection().in_atomic_block
    seen = Dispute.objects.filter(pk=dispute_id) if by is None else Dispute.objects.visible_to(by)
    found = seen.select_related("account__entity", "company").filter(pk=dispute_id).first()
    if found is None:
        raise DisputeUnknown
    lock_credit(found.account)
    locked = Dispute.objects.select_for_update(of=("self",), no_key=True).get(pk=dispute_id)
    locked.account, locked.company = found.account, found.company
    if version is not None and version != locked.version:
        who = locked.changed_by.label() if locked.changed_by else ""
        if who:
            raise ChangedMeanwhile(
                _(
                    "%(who)s has changed this dispute meanwhile. What you typed is kept: look again, then send it."
                )
                % {"who": who}
            )
        raise ChangedMeanwhile
    return locked


def require_hand(dispute: Dispute, by: User | None) -> None:
    """Refuse whoever neither owns the case nor decides disputes.

    :param by: None for whoever came through a link to this case

    :raises NotTheOwner: with who may
    """
    if by is None:
        return
    require(by, WORK, dispute.company_id)
    if dispute.owner_id != by.pk and not by.may(RESOLVE, dispute.company_id):
        raise NotTheOwner


def next_numbers(company: Company, year: int, count: int = 1) -> list[str]:
    """Take the next numbers of a company's series under its row's lock: ``LIT-2026-0071``."""
    rows = DisputeSeries.objects.select_for_update(of=("self",), no_key=True).filter(
        company=company, year=year
    )
    series = rows.first()
    if series is None:
        DisputeSeries.objects.bulk_create([DisputeSeries(company=company, year=year)], ignore_conflicts=True)
        series = rows.get()
    first = series.next_number
    series.next_number += count
    series.save(update_fields=["next_number"])
    return [f"LIT-{year}-{number:04d}" for number in range(first, first + count)]


def enter(dispute: Dispute, act: policy.Act) -> None:
    """Bring a locked case into the state that an act leads to, not stored yet.

    :raises WrongState: the act does not start from its present state
    """
    dispute.status = policy.next_status(act, DisputeStatus(dispute.status))


def store(dispute: Dispute, *fields: str, by: User | None) -> None:
    """Store a locked case with its next version."""
    dispute.version += 1
    dispute.changed_by = by
    dispute.save(update_fields=["status", "version", "changed_by", *fields])


def note(
    dispute: Dispute,
    action: str,
    *,
    by: User | None,
    at: datetime,
    text: str = "",
    kind: StepKind = StepKind.STATE,
    hours: Decimal | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write a line of the case's history and the event of the journal, and tell who reacts to it."""
    DisputeStep.objects.create(
        dispute=dispute,
        kind=kind,
        at=at,
        by=by,
        through="" if by else audit.request_facts.get().through,
        status=dispute.status,
        text=text,
        hours=hours,
    )
    audit.record(
        action,
        dispute,
        by=by,
        at=at,
        label=dispute.number,
        company_id=dispute.company_id,
        account_id=dispute.account_id,
        after={
            "status": dispute.status,
            "amount": dispute.amount,
            "currency": dispute.currency,
            **(after or {}),
        },
    )
    tell(dispute, action, by=by)


def tell(dispute: Dispute, action: str, *, by: User | None) -> None:
    """Ask that the people concerned are told of an act."""
    payload = {"dispute_id": dispute.pk, "by_id": by.pk if by else None}
    work.emit(action, f"{dispute.pk}:{dispute.version}", payload)
