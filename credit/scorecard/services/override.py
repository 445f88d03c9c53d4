"""The class a client is in: what the score says where the company follows it, or what two people decided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Acting, CustomerAccount, User
from accounts.services.risk import set_class
from credit.locks import lock_credit, lock_credit_of
from credit.models import LegalNotice
from credit.services.limits import AuthorityExceeded, FourEyes
from o2c.shared import audit, work
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.formats import date_short
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound
from o2c.shared.work import emit

from ..enums import OverrideCause, OverrideStatus
from ..models import ClassOverride, ScoreCard
from .record import RATE

DECIDE: Final = "credit.decide_limit"
# A class against the score is decided from the credit manager on (domain.md 5.4).
LEVEL: Final = 3
ROLE: Final = "credit_manager"
LONGEST_MONTHS: Final = 12
RUN_OUT: Final = "credit.end_override"
_OPEN: Final = (OverrideStatus.ASKED, OverrideStatus.APPROVED)


class OverrideOpen(Conflict):
    """One is asked for, or in force."""

    code = "already_set"
    message = _("A class set by decision is asked for or in force already: end it first.")


class OverrideClosed(Conflict):
    """It is not in the state the act needs."""

    code = "wrong_state"
    message = _("This has been decided, or has ended, meanwhile.")


class NothingToAdopt(Conflict):
    """The client is in the class of its score, or has none."""

    code = "nothing_changes"
    message = _("The client is in the class of its score already, or has no score.")


class OverrideOwn(FourEyes):
    """Nobody approves a class they asked for."""

    message = _("Somebody else must decide: you asked for this class.")


@retrying
def ask_override(
    *, account_id: int, risk_class: str, cause: str, reason: str, valid_until: date, by: User, at: datetime
) -> ClassOverride:
    """Ask for a class whatever the score says; it counts once somebody else has approved it.

    :param valid_until: last day, at most twelve months ahead
    :raises OverrideOpen: one is asked for or in force
    :raises Invalid: a class, cause, reason or day that does not fit
    """
    today = paris_date(at)
    with transaction.atomic():
        account = CustomerAccount.objects.visible_to(by).filter(pk=account_id).first()
        if account is None:
            raise NotFound
        if not by.may(RATE, account.company_id):
            raise NotAllowed
        _check(risk_class, cause, reason, valid_until, today)
        lock_credit(account)
        if ClassOverride.objects.filter(account=account, status__in=_OPEN).exists():
            raise OverrideOpen
        return _asked(account, risk_class, cause, reason.strip(), valid_until, by=by, at=at)


def _asked(
    account: CustomerAccount,
    risk_class: str,
    cause: str,
    reason: str,
    valid_until: date,
    *,
    by: User,
    at: datetime,
) -> ClassOverride:
    made = ClassOverride.objects.create(
        account=account,
        risk_class=risk_class,
        cause=cause,
        reason=reason,
        valid_until=valid_until,
        asked_by=by,
        asked_at=at,
    )
    _record("class_override.asked", made, by, at, reason)
    emit("class_override.asked", f"override:{made.pk}", {"override_id": made.pk})
    return made


@retrying
def ask_for_proceedings(*, work: Any, notice_id: int) -> dict[str, int]:
    """Work handler: ask, in the name of who brought the notice, for class E of every client in proceedings.

    It counts once somebody else has approved it; clients of whom a class is asked for or set already are left out.
    """
    at = work.started_at or timezone.now()
    notice = LegalNotice.objects.select_related("recorded_by").get(pk=notice_id)
    reason = gettext("%(kind)s, judgement of %(day)s, notice %(reference)s") % {
        "kind": notice.get_kind_display(),
        "day": date_short(notice.judgement_on),
        "reference": notice.reference,
    }
    asked = 0
    for account in CustomerAccount.objects.filter(entity=notice.entity_id).order_by("pk"):
        with transaction.atomic():
            lock_credit(account)
            if (
                notice.ended_on is not None
                or ClassOverride.objects.filter(account=account, status__in=_OPEN).exists()
            ):
                continue
            _asked(
                account,
                RiskClass.E,
                OverrideCause.INSOLVENCY,
                reason,
                add_months(paris_date(at), LONGEST_MONTHS),
                by=notice.recorded_by,
                at=at,
            )
            asked += 1
    return {"asked": asked}


@retrying
def approve_override(*, override_id: int, reason: str, by: User, at: datetime) -> ClassOverride:
    """Approve a class: the client is in it from now on, and its held orders are examined again.

    :raises FourEyes: by who asked for it
    :raises AuthorityExceeded: below the credit manager
    :raises OverrideClosed: it waits no longer
    """
    with transaction.atomic():
        found = _decidable(override_id, reason, by, OverrideStatus.ASKED)
        if found.valid_until < paris_date(at):
            raise OverrideClosed
        found.class_before = found.account.risk_class
        _decide(found, OverrideStatus.APPROVED, reason, by, at)
        set_class(account_id=found.account_id, risk_class=found.risk_class, by=by, at=at, reason=found.reason)
        _record("class_override.approved", found, by, at, reason)
        return found


@retrying
def refuse_override(*, override_id: int, reason: str, by: User, at: datetime) -> ClassOverride:
    """Refuse a class; refusals are those of ``approve_override``."""
    with transaction.atomic():
        found = _decidable(override_id, reason, by, OverrideStatus.ASKED)
        _decide(found, OverrideStatus.REFUSED, reason, by, at)
        _record("class_override.refused", found, by, at, reason)
        return found


@retrying
def end_override(*, override_id: int, reason: str, by: User, at: datetime) -> ClassOverride:
    """End a class in force before its day; the client goes back to what it would be in.

    :raises OverrideClosed: it is not in force
    """
    with transaction.atomic():
        found = _decidable(override_id, reason, by, OverrideStatus.APPROVED, own=True)
        _end(found, by, at, reason)
        return found


def end_overrides_of(*, day: date) -> int:
    """Have what ran out before a day end, and what nobody answered by then, each in a transaction of its own; how many.

    Several at a time would take the locks of several clients one after the other.
    """
    late = ClassOverride.objects.filter(status__in=_OPEN, valid_until__lt=day)
    pieces = {str(key): {"override_id": key} for key in late.values_list("pk", flat=True)}
    work.add_many(RUN_OUT, pieces)
    return len(pieces)


@retrying
def run_out(*, work: Any, override_id: int) -> dict[str, bool]:
    """Work handler: end one override whose last day is over."""
    del work
    at = timezone.now()
    with transaction.atomic():
        found = _locked(override_id)
        if found.status not in _OPEN or found.valid_until >= paris_date(at):
            return {"ended": False}
        if found.status == OverrideStatus.APPROVED:
            _end(found, None, at, "")
        else:
            found.status, found.ended_at = OverrideStatus.LAPSED, at
            found.save(update_fields=["status", "ended_at"])
            _record("class_override.lapsed", found, None, at, "")
    return {"ended": True}


@retrying
def adopt_class(*, account_id: int, by: User, at: datetime) -> CustomerAccount:
    """Put a client into the class of its score, in a company whose classes do not follow by themselves.

    :raises NothingToAdopt: it is in it, has no score, or its class was set by decision
    """
    with transaction.atomic():
        account = CustomerAccount.objects.visible_to(by).filter(pk=account_id).first()
        if account is None:
            raise NotFound
        if not by.may(RATE, account.company_id):
            raise NotAllowed
        lock_credit(account)
        wanted = None if _in_force(account_id) else _scored(account_id)
        reason = gettext("Class of the score")
        if wanted is None or not set_class(
            account_id=account_id, risk_class=wanted, by=by, at=at, reason=reason
        ):
            raise NothingToAdopt
        account.refresh_from_db()
        return account


@retrying
def follow_class(*, work: Any, account_id: int) -> dict[str, bool]:
    """Work handler: put a client into the class of its score, where its company follows it and nobody decided else."""
    del work
    with transaction.atomic():
        lock_credit_of([account_id])
        account = CustomerAccount.objects.select_related("company").get(pk=account_id)
        wanted = _scored(account_id)
        if not account.company.class_follows_score or wanted is None or _in_force(account_id):
            return {"changed": False}
        reason = gettext("Class of the score")
        return {
            "changed": set_class(
                account_id=account_id, risk_class=wanted, by=None, at=timezone.now(), reason=reason
            )
        }


def _check(risk_class: str, cause: str, reason: str, valid_until: date, today: date) -> None:
    errors: dict[str, list[Any]] = {}
    if risk_class not in RiskClass.values:
        errors["risk_class"] = [_("There is no such class.")]
    elif cause == OverrideCause.INSOLVENCY and risk_class != RiskClass.E:
        errors["risk_class"] = [_("Insolvency proceedings mean class E.")]
    if cause not in OverrideCause.values:
        errors["cause"] = [_("Say why the score does not count.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if valid_until < today:
        errors["valid_until"] = [_("This day is past.")]
    elif valid_until > add_months(today, LONGEST_MONTHS):
        errors["valid_until"] = [_("Twelve months at most; then it is decided again.")]
    if errors:
        raise Invalid(errors=errors)


def _locked(override_id: int) -> ClassOverride:
    """The override under the credit locks of its client and its own row lock."""
    seen = ClassOverride.objects.filter(pk=override_id).values_list("account_id", flat=True).first()
    if seen is None:
        raise NotFound
    lock_credit_of([seen])
    found = ClassOverride.objects.select_for_update(of=("self",), no_key=True)
    return found.select_related("account__company", "asked_by").get(pk=override_id)


def _decidable(
    override_id: int, reason: str, by: User, state: OverrideStatus, *, own: bool = False
) -> ClassOverride:
    found = _locked(override_id)
    company = found.account.company_id
    if not CustomerAccount.objects.visible_to(by).filter(pk=found.account_id).exists():
        raise NotFound
    if not by.may(DECIDE, company):
        raise NotAllowed(required_role=ROLE)
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    if found.status != state:
        raise OverrideClosed
    acting = _acting(found, by, own=own)
    if acting is None:
        raise OverrideOwn
    if acting.authority < LEVEL:
        raise AuthorityExceeded(required_role=ROLE)
    if state == OverrideStatus.ASKED:
        found.on_behalf_of_id = acting.represented_id
    return found


def _acting(found: ClassOverride, by: User, *, own: bool) -> Acting | None:
    """In whose name this person may decide: their own where that is enough, else the highest they stand in for."""
    able = [
        acting
        for acting in by.acting_in(found.account.company_id)
        if acting.may(DECIDE) and (own or found.asked_by_id not in acting.hands)
    ]
    enough = next((acting for acting in able if acting.authority >= LEVEL), None)
    return enough or max(able, key=lambda acting: acting.authority, default=None)


def _decide(found: ClassOverride, status: OverrideStatus, reason: str, by: User, at: datetime) -> None:
    found.status, found.decided_by, found.decided_at = status, by, at
    found.decision_reason = reason.strip()
    found.save(
        update_fields=[
            "status", "decided_by", "decided_at", "decision_reason", "on_behalf_of", "class_before",
        ]
    )  # fmt: skip
    work.emit("class_override.decided", f"override:{found.pk}", {"override_id": found.pk})


def _end(found: ClassOverride, by: User | None, at: datetime, reason: str) -> None:
    found.status, found.ended_at, found.ended_by = OverrideStatus.ENDED, at, by
    found.end_reason = reason.strip()
    found.save(update_fields=["status", "ended_at", "ended_by", "end_reason"])
    _record("class_override.ended", found, by, at, reason)
    account = found.account
    scored = _scored(account.pk) if account.company.class_follows_score else None
    # Somebody changed the class by hand meanwhile: that stays.
    back = scored or (found.class_before if account.risk_class == found.risk_class else None)
    if back is not None:
        why = reason.strip() or gettext("The class set by decision has run out")
        set_class(account_id=account.pk, risk_class=back, by=by, at=at, reason=why)
    work.emit("class_override.ended", f"override:{found.pk}", {"override_id": found.pk})


def _scored(account_id: int) -> str | None:
    last = ScoreCard.objects.filter(account=account_id).order_by("-pk").first()
    return (last.risk_class or None) if last else None


def _in_force(account_id: int) -> bool:
    return ClassOverride.objects.filter(account=account_id, status=OverrideStatus.APPROVED).exists()


def _record(action: str, row: ClassOverride, by: User | None, at: datetime, reason: str) -> None:
    audit.record(
        action,
        row,
        by=by,
        at=at,
        label=row.account.code,
        company_id=row.account.company_id,
        account_id=row.account_id,
        on_behalf_of=row.on_behalf_of.username if row.on_behalf_of else "",
        before={"class": row.class_before} if row.class_before else None,
        after={"class": row.risk_class, "cause": row.cause, "valid_until": row.valid_until},
        reason=reason,
    )
