"""Limits: asked for, decided by somebody with authority who did not ask, never overwritten (domain.md 4.3)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from o2c.shared import audit, work
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from .. import policy
from ..enums import Level, LimitKind, RequestStatus
from ..locks import lock_credit
from ..models import LimitRequest
from .checks import mandates

DEFAULT_MONTHS = 12
LONGEST_RAISE = timedelta(days=90)


class AuthorityExceeded(NotAllowed):
    """The amount is above what this person may decide; ``required_role`` names who may."""

    code = "authority_exceeded"
    message = _("This is above your authority.")


class FourEyes(NotAllowed):
    """Nobody decides a request of their own."""

    code = "four_eyes"
    message = _("Somebody else must decide: you asked for this.")


class NotWaiting(Conflict):
    """The request is not in the state the act needs."""

    code = "wrong_state"
    message = _("This request is not waiting for that.")


class AppealedAlready(Conflict):
    """A refusal is appealed once, to the next level."""

    code = "appealed_already"
    message = _("This refusal has been appealed already: its answer is the last one.")


class NoHigherLevel(Conflict):
    """Nobody stands above whoever refused."""

    code = "no_higher_level"
    message = _("Nobody stands above whoever refused: ask again with other facts.")


@retrying
def create_limit_request(
    *,
    account: CustomerAccount,
    level: str = "account",
    amount: Decimal | None,
    kind: str,
    reason: str,
    by: User,
    at: datetime,
    currency: str | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
    origin_order: str = "",
    submit: bool = False,
) -> LimitRequest:
    """Ask for a base limit, a temporary raise or no limit at all, at one of three levels.

    :param amount: in the company's currency; None for ``unlimited``
    :param valid_until: last day included; a base limit runs twelve months when not given
    :raises Invalid: an amount, date or reason that does not fit
    """
    if not by.may("credit.request_limit", account.company):
        raise NotAllowed
    starts = valid_from or paris_date(at)
    ends = valid_until or (None if kind == LimitKind.TEMPORARY else add_months(starts, DEFAULT_MONTHS))
    _check_wish(account, level, kind, amount, currency, starts, ends, reason)
    chosen = Level.from_word(level)
    with transaction.atomic():
        request = LimitRequest.objects.create(
            level=chosen,
            account=account if chosen == Level.ACCOUNT else None,
            entity=account.entity if chosen == Level.ENTITY else None,
            group=account.entity.group if chosen == Level.GROUP else None,
            asked_for=account,
            kind=kind,
            amount=amount,
            currency=currency or account.company.currency,
            valid_from=starts,
            valid_until=ends,
            reason=reason.strip(),
            origin_order=origin_order,
            requested_by=by,
            created_at=at,
        )
        record("limit.requested", request, by=by, at=at, reason=reason)
        if submit:
            _submit(request, by, at)
    return request


@retrying
def submit_limit_request(*, request_id: int, by: User, at: datetime) -> LimitRequest:
    """Send a draft to whoever may decide it.

    :raises NotWaiting: it is no draft
    """
    with transaction.atomic():
        request = locked_request(request_id)
        if not by.may("credit.request_limit", request.asked_for.company):
            raise NotAllowed
        if request.status != RequestStatus.DRAFT:
            raise NotWaiting
        _submit(request, by, at)
        return request


@retrying
def appeal_limit_request(*, request_id: int, reason: str, by: User, at: datetime) -> LimitRequest:
    """Take a refused request to the next level, once; what was asked for stays the same.

    :raises NotAllowed: without the right to ask for limits
    :raises Invalid: without a reason
    :raises NotWaiting: it was not refused
    :raises AppealedAlready: it was appealed, or is an appeal itself
    :raises NoHigherLevel: the last level refused it
    """
    with transaction.atomic():
        refused = locked_request(request_id)
        company = refused.asked_for.company
        if not by.may("credit.request_limit", company):
            raise NotAllowed
        if not reason.strip():
            raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
        if refused.status != RequestStatus.REFUSED:
            raise NotWaiting
        if refused.appeal_of_id is not None or LimitRequest.objects.filter(appeal_of=refused).exists():
            raise AppealedAlready
        matrix = mandates(company.pk)
        if (refused.decided_level or required_role(refused).level) >= matrix[-1].level:
            raise NoHigherLevel
        starts = max(refused.valid_from, paris_date(at))
        if refused.valid_until is not None and refused.valid_until < starts:
            raise Invalid(errors={"valid_until": [_("This day is past.")]})
        appeal = LimitRequest.objects.create(
            level=refused.level,
            account=refused.account,
            entity=refused.entity,
            group=refused.group,
            asked_for=refused.asked_for,
            kind=refused.kind,
            amount=refused.amount,
            currency=refused.currency,
            valid_from=starts,
            valid_until=refused.valid_until,
            reason=reason.strip(),
            origin_order=refused.origin_order,
            requested_by=by,
            created_at=at,
            appeal_of=refused,
        )
        record("limit.appealed", appeal, by=by, at=at, reason=reason)
        _submit(appeal, by, at)
        return appeal


def expire_limit_requests(*, at: datetime) -> int:
    """End requests that nobody has answered by their own last day; how many."""
    with transaction.atomic():
        late = list(
            LimitRequest.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
            .select_related("asked_for")
            .filter(status=RequestStatus.SUBMITTED, valid_until__lt=paris_date(at))
            .order_by("pk")[:500]
        )
        for request in late:
            request.status = RequestStatus.EXPIRED
            request.version += 1
            request.save(update_fields=["status", "version"])
            record("limit.expired", request, by=None, at=at)
    return len(late)


def required_role(request: LimitRequest, amount: Decimal | None = None) -> policy.Mandate:
    """The lowest level that may decide this request, or grant another amount than the one asked for.

    An appeal is for the next level above the one that refused.
    """
    account = request.asked_for
    wanted = request.amount if amount is None else amount
    matrix = mandates(account.company_id)
    found = policy.limit_level(wanted, account.risk_class, matrix)
    if request.appeal_of is None:
        return found
    return policy.above(found.level, request.appeal_of.decided_level or found.level, matrix)


def _check_wish(
    account: CustomerAccount,
    level: str,
    kind: str,
    amount: Decimal | None,
    currency: str | None,
    starts: date,
    ends: date | None,
    reason: str,
) -> None:
    errors: dict[str, list[object]] = {}
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if kind not in LimitKind.values:
        errors["kind"] = [_("Write base, temporary or unlimited.")]
    if kind == LimitKind.UNLIMITED and amount is not None:
        errors["amount"] = [_("Unlimited has no amount.")]
    if kind != LimitKind.UNLIMITED and amount is None:
        errors["amount"] = [_("An amount is required; 0 means no credit.")]
    if amount is not None and (amount < 0 or (kind == LimitKind.TEMPORARY and amount == 0)):
        errors["amount"] = [_("The amount must be positive.")]
    if ends is None:
        errors["valid_until"] = [_("A temporary raise needs its last day.")]
    elif ends < starts:
        errors["valid_until"] = [_("The last day lies before the first.")]
    elif kind == LimitKind.TEMPORARY and ends - starts > LONGEST_RAISE:
        errors["valid_until"] = [_("A temporary raise lasts 90 days at most.")]
    if level not in ("account", "entity", "group"):
        errors["level"] = [_("Write account, entity or group.")]
    elif level == "group" and account.entity.group_id is None:
        errors["level"] = [_("This client belongs to no group.")]
    if currency and currency != account.company.currency:
        errors["currency"] = [_("Limits are held in the company's currency.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]


def _submit(request: LimitRequest, by: User, at: datetime) -> None:
    request.status, request.submitted_at = RequestStatus.SUBMITTED, at
    request.version += 1
    request.save(update_fields=["status", "submitted_at", "version"])
    record("limit.submitted", request, by=by, at=at)
    work.emit("limit.submitted", f"request:{request.pk}", {"request_id": request.pk})


def locked_request(request_id: int) -> LimitRequest:
    """The request under the credit locks of its account and its own row lock."""
    seen = LimitRequest.objects.select_related("asked_for__company", "asked_for__entity__group").get(
        pk=request_id
    )
    lock_credit(seen.asked_for)
    rows = LimitRequest.objects.select_related("appeal_of")
    locked = rows.select_for_update(of=("self",), no_key=True).get(pk=request_id)
    locked.asked_for = seen.asked_for
    return locked


def record(
    action: str,
    request: LimitRequest,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    before: dict[str, object] | None = None,
) -> None:
    audit.record(
        action,
        request,
        by=by,
        at=at,
        reason=reason,
        company_id=request.asked_for.company_id,
        account_id=request.asked_for_id,
        on_behalf_of=request.on_behalf_of.username if request.on_behalf_of else "",
        label=f"{Level(request.level).word} {request.amount if request.amount is not None else 'unlimited'}",
        before=before or None,
        after={
            "level": Level(request.level).word,
            "kind": request.kind,
            "amount": request.given_amount,
            **({"asked": request.amount} if request.granted_amount is not None else {}),
            "valid_from": request.valid_from,
            "valid_until": request.valid_until,
        },
    )
