"""Limits: asked for, decided by somebody with authority who did not ask, never overwritten (domain.md 4.3)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Acting, CustomerAccount, User
from o2c.shared import audit, work
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from .. import policy, queries
from ..alerts.review_policy import review_day
from ..enums import Level, LimitKind, RequestStatus
from ..locks import lock_credit
from ..models import CreditLimit, LimitRequest, TemporaryLimit
from ..suggestion.gathering import suggestion_of
from ..suggestion.words import as_contract
from .checks import mandates
from .limit_rules import limit_rules

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
        _record("limit.requested", request, by=by, at=at, reason=reason)
        if submit:
            _submit(request, by, at)
    return request


@retrying
def submit_limit_request(*, request_id: int, by: User, at: datetime) -> LimitRequest:
    """Send a draft to whoever may decide it.

    :raises NotWaiting: it is no draft
    """
    with transaction.atomic():
        request = _locked(request_id)
        if not by.may("credit.request_limit", request.asked_for.company):
            raise NotAllowed
        if request.status != RequestStatus.DRAFT:
            raise NotWaiting
        _submit(request, by, at)
        return request


@retrying
def approve_limit_request(
    *,
    request_id: int,
    reason: str,
    by: User,
    at: datetime,
    amount: Decimal | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> LimitRequest:
    """Grant a request: a new base limit closes the older one on its first day.

    :param amount: another amount than the one asked for; authority is measured on what is granted
    :param valid_from: another first day
    :param valid_until: another last day
    :raises FourEyes: by the requester
    :raises AuthorityExceeded: above the person's level in the matrix
    :raises Invalid: an amount or days that do not fit
    """
    with transaction.atomic():
        request = _decidable(request_id, reason, by, granting=amount)
        _grant_otherwise(request, amount, valid_from, valid_until, paris_date(at))
        request.facts = _facts_seen(request.asked_for, paris_date(at))
        _decided(request, RequestStatus.APPROVED, reason, by, at)
        before = _grant(request, by, at)
        _record("limit.approved", request, by=by, at=at, reason=reason, before=before)
        account_id = request.asked_for_id
        work.emit("credit.changed", f"account:{account_id}", {"account_id": account_id})
        return request


@retrying
def refuse_limit_request(*, request_id: int, reason: str, by: User, at: datetime) -> LimitRequest:
    """Refuse a request with a reason; whoever may grant it may refuse it."""
    with transaction.atomic():
        request = _decidable(request_id, reason, by)
        request.facts = _facts_seen(request.asked_for, paris_date(at))
        _decided(request, RequestStatus.REFUSED, reason, by, at)
        _record("limit.refused", request, by=by, at=at, reason=reason)
        return request


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
            _record("limit.expired", request, by=None, at=at)
    return len(late)


def required_role(request: LimitRequest, amount: Decimal | None = None) -> policy.Mandate:
    """The lowest level that may decide this request, or grant another amount than the one asked for."""
    account = request.asked_for
    wanted = request.amount if amount is None else amount
    return policy.limit_level(wanted, account.risk_class, mandates(account.company_id))


def _facts_seen(account: CustomerAccount, on: date) -> dict[str, object]:
    """What a decision saw: the exposure, and the base limit that was suggested."""
    suggested = as_contract(suggestion_of(account, on=on), account.company.currency)
    return {**queries.exposure_of(account, on=on).as_contract(), "suggested_limit": suggested}


def _grant_otherwise(
    request: LimitRequest,
    amount: Decimal | None,
    valid_from: date | None,
    valid_until: date | None,
    today: date,
) -> None:
    """What is granted in place of what was asked for; the request keeps what was asked."""
    errors: dict[str, list[object]] = {}
    if amount is not None and request.kind == LimitKind.UNLIMITED:
        errors["amount"] = [_("Unlimited has no amount.")]
    elif amount is not None and (amount < 0 or (request.kind == LimitKind.TEMPORARY and amount == 0)):
        errors["amount"] = [_("The amount must be positive.")]
    starts, ends = valid_from or request.valid_from, valid_until or request.valid_until
    if ends is None or ends < starts:
        errors["valid_until"] = [_("The last day lies before the first.")]
    elif valid_until is not None and ends < today:
        errors["valid_until"] = [_("This day is past.")]
    elif request.kind == LimitKind.TEMPORARY and ends - starts > LONGEST_RAISE:
        errors["valid_until"] = [_("A temporary raise lasts 90 days at most.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
    if amount is not None and amount != request.amount:
        request.granted_amount = amount
    request.valid_from, request.valid_until = starts, ends


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
    _record("limit.submitted", request, by=by, at=at)
    work.emit("limit.submitted", f"request:{request.pk}", {"request_id": request.pk})


def _locked(request_id: int) -> LimitRequest:
    """The request under the credit locks of its account and its own row lock."""
    seen = LimitRequest.objects.select_related("asked_for__company", "asked_for__entity__group").get(
        pk=request_id
    )
    lock_credit(seen.asked_for)
    locked = LimitRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request_id)
    locked.asked_for = seen.asked_for
    return locked


def _decidable(request_id: int, reason: str, by: User, granting: Decimal | None = None) -> LimitRequest:
    request = _locked(request_id)
    company = request.asked_for.company
    if not by.may("credit.decide_limit", company):
        raise NotAllowed(required_role=required_role(request).role)
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    if request.status != RequestStatus.SUBMITTED:
        raise NotWaiting
    if request.requested_by_id == by.pk:
        raise FourEyes
    mandate = required_role(request, granting)
    acting = _acting(request, by, mandate.level)
    if acting is None:
        raise FourEyes(_("Somebody else must decide: you stand in for who asked for this."))
    if acting.authority < mandate.level:
        raise AuthorityExceeded(required_role=mandate.role)
    request.on_behalf_of_id = acting.represented_id
    return request


def _acting(request: LimitRequest, by: User, level: int) -> Acting | None:
    """In whose name this person may decide: their own where that is enough, else the highest they stand in for."""
    able = [
        acting
        for acting in by.acting_in(request.asked_for.company_id)
        if acting.may("credit.decide_limit") and request.requested_by_id not in acting.hands
    ]
    enough = next((acting for acting in able if acting.authority >= level), None)
    return enough or max(able, key=lambda acting: acting.authority, default=None)


def _decided(request: LimitRequest, status: str, reason: str, by: User, at: datetime) -> None:
    request.status, request.decided_by, request.decided_at = status, by, at
    request.decision_reason = reason.strip()
    request.version += 1
    request.save(
        update_fields=[
            "status",
            "decided_by",
            "decided_at",
            "on_behalf_of",
            "granted_amount",
            "valid_from",
            "valid_until",
            "decision_reason",
            "facts",
            "version",
        ]
    )
    work.emit("limit.decided", f"request:{request.pk}", {"request_id": request.pk})


def _grant(request: LimitRequest, by: User, at: datetime) -> dict[str, object]:
    """Write the limit; what it replaces, for the journal."""
    target = {"account": request.account, "entity": request.entity, "group": request.group}
    common = {
        **target,
        "level": request.level,
        "amount": request.given_amount,
        "currency": request.currency,
        "valid_from": request.valid_from,
        "valid_until": request.valid_until,
        "reason": request.decision_reason or request.reason,
        "decided_by": by,
        "decided_at": at,
        "request": request,
    }
    if request.kind == LimitKind.TEMPORARY:
        TemporaryLimit.objects.create(**common, origin_order=request.origin_order)
        return {}
    older = CreditLimit.objects.filter(**target, closed_on=None).first()
    if older is not None:
        older.closed_on = request.valid_from
        older.save(update_fields=["closed_on"])
    CreditLimit.objects.create(
        **common, kind=request.kind, next_review_on=_review_on(request, paris_date(at))
    )
    return (
        {}
        if older is None
        else {"amount": older.amount, "kind": older.kind, "valid_until": older.valid_until}
    )


def _review_on(request: LimitRequest, on: date) -> date | None:
    """When the limit granted on a day is looked at again, by the rule of the client's class."""
    account = request.asked_for
    rules = {rule.risk_class: rule.review_months for rule in limit_rules(account.company)}
    if request.valid_until is None:
        return None
    return review_day(on, rules[account.risk_class], request.valid_until)


def _record(
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
