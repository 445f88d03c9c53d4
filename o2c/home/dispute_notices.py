"""Telling people of disputes: the owner, sales administration, the client's rep; by reactions to the acts."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import RoleGrant, TeamMember
from accounts.queries import rep_of
from disputes.models import Committee, Dispute
from disputes.policy import COMMITTEE_AT_ONCE
from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.outbox_files import Attachment

from .notices import lowest_with, write

# Who is told when a date is ten days over (domain.md 7.2).
_DIRECTORS: Final = ("finance_director", "sales_manager")


def dispute_opened(*, work: Any, dispute_id: int, by_id: int | None) -> dict[str, int]:
    """Work handler: sales administration qualifies it, the rep should know, and the committee of a large one."""
    del work
    dispute = _of(dispute_id)
    told = _rep(dispute)
    if dispute.amount > COMMITTEE_AT_ONCE:
        told |= dict.fromkeys(_with("disputes.committee", dispute.company_id), False)
    return _tell("dispute.opened", dispute, told | dict.fromkeys(_adv(dispute), True), by_id)


def dispute_assigned(*, work: Any, dispute_id: int, by_id: int | None) -> dict[str, int]:
    """Work handler: the owner has something to answer by a day."""
    del work
    dispute = _of(dispute_id)
    told = {dispute.owner_id: True} if dispute.owner_id else dict.fromkeys(_adv(dispute), True)
    return _tell("dispute.assigned", dispute, told, by_id)


def dispute_proposed(*, work: Any, dispute_id: int, by_id: int | None) -> dict[str, int]:
    """Work handler: sales administration decides what the owner proposes."""
    del work
    dispute = _of(dispute_id)
    facts = {"reason": dispute.proposal}
    return _tell(
        "dispute.proposed", dispute, dict.fromkeys(_adv(dispute), True) | _rep(dispute), by_id, facts
    )


def dispute_closed(*, work: Any, dispute_id: int, by_id: int | None) -> dict[str, int]:
    """Work handler: whoever opened it, its owner and the rep hear how it ended."""
    del work
    dispute = _of(dispute_id)
    told = {key: False for key in (dispute.owner_id, dispute.opened_by_id) if key} | _rep(dispute)
    ended = dispute.get_outcome_display() or dispute.get_status_display()
    facts = {"reason": " · ".join(filter(None, (str(ended), dispute.outcome_reason)))}
    return _tell("dispute.closed", dispute, told, by_id, facts)


def dispute_due_soon(*, work: Any, dispute_id: int, agreed_on: str) -> dict[str, int]:
    """Work handler: the owner has two days left."""
    del work
    dispute = _of(dispute_id)
    return _tell("dispute.due_soon", dispute, {dispute.owner_id or 0: True}, None, key=agreed_on)


def dispute_breached(*, work: Any, dispute_id: int, agreed_on: str) -> dict[str, int]:
    """Work handler: the agreed date has passed; whoever holds the committee has it on the next agenda."""
    del work
    dispute = _of(dispute_id)
    told = dict.fromkeys(_with("disputes.committee", dispute.company_id), False) | {
        dispute.owner_id or 0: True
    }
    return _tell("dispute.breached", dispute, told, None, key=agreed_on)


def dispute_directors(*, work: Any, dispute_id: int, agreed_on: str) -> dict[str, int]:
    """Work handler: ten days over: the finance director and the head of sales."""
    del work
    dispute = _of(dispute_id)
    rows = RoleGrant.objects.filter(
        company=dispute.company_id, role__code__in=_DIRECTORS, user__is_active=True
    )
    told = dict.fromkeys(rows.values_list("user_id", flat=True), True)
    return _tell("dispute.directors", dispute, told, None, key=agreed_on)


def committee_closed(*, work: Any, committee_id: int) -> dict[str, int]:
    """Work handler: the minutes go to those who were there."""
    del work
    held = Committee.objects.select_related("company").get(pk=committee_id)
    told = dict.fromkeys(held.attendances.values_list("user_id", flat=True), True)
    return write(
        "committee.closed",
        f"committee:{held.pk}",
        {"day": formats.date_short(held.held_on), "reason": f"SHA-256 {held.sha256}"},
        held.get_absolute_url(),
        told,
        company_id=held.company_id,
        about=(held._meta.label_lower, held.pk),
        files=[Attachment(f"minutes-{held.held_on}.pdf", str(held.minutes.name), held.sha256)],
    )


def _with(permission: str, company_id: int) -> set[int]:
    rows = RoleGrant.objects.filter(
        company=company_id,
        role__permissions__contains=[permission],
        user__is_active=True,
        user__is_system=False,
    )
    return set(rows.values_list("user_id", flat=True))


def _of(dispute_id: int) -> Dispute:
    return Dispute.objects.select_related("account", "company").get(pk=dispute_id)


def _adv(dispute: Dispute) -> set[int]:
    today = paris_date(timezone.now())
    team = TeamMember.objects.filter(account=dispute.account, role=TeamRole.ADV, valid_from__lte=today)
    told = set(team.filter(Q(valid_to=None) | Q(valid_to__gt=today)).values_list("user_id", flat=True))
    return told or lowest_with("disputes.resolve", dispute.company_id, level=1, without=set())


def _rep(dispute: Dispute) -> dict[int, bool]:
    rep = rep_of(dispute.account, paris_date(timezone.now()))
    return {} if rep is None else {rep.pk: False}


def _tell(
    kind: str,
    dispute: Dispute,
    told: dict[int, bool],
    by_id: int | None,
    facts: dict[str, str] | None = None,
    *,
    key: str = "",
) -> dict[str, int]:
    told = {who: waits for who, waits in told.items() if who and who != by_id}
    return write(
        kind,
        f"dispute:{dispute.pk}:{key or dispute.version}",
        {
            "dispute": dispute.number,
            "account": dispute.account.code,
            "client": dispute.account.name,
            "amount": str(dispute.amount),
            "currency": dispute.currency,
            "reason": dispute.description,
        }
        | (facts or {}),
        reverse("disputes:detail", args=[dispute.number]),
        told,
        company_id=dispute.company_id,
        account_id=dispute.account_id,
        about=(Dispute._meta.label_lower, dispute.pk),
    )
