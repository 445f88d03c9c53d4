"""Acts of the committee: plan a sitting, note who is there, decide case by case, validate the minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from disputes import committee_policy as rules
from disputes import policy
from disputes.committee_models import Attendance, Committee, CommitteeDecision, CommitteeMember
from disputes.enums import CommitteeState, Department, DisputeOutcome, DisputeStatus
from disputes.minutes import minutes_pdf
from disputes.models import Dispute
from o2c.shared import audit, formats, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotFound

from .ending import resolve
from .shared import lock_dispute, note, require, store

RIGHT = "disputes.committee"
STARTS = time(10)


class AlreadyPlanned(Conflict):
    code = "already_planned"
    message = _("A sitting is planned for this day already.")


def plan(*, company: Company, held_on: date, starts_at: time = STARTS, by: User, at: datetime) -> Committee:
    """Plan a sitting.

    :raises AlreadyPlanned: there is one that day
    :raises Invalid: a day that is past
    """
    require(by, RIGHT, company.pk)
    if held_on < paris_date(at):
        raise Invalid(errors={"held_on": [_("A sitting is planned for a day to come.")]})
    try:
        with transaction.atomic():
            made = Committee.objects.create(
                company=company, held_on=held_on, starts_at=starts_at, planned_by=by
            )
            _record("committee.planned", made, by=by, at=at)
    except IntegrityError as error:
        if "one_committee_a_day" in str(error):
            raise AlreadyPlanned from error
        raise
    return made


def plan_calendar(
    *,
    company: Company,
    held_on: date,
    starts_at: time = STARTS,
    rhythm: rules.Rhythm = rules.Rhythm.ONCE,
    until: date | None = None,
    by: User,
    at: datetime,
) -> list[Committee]:
    """Plan the sittings of a calendar; days on which one is planned already keep it.

    :raises AlreadyPlanned: each of its days has one
    :raises Invalid: a first day that is past, no last day, or one more than a year ahead
    """
    days = rules.sitting_days(held_on, rhythm, until)
    with transaction.atomic():
        taken = set(
            Committee.objects.filter(company=company, held_on__in=days).values_list("held_on", flat=True)
        )
        free = [day for day in days if day not in taken]
        if not free:
            raise AlreadyPlanned
        return [plan(company=company, held_on=day, starts_at=starts_at, by=by, at=at) for day in free]


def set_members(
    *, company: Company, members: Sequence[tuple[User, Department]], chair: User, by: User, at: datetime
) -> None:
    """Say who sits in the committee from today on; those left out leave it.

    :raises Invalid: too few for a quorum, or the chair is none of them
    """
    require(by, RIGHT, company.pk)
    today = paris_date(at)
    if not rules.has_quorum([department for _user, department in members]):
        raise Invalid(errors={"members": [rules.NoQuorum.message]})
    if chair not in [user for user, _department in members]:
        raise Invalid(errors={"chair": [_("The chair is a member.")]})
    with transaction.atomic():
        CommitteeMember.objects.filter(company=company, until=None).update(until=today)
        CommitteeMember.objects.bulk_create(
            CommitteeMember(
                company=company, user=user, department=department, is_chair=user == chair, since=today
            )
            for user, department in members
        )
        audit.record(
            "committee.members_set",
            company,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            after={"members": [user.username for user, _department in members], "chair": chair.username},
        )


@retrying
def attend(*, committee_id: int, present: Collection[int], by: User, at: datetime) -> Committee:
    """Note who of the members is there; the sitting is open from then on.

    :raises MinutesValidated: it is closed
    :raises Invalid: somebody is no member
    """
    with transaction.atomic():
        held = _locked(committee_id, by)
        members = {
            row.user_id: row.department
            for row in CommitteeMember.objects.filter(company=held.company, until=None)
        }
        if unknown := set(present) - set(members):
            raise Invalid(errors={"present": [_("%(n)s of them sit in no committee.") % {"n": len(unknown)}]})
        Attendance.objects.filter(committee=held).delete()
        Attendance.objects.bulk_create(
            Attendance(committee=held, user_id=key, department=members[key]) for key in sorted(present)
        )
        if held.state == CommitteeState.PLANNED:
            held.state, held.opened_at = CommitteeState.OPEN, at
            held.save(update_fields=["state", "opened_at"])
        _record("committee.attended", held, by=by, at=at, after={"present": len(present)})
    return held


@retrying
def decide(
    *,
    committee_id: int,
    dispute_id: int,
    decision: str,
    owner: User,
    agreed_resolution_on: date,
    action: str = "",
    due_on: date | None = None,
    outcome: DisputeOutcome | None = None,
    outcome_amount: Decimal | None = None,
    root_cause: str = "",
    accepted_by: Collection[str] = (),
    objection: str = "",
    version: int | None = None,
    by: User,
    at: datetime,
) -> CommitteeDecision:
    """Decide a case: owner, action and the date from now on; with outcome and root cause it is carried out at once.

    :raises NoQuorum: too few are there, or finance or sales is missing
    :raises OwnCase: whoever decides owns the case
    :raises DecidedHere: this sitting has decided it
    :raises MinutesValidated: the sitting is closed
    """
    today = paris_date(at)
    with transaction.atomic():
        held = _open(committee_id, by)
        dispute = _case(held, dispute_id, by, version)
        if not decision.strip():
            raise Invalid(errors={"decision": [_("Say what is decided.")]})
        if not owner.may("disputes.work", held.company_id):
            raise Invalid(
                errors={"owner": [_("%(who)s does not work on disputes there.") % {"who": owner.label()}]}
            )
        rules.check_agreed(agreed_resolution_on, today)
        there = set(held.attendances.values_list("department", flat=True))
        made = CommitteeDecision.objects.create(
            committee=held,
            dispute=dispute,
            outcome=outcome or "",
            outcome_amount=outcome_amount,
            decision=decision.strip(),
            owner=owner,
            action=action.strip(),
            due_on=due_on or agreed_resolution_on,
            former_due_on=dispute.agreed_due_on,
            agreed_resolution_on=agreed_resolution_on,
            accepted_by=sorted(set(accepted_by) & there),
            objection=objection.strip(),
            dispute_owner=dispute.owner,
            decided_by=by,
            decided_at=at,
        )
        _take_up(dispute, made, by=by, at=at)
        if outcome is not None and root_cause:
            resolve(
                dispute_id=dispute.pk,
                outcome=outcome,
                amount=outcome_amount,
                reason=decision,
                root_cause=root_cause,
                by=by,
                at=at,
            )
    return made


@retrying
def postpone(
    *, committee_id: int, dispute_id: int, reason: str = "", by: User, at: datetime
) -> CommitteeDecision:
    """Put a case off to the next sitting; its date stays."""
    with transaction.atomic():
        held = _open(committee_id, by)
        dispute = _case(held, dispute_id, by, None)
        made = CommitteeDecision.objects.create(
            committee=held,
            dispute=dispute,
            postponed=True,
            decision=reason.strip(),
            former_due_on=dispute.agreed_due_on,
            dispute_owner=dispute.owner,
            decided_by=by,
            decided_at=at,
        )
        store(dispute, by=by)
        note(dispute, "dispute.postponed", by=by, at=at, text=reason.strip())
    return made


@retrying
def close(*, committee_id: int, by: User, at: datetime) -> Committee:
    """Validate the minutes: written as they will stay, and sent to those who were there.

    :raises NoQuorum: nothing could be decided
    :raises MinutesValidated: they are validated already
    """
    with transaction.atomic():
        held = _open(committee_id, by)
        content = minutes_pdf(held, at)
        held.state, held.closed_by, held.closed_at = CommitteeState.CLOSED, by, at
        held.sha256 = hashlib.sha256(content).hexdigest()
        held.minutes.save(f"{held.sha256[:32]}.pdf", ContentFile(content), save=False)
        held.save(update_fields=["state", "closed_by", "closed_at", "sha256", "minutes"])
        _record("committee.closed", held, by=by, at=at, after={"sha256": held.sha256})
        work.emit("committee.closed", f"{held.pk}", {"committee_id": held.pk})
    return held


def _locked(committee_id: int, by: User) -> Committee:
    """The sitting under its lock.

    :raises NotFound: none of a company this person works in
    :raises MinutesValidated: closed
    """
    rows = Committee.objects.select_for_update(of=("self",), no_key=True).select_related("company")
    held = rows.filter(pk=committee_id).first()
    allowed = by.company_ids()
    if held is None or (allowed is not None and held.company_id not in allowed):
        raise NotFound(code="committee_not_found")
    require(by, RIGHT, held.company_id)
    if held.state == CommitteeState.CLOSED:
        raise rules.MinutesValidated
    return held


def _open(committee_id: int, by: User) -> Committee:
    held = _locked(committee_id, by)
    if held.state != CommitteeState.OPEN:
        raise rules.NoQuorum
    rules.check_quorum([Department(each) for each in held.attendances.values_list("department", flat=True)])
    return held


def _case(held: Committee, dispute_id: int, by: User, version: int | None) -> Dispute:
    """The case before the sitting, locked."""
    dispute = lock_dispute(dispute_id, by=by, version=version)
    if dispute.company_id != held.company_id:
        raise NotFound(code="dispute_not_found")
    if dispute.owner_id == by.pk:
        raise rules.OwnCase
    if dispute.status not in policy.UNDECIDED:
        raise policy.WrongState
    if held.decisions.filter(dispute=dispute).exists():
        raise rules.DecidedHere
    return dispute


def _take_up(dispute: Dispute, made: CommitteeDecision, *, by: User, at: datetime) -> None:
    """The case as decided: its owner, its date, and a proposal that waits for nobody but its carrying out."""
    assert made.owner is not None
    assert made.agreed_resolution_on is not None
    dispute.owner, dispute.agreed_due_on, dispute.accepted_at = made.owner, made.agreed_resolution_on, None
    dispute.proposal = made.decision
    if dispute.status == DisputeStatus.OPEN:
        dispute.status = DisputeStatus.QUALIFIED
    store(dispute, "owner", "agreed_due_on", "accepted_at", "proposal", by=by)
    said = _("%(decision)s %(owner)s, by %(day)s") % {
        "decision": made.decision,
        "owner": made.owner.label(),
        "day": formats.date_short(made.agreed_resolution_on),
    }
    note(
        dispute,
        "dispute.decided_by_committee",
        by=by,
        at=at,
        text=str(said),
        after={"owner": made.owner.username, "due": made.agreed_resolution_on, "outcome": made.outcome},
    )


def _record(
    action: str, held: Committee, *, by: User, at: datetime, after: dict[str, object] | None = None
) -> None:
    audit.record(
        action,
        held,
        by=by,
        at=at,
        label=formats.date_short(held.held_on),
        company_id=held.company_id,
        after={"held_on": held.held_on, **(after or {})},
    )
