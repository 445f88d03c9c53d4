"""Who looks after a client: members come and go from a day on, their history stays (design 3.16)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import team_policy as policy
from accounts.enums import TeamRole
from accounts.models import CustomerAccount, RoleGrant, TeamMember, User
from accounts.queries import in_force_on
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound

from .membership import BeforePresent, replace_rep


class AlreadyMember(Conflict):
    """The person does this for the client on these days already."""

    code = "already_member"
    message = _("This person does this for the client already.")


class NotMember(Conflict):
    """The membership has ended already."""

    code = "wrong_state"
    message = _("This membership has ended already.")


def add_member(
    *,
    account_id: int,
    user: User,
    role: str,
    by: User,
    at: datetime,
    valid_from: date | None = None,
    valid_until: date | None = None,
    has_bonus: bool = False,
    reason: str = "",
) -> TeamMember:
    """Give a client one more member. A sales rep takes the place of the present one; a substitute has a last day.

    :param valid_from: first day, today when left out; an earlier one takes the right to move clients
    :param valid_until: last day included; None for a member who stays
    :param has_bonus: earns on the client's orders: four eyes then keep this person from deciding them
    :raises NotAllowed: ``by`` may not change members of this role
    :raises AlreadyMember: the person does this already on one of these days
    :raises BeforePresent: the present sales rep began later
    """
    today = paris_date(at)
    starts = valid_from or today
    with transaction.atomic():
        account = _locked(account_id, by)
        _allow(account, role, by, starts < today, bonus=has_bonus, of=user)
        _check(account, user, role, starts, valid_until, today)
        ends = None if valid_until is None else valid_until + timedelta(days=1)
        _alone(account, user, role, starts, ends)
        if role == TeamRole.SALES_REP:
            replace_rep(account, None, on=starts)
        member = TeamMember.objects.create(
            account=account, user=user, role=role, valid_from=starts, valid_to=ends, has_bonus=has_bonus
        )
        _record("account.member_added", member, by=by, at=at, reason=reason)
        return member


def end_member(
    *, member_id: int, by: User, at: datetime, last_day: date | None = None, reason: str = ""
) -> TeamMember:
    """End a membership after its last day; what the person saw and earned until then stays in the history.

    :param last_day: included, yesterday when left out, so that it ends at once; the rep of a client ends no later
        than today, since a client has one rep or none
    :raises NotAllowed: ``by`` may not change members of this role, or would lay down the own bonus
    :raises NotMember: it has ended already
    :raises BeforePresent: before it began
    """
    today = paris_date(at)
    ends = today if last_day is None else last_day + timedelta(days=1)
    with transaction.atomic():
        found = TeamMember.objects.filter(pk=member_id).values_list("account_id", flat=True).first()
        if found is None:
            raise NotFound
        account = _locked(found, by)
        member = TeamMember.objects.select_related("user", "account").get(pk=member_id)
        _allow(account, member.role, by, ends < today, bonus=member.has_bonus, of=member.user)
        if member.valid_to is not None and member.valid_to <= today:
            raise NotMember
        if ends < member.valid_from:
            raise BeforePresent(errors={"last_day": [BeforePresent.message]})
        if ends > today + timedelta(days=1) and member.role == TeamRole.SALES_REP and member.valid_to is None:
            raise Invalid(
                errors={"last_day": [_("A sales rep ends today at the latest: name the next one.")]}
            )
        member.valid_to = ends
        member.save(update_fields=["valid_to"])
        _record("account.member_ended", member, by=by, at=at, reason=reason)
        return member


def _locked(account_id: int, by: User) -> CustomerAccount:
    seen = CustomerAccount.objects.visible_to(by).filter(pk=account_id).exists()
    if not seen:
        raise NotFound
    locked = CustomerAccount.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("company").get(pk=account_id)


def _allow(account: CustomerAccount, role: str, by: User, earlier: bool, *, bonus: bool, of: User) -> None:
    held = {code for each in by.roles_in(account.company_id) for code in each.permissions}
    asked = policy.Change(role=role, earlier=earlier, bonus=bonus, own=of.pk == by.pk)
    if not by.is_active or policy.member_blockers(asked, held):
        raise NotAllowed


def _check(
    account: CustomerAccount, user: User, role: str, starts: date, until: date | None, today: date
) -> None:
    errors: dict[str, list[object]] = {}
    held = set(RoleGrant.objects.filter(user=user, company=account.company_id).values_list("role", flat=True))
    if not (user.is_active and held) or user.is_system:
        errors["user"] = [_("This person has no role in this company.")]
    elif not policy.fits(role, held):
        errors["role"] = [_("An outside partner is a partner of the client, and nobody of the house is.")]
    if starts > today:
        errors["valid_from"] = [_("A membership begins today at the latest.")]
    if role == TeamRole.SUBSTITUTE and until is None:
        errors["valid_until"] = [_("Who stands in has a last day.")]
    elif role == TeamRole.SALES_REP and until is not None:
        errors["valid_until"] = [
            _("A sales rep stays until the next one: for some days, name who stands in.")
        ]
    elif until is not None and until < starts:
        errors["valid_until"] = [_("The last day lies before the first.")]
    elif until is not None and until < today:
        errors["valid_until"] = [_("This day is past.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]


def _alone(account: CustomerAccount, user: User, role: str, starts: date, ends: date | None) -> None:
    """Refuse a second membership of the same kind on one of these days."""
    rows = TeamMember.objects.filter(account=account, user=user, role=role)
    if ends is not None:
        rows = rows.filter(valid_from__lt=ends)
    if rows.filter(in_force_on(starts)).exists() or rows.filter(valid_from__gte=starts).exists():
        raise AlreadyMember


def _record(action: str, row: TeamMember, *, by: User, at: datetime, reason: str) -> None:
    audit.record(
        action,
        row.account,
        by=by,
        at=at,
        label=row.account.code,
        account_id=row.account_id,
        reason=reason.strip(),
        after={
            "member": row.user.username,
            "team_role": row.role,
            "valid_from": row.valid_from,
            "valid_until": row.valid_to - timedelta(days=1) if row.valid_to else None,
            "has_bonus": row.has_bonus,
        },
    )
