"""Decisions on limits: granted or refused by somebody with authority who did not ask, above level 3 by two."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Acting, CustomerAccount, User
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotAllowed, Refusal

from .. import queries
from ..alerts.review_policy import review_day
from ..enums import LimitKind, RequestStatus, Side
from ..models import CreditLimit, LimitRequest, TemporaryLimit
from ..signature_policy import Bar, needs_two
from ..suggestion.gathering import suggestion_of
from ..suggestion.words import as_contract
from . import signing
from .limit_rules import limit_rules
from .limits import (
    LONGEST_RAISE,
    AuthorityExceeded,
    FourEyes,
    NotWaiting,
    locked_request,
    record,
    required_role,
)


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
        request = locked_request(request_id)
        if needs_two(required_role(request, amount).level):
            return _approve_by_two(request, amount, valid_from, valid_until, reason=reason, by=by, at=at)
        _decidable(request, reason, by, granting=amount)
        _grant_otherwise(request, amount, valid_from, valid_until, paris_date(at))
        _approved(request, reason, by, at)
        return request


def _approve_by_two(
    request: LimitRequest,
    amount: Decimal | None,
    valid_from: date | None,
    valid_until: date | None,
    *,
    reason: str,
    by: User,
    at: datetime,
) -> LimitRequest:
    """One of two approvals: the first waits for the second, which grants (domain.md 5.4)."""
    _check_waits(request, reason)
    rows = signing.signatures_of(request)
    first = rows[0] if rows else None
    if first is not None and first.side == Side.AUTHORITY:
        amount = first.amount
    level = required_role(request, amount).level
    standing = signing.standing_of(request, by, level=level, rows=rows)
    if not isinstance(standing.answer, Side):
        raise _barred(request, standing.answer, amount, by)
    asked = signing.Terms(
        request.amount if amount is None else amount,
        valid_from or request.valid_from,
        valid_until or request.valid_until or request.valid_from,
    )
    terms = signing.agreed(asked, first, standing.answer)
    _grant_otherwise(request, terms.amount, terms.valid_from, terms.valid_until, paris_date(at))
    row = signing.sign(request, standing, terms, reason=reason, by=by, at=at)
    if first is None:
        request.version += 1
        LimitRequest.objects.filter(pk=request.pk).update(version=request.version)
        record("limit.signed", request, by=by, at=at, reason=reason)
        work.emit("limit.signed", f"request:{request.pk}", {"request_id": request.pk})
        return LimitRequest.objects.select_related("asked_for__company").get(pk=request.pk)
    authority, other = (row, first) if row.side == Side.AUTHORITY else (first, row)
    request.countersigned_by = other.signed_by
    request.required_level, request.decided_level = level, authority.level
    request.on_behalf_of = authority.on_behalf_of
    _approved(request, authority.reason, authority.signed_by, at)
    return request


def _approved(request: LimitRequest, reason: str, by: User, at: datetime) -> None:
    request.facts = _facts_seen(request.asked_for, paris_date(at))
    _decided(request, RequestStatus.APPROVED, reason, by, at)
    before = _grant(request, by, at)
    record("limit.approved", request, by=by, at=at, reason=reason, before=before)
    account_id = request.asked_for_id
    work.emit("credit.changed", f"account:{account_id}", {"account_id": account_id})


@retrying
def refuse_limit_request(*, request_id: int, reason: str, by: User, at: datetime) -> LimitRequest:
    """Refuse a request with a reason: whoever may grant it, and of two approvers either one."""
    with transaction.atomic():
        request = locked_request(request_id)
        _decidable(request, reason, by)
        request.facts = _facts_seen(request.asked_for, paris_date(at))
        _decided(request, RequestStatus.REFUSED, reason, by, at)
        request.signatures.filter(ended_at=None).update(ended_at=at)
        record("limit.refused", request, by=by, at=at, reason=reason)
        return request


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


def _check_waits(request: LimitRequest, reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    if request.status != RequestStatus.SUBMITTED:
        raise NotWaiting


def _barred(request: LimitRequest, bar: Bar, amount: Decimal | None, by: User) -> Refusal:
    """The refusal of somebody who may not be one of two approvers."""
    role = required_role(request, amount).role
    if bar is Bar.FOUR_EYES:
        return FourEyes(required_role=role)
    if bar is Bar.SIGNED:
        return signing.SignedAlready()
    if bar is Bar.DEPARTMENT:
        return signing.OtherDepartment(required_role=role)
    if not by.may("credit.decide_limit", request.asked_for.company):
        return NotAllowed(required_role=role)
    return AuthorityExceeded(required_role=role)


def _decidable(request: LimitRequest, reason: str, by: User, granting: Decimal | None = None) -> None:
    mandate = required_role(request, granting)
    if needs_two(mandate.level) and by.may(signing.COUNTERSIGN, request.asked_for.company):
        # Whoever countersigns may also say no.
        _check_waits(request, reason)
        standing = signing.standing_of(request, by, level=mandate.level, rows=[])
        if standing.acting is None:
            raise FourEyes
        request.required_level, request.decided_level = mandate.level, mandate.level
        request.on_behalf_of_id = standing.acting.represented_id
        return
    if not by.may("credit.decide_limit", request.asked_for.company):
        raise NotAllowed(required_role=mandate.role)
    _check_waits(request, reason)
    if request.requested_by_id == by.pk:
        raise FourEyes
    acting = _acting(request, by, mandate.level)
    if acting is None:
        raise FourEyes(_("Somebody else must decide: you stand in for who asked for this."))
    if acting.authority < mandate.level:
        raise AuthorityExceeded(required_role=mandate.role)
    request.required_level, request.decided_level = mandate.level, acting.authority
    request.on_behalf_of_id = acting.represented_id


def _acting(request: LimitRequest, by: User, level: int) -> Acting | None:
    """In whose name this person may decide: their own where that is enough, else the highest they stand in for."""
    able = [
        acting
        for acting in by.acting_in(request.asked_for.company_id)
        if acting.may("credit.decide_limit") and not acting.hands & _involved(request)
    ]
    enough = next((acting for acting in able if acting.authority >= level), None)
    return enough or max(able, key=lambda acting: acting.authority, default=None)


def _involved(request: LimitRequest) -> set[int]:
    """Who asked, and of an appeal who refused before."""
    refused_by = request.appeal_of.decided_by_id if request.appeal_of else None
    return {request.requested_by_id} | ({refused_by} if refused_by else set())


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
            "required_level",
            "decided_level",
            "countersigned_by",
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
