"""Changing what a level may decide alone: asked for by one person, agreed by another, from a day on (domain.md 5.4).

Nobody raises their own authority: two people are needed for every change, and where it gives a level more, at least one
of them must not hold that level.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound

from ..models import DelegationRule
from ..rule_policy import Authority, authority_errors
from ..rule_queries import authority_of, coming_authority, matrix_of, waiting_authority
from .limit_rules import CHANGE
from .limits import FourEyes

_TERMS: Final = (
    "release_amount", "release_pct", "release_with_overdue", "limit_amount", "write_off_amount",
)  # fmt: skip


class AuthorityUnchanged(Conflict):
    """Everything is as asked already."""

    code = "nothing_changes"
    message = _("This is the present authority: nothing changes.")


class ChangeWaits(Conflict):
    """Another change of the same level waits."""

    code = "wrong_state"
    message = _("A change of this level waits already: agree to it or refuse it first.")


class ChangeDecided(Conflict):
    """Somebody was faster, with another answer."""

    code = "wrong_state"
    message = _("Somebody has answered this change in the meantime.")


class ChangeOwn(FourEyes):
    """Nobody agrees to a change they asked for."""

    message = _("Somebody else must agree: you asked for this change.")


class OwnAuthority(NotAllowed):
    """Two holders of a level do not raise it between them."""

    code = "own_authority"
    message = _(
        "It gives your own level more, and whoever asked holds it too: somebody of another level agrees."
    )


def propose_authority(
    *, company_id: int, rule: Authority, effective_from: date, reason: str, by: User, at: datetime
) -> DelegationRule:
    """Ask for another authority of one level, from a day on; it counts once somebody else has agreed.

    :param rule: amounts in the company's currency; its role is not looked at, it stays
    :param effective_from: today or later
    :raises NotAllowed: no right to change the policy there
    :raises Invalid: an impossible matrix, an unknown level, a past day, no reason
    :raises AuthorityUnchanged: it is so already from that day on
    :raises ChangeWaits: another change of the level waits
    """
    with transaction.atomic():
        company = _locked_company(company_id, by)
        _check(company, rule, effective_from, reason, paris_date(at))
        before = _level(matrix_of(company.pk, effective_from), rule.level)
        asked = replace(rule, role=before.role)
        if asked == before:
            raise AuthorityUnchanged
        if waiting_authority(company).filter(level=rule.level).exists():
            raise ChangeWaits
        row = DelegationRule.objects.create(
            company=company,
            level=asked.level,
            role=asked.role,
            **_terms(asked),
            effective_from=effective_from,
            reason=reason.strip(),
            set_by=by,
            set_at=at,
        )
        _record("authority.change_asked", row, by, at, reason=row.reason, before=_terms(before))
        work.emit("authority.change_asked", f"authority:{row.pk}", {"change_id": row.pk})
        return row


def decide_authority(*, change_id: int, accept: bool, reason: str, by: User, at: datetime) -> DelegationRule:
    """Agree to a change somebody else asked for, or refuse it; the same answer again changes nothing.

    Agreed after its day, it counts from today on.

    :raises NotFound: there is none in the user's companies
    :raises NotAllowed: no right to change the policy there
    :raises ChangeOwn: by whoever asked for it, or who stands in for them
    :raises OwnAuthority: it raises a level that both hold
    :raises Invalid: refused without a reason; or the matrix would by now be impossible
    :raises ChangeDecided: it was answered otherwise
    """
    with transaction.atomic():
        row = DelegationRule.objects.filter(pk=change_id, set_by__isnull=False).first()
        if row is None or row.company_id is None or not by.roles_in(row.company_id):
            raise NotFound
        company = _locked_company(row.company_id, by)
        row = DelegationRule.objects.select_for_update(of=("self",), no_key=True).get(pk=change_id)
        if row.decided_by_id is not None:
            if row.is_accepted is not accept:
                raise ChangeDecided
            return row
        if row.set_by_id in by.acting_in(company)[0].hands:
            raise ChangeOwn
        if accept:
            _agree(company, row, by, paris_date(at))
        elif not reason.strip():
            raise Invalid(errors={"reason": [_("A reason is required.")]})
        row.is_accepted, row.decided_by, row.decided_at = accept, by, at
        row.decision_reason = reason.strip()
        row.save(
            update_fields=["is_accepted", "decided_by", "decided_at", "decision_reason", "effective_from"]
        )
        action = "authority.change_agreed" if accept else "authority.change_refused"
        _record(action, row, by, at, reason=row.decision_reason or row.reason)
        work.emit("authority.change_decided", f"authority:{row.pk}", {"change_id": row.pk})
        return row


def _agree(company: Company, row: DelegationRule, by: User, today: date) -> None:
    row.effective_from = max(row.effective_from, today)
    asked = authority_of(row)
    before = _level(matrix_of(company.pk, row.effective_from), row.level)
    assert row.set_by is not None
    if asked.widens(before) and all(person.authority_in(company) == row.level for person in (row.set_by, by)):
        raise OwnAuthority
    _check(company, asked, row.effective_from, row.reason, today)


def _check(company: Company, rule: Authority, day: date, reason: str, today: date) -> None:
    """Refuse what cannot be, on that day and on every later one on which something changes."""
    errors: dict[str, list[Any]] = {}
    if day < today:
        errors["effective_from"] = [_("Today or later: what was decided stays as it was.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    days = {day, *(row.effective_from for row in coming_authority(company, day))}
    for each in sorted(days):
        matrix = {level.level: level for level in matrix_of(company.pk, each)}
        if rule.level not in matrix:
            errors["level"] = [_("There is no such level.")]
            break
        if each != day and matrix[rule.level] != _level(matrix_of(company.pk, day), rule.level):
            # From here on a later change of this level counts instead.
            break
        matrix[rule.level] = rule
        errors |= {
            name: found for name, found in authority_errors(rule, [*matrix.values()]).items() if name not in errors
        }  # fmt: skip
    if errors:
        raise Invalid(errors=errors)


def _level(matrix: tuple[Authority, ...], level: int) -> Authority:
    return next(row for row in matrix if row.level == level)


def _locked_company(company_id: int, by: User) -> Company:
    company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
    if not by.may(CHANGE, company):
        raise NotAllowed
    return company


def _terms(rule: Authority | DelegationRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in _TERMS}


def _record(
    action: str,
    row: DelegationRule,
    by: User,
    at: datetime,
    *,
    reason: str,
    before: dict[str, Any] | None = None,
) -> None:
    assert row.company is not None
    audit.record(
        action,
        row.company,
        by=by,
        at=at,
        label=row.role,
        company_id=row.company_id,
        reason=reason,
        before=before,
        after={**_terms(row), "level": row.level, "effective_from": row.effective_from},
    )
