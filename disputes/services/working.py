"""Working on a dispute: who answers by when, what the client was told, what is proposed, evidence."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from disputes import policy
from disputes.enums import Department, DisputeStatus, DisputeType, StepKind
from disputes.models import Dispute, DisputeEvidence
from disputes.policy import Act
from disputes.queries import rules_of
from o2c.shared import formats
from o2c.shared.files import ReceivedFile
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid

from .shared import OPEN, WORK, NotTheOwner, enter, lock_dispute, note, require, require_hand, store

MOST_EVIDENCE = 20
MOST_HOURS = 100


@retrying
def qualify(
    *,
    dispute_id: int,
    owner: User,
    agreed_due_on: date | None = None,
    department: Department | None = None,
    type: DisputeType | None = None,
    version: int | None = None,
    by: User,
    at: datetime,
) -> Dispute:
    """Say what a dispute is, who answers and by when; the clock runs from the opening.

    :param agreed_due_on: the type's days from the opening when left out; later only the committee changes it
    :raises WrongState: it is qualified already, or ended
    :raises Invalid: the owner does not work on disputes there, or the date is before the opening
    """
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require(by, WORK, dispute.company_id)
        _check_owner(dispute, owner)
        enter(dispute, Act.QUALIFY)
        dispute.type = type or dispute.type
        usual, days = rules_of(dispute.company_id)[DisputeType(dispute.type)]
        dispute.department = department or usual
        dispute.owner = owner
        dispute.agreed_due_on = agreed_due_on or policy.agreed_due(dispute.opened_on, days)
        if dispute.agreed_due_on < dispute.opened_on:
            raise Invalid(errors={"agreed_due_on": [_("The agreed date is before the opening.")]})
        store(dispute, "type", "department", "owner", "agreed_due_on", by=by)
        note(
            dispute,
            "dispute.qualified",
            by=by,
            at=at,
            text=str(
                _("%(owner)s, by %(day)s")
                % {"owner": owner.label(), "day": formats.date_short(dispute.agreed_due_on)}
            ),
            after={"owner": owner.username, "department": dispute.department, "due": dispute.agreed_due_on},
        )
    return dispute


@retrying
def assign(
    *,
    dispute_id: int,
    owner: User,
    department: Department | None = None,
    version: int | None = None,
    by: User,
    at: datetime,
) -> Dispute:
    """Give a case to somebody else; the agreed date stays. One not qualified yet is qualified by it."""
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        if Act.QUALIFY in policy.possible_acts(_status(dispute)):
            return qualify(dispute_id=dispute_id, owner=owner, department=department, by=by, at=at)
        require_hand(dispute, by)
        _check_owner(dispute, owner)
        enter(dispute, Act.ASSIGN)
        dispute.owner, dispute.accepted_at = owner, None
        dispute.department = department or dispute.department
        store(dispute, "owner", "accepted_at", "department", by=by)
        note(dispute, "dispute.assigned", by=by, at=at, text=owner.label(), after={"owner": owner.username})
    return dispute


@retrying
def change(
    *,
    dispute_id: int,
    description: str | None = None,
    is_urgent: bool | None = None,
    type: DisputeType | None = None,
    version: int | None = None,
    by: User,
    at: datetime,
) -> Dispute:
    """Correct what a case says of itself; its type only until it is qualified.

    :raises WrongState: it has ended, or its type is agreed
    :raises ChangedMeanwhile: ``version`` is not the present one
    """
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require(by, WORK, dispute.company_id)
        enter(dispute, Act.ASSIGN)
        if type is not None and type != dispute.type:
            enter(dispute, Act.QUALIFY)
            dispute.status = DisputeStatus.OPEN
            dispute.type, dispute.department = type, rules_of(dispute.company_id)[type][0]
        dispute.description = dispute.description if description is None else description.strip()
        dispute.is_urgent = dispute.is_urgent if is_urgent is None else is_urgent
        store(dispute, "type", "department", "description", "is_urgent", by=by)
        note(dispute, "dispute.changed", by=by, at=at, text=dispute.description, kind=StepKind.COMMENT)
    return dispute


@retrying
def accept(*, dispute_id: int, version: int | None = None, by: User | None, at: datetime) -> Dispute:
    """Take the case and its agreed date on: the owner's own act.

    :param by: None for the colleague whom the owner asked, through a link

    :raises NotTheOwner: somebody else's case
    """
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require(by, WORK, dispute.company_id)
        if by is not None and dispute.owner_id != by.pk:
            raise NotTheOwner(_("Only its owner accepts a dispute and its date."))
        enter(dispute, Act.ACCEPT)
        dispute.accepted_at = at
        store(dispute, "accepted_at", by=by)
        note(dispute, "dispute.accepted", by=by, at=at)
    return dispute


@retrying
def wait(
    *,
    dispute_id: int,
    for_client: bool,
    comment: str = "",
    version: int | None = None,
    by: User,
    at: datetime,
) -> Dispute:
    """Note for whom the case waits. The clock goes on; the page shows the wait apart."""
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require_hand(dispute, by)
        enter(dispute, Act.WAIT_CUSTOMER if for_client else Act.WAIT_INTERNAL)
        store(dispute, by=by)
        note(dispute, "dispute.waits", by=by, at=at, text=comment.strip())
    return dispute


@retrying
def resume(*, dispute_id: int, version: int | None = None, by: User, at: datetime) -> Dispute:
    """Go on with a case that waited, or whose proposal was not taken."""
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require_hand(dispute, by)
        enter(dispute, Act.RESUME)
        store(dispute, by=by)
        note(dispute, "dispute.resumed", by=by, at=at)
    return dispute


@retrying
def propose(
    *, dispute_id: int, proposal: str, version: int | None = None, by: User | None, at: datetime
) -> Dispute:
    """Say how the case should end: the owner's word, before whoever decides.

    :param by: None for the colleague whom the owner asked, through a link

    :raises Invalid: nothing is said
    """
    if not proposal.strip():
        raise Invalid(errors={"proposal": [_("Say what you propose.")]})
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require_hand(dispute, by)
        enter(dispute, Act.PROPOSE)
        dispute.proposal = proposal.strip()
        store(dispute, "proposal", by=by)
        note(dispute, "dispute.proposed", by=by, at=at, text=dispute.proposal)
    return dispute


@retrying
def comment_on(
    *,
    dispute_id: int,
    text: str,
    answers_client: bool = False,
    hours: Decimal | None = None,
    files: tuple[ReceivedFile, ...] = (),
    by: User | None,
    at: datetime,
) -> Dispute:
    """Add a comment, an answer to the client or evidence. Nothing anybody else typed is lost by it: no version.

    :param by: None where it came through a link, whose own act has looked at what it opens

    The first answer to the client is kept with its time (domain.md 7.2: within two working days).

    :param hours: what it took; the report adds it up by cause
    :raises Invalid: neither words nor files, too many files, or hours that are none
    """
    if not text.strip() and not files:
        raise Invalid(errors={"text": [_("Say something, or join a file.")]})
    if hours is not None and not 0 < hours < MOST_HOURS:
        raise Invalid(
            errors={"hours": [_("More than 0 hours, and less than %(most)s.") % {"most": MOST_HOURS}]}
        )
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by)
        require(by, OPEN, dispute.company_id)
        if dispute.evidence.count() + len(files) > MOST_EVIDENCE:
            raise Invalid(errors={"evidence": [_("At most %(count)s files.") % {"count": MOST_EVIDENCE}]})
        for file in files:
            DisputeEvidence.objects.create(
                dispute=dispute,
                name=file.name,
                content_type=file.content_type,
                size=file.size,
                file=file.stored_as(),
                added_by=by,
                added_at=at,
            )
        if answers_client and dispute.first_answered_at is None:
            dispute.first_answered_at = at
            dispute.save(update_fields=["first_answered_at"])
        kind = StepKind.ANSWER if answers_client else StepKind.COMMENT if text.strip() else StepKind.EVIDENCE
        said = text.strip() or ", ".join(file.name for file in files)
        note(
            dispute,
            f"dispute.{'answered' if answers_client else 'commented'}",
            by=by,
            at=at,
            text=said,
            kind=kind,
            hours=hours,
        )
    return dispute


def _status(dispute: Dispute) -> DisputeStatus:
    return DisputeStatus(dispute.status)


def _check_owner(dispute: Dispute, owner: User) -> None:
    if not owner.is_active or not owner.may(WORK, dispute.company_id):
        raise Invalid(
            errors={"owner": [_("%(who)s does not work on disputes there.") % {"who": owner.label()}]}
        )
