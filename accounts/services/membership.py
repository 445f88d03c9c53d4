"""Who belongs to whom and since when: rep of a client, entity of an account, group of an entity.

Every belonging is a dated row (design 3.2); ``valid_to`` is the first day it no longer holds.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.enums import TeamRole
from accounts.models import (
    CustomerAccount,
    CustomerGroup,
    EntityMembership,
    GroupMembership,
    LegalEntity,
    TeamMember,
    User,
)
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotAllowed, RuleRefused


class BeforePresent(RuleRefused):
    code = "before_present"
    message = _("This day lies before the present entity, group or sales rep began.")


def assign_rep(*, account: CustomerAccount, rep: User | None, by: User | None, at: datetime) -> None:
    """Give a client to another sales rep from today on, or to nobody.

    :raises NotAllowed: ``by`` may not change clients
    :raises RuleRefused: the rep holds no role in the company
    """
    if by is not None and not by.may("accounts.edit", account.company_id):
        raise NotAllowed
    if rep is not None and not rep.roles_in(account.company_id):
        raise RuleRefused(code="rep_without_role")
    with transaction.atomic():
        CustomerAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        before = current_rep(account)
        if before == (rep.username if rep else None):
            return
        replace_rep(account, rep, on=paris_date(at))
        audit.record(
            "account.rep_changed",
            account,
            by=by,
            at=at,
            label=account.code,
            account_id=account.pk,
            before={"sales_rep": before},
            after={"sales_rep": rep.username if rep else None},
        )


def current_rep(account: CustomerAccount) -> str | None:
    """The user name of the client's sales rep, None when it has none."""
    return (
        TeamMember.objects.filter(account=account, role=TeamRole.SALES_REP, valid_to=None)
        .values_list("user__username", flat=True)
        .first()
    )


def replace_rep(account: CustomerAccount, rep: User | None, *, on: date) -> None:
    """End the open row of the rep and open the next. For acts that hold the account's row.

    :raises BeforePresent: the present rep began later
    """
    _end(TeamMember.objects.filter(account=account, role=TeamRole.SALES_REP), on)
    if rep is not None:
        TeamMember.objects.create(account=account, user=rep, role=TeamRole.SALES_REP, valid_from=on)


def _end(
    rows: QuerySet[TeamMember] | QuerySet[EntityMembership] | QuerySet[GroupMembership], on: date
) -> None:
    present = rows.filter(valid_to=None)
    if present.filter(valid_from__gt=on).exists():
        raise BeforePresent
    present.update(valid_to=on)


def move_entity(
    account: CustomerAccount,
    entity: LegalEntity,
    *,
    on: date,
    by: User | None,
    at: datetime,
    reason: str = "",
) -> None:
    """Put an account under another legal entity.

    Only for acts that hold the credit locks of both entities and their groups: the account's exposure moves
    from one limit to another (design 3.4).
    """
    before = account.entity
    if before == entity:
        return
    _end(EntityMembership.objects.filter(account=account), on)
    EntityMembership.objects.create(account=account, entity=entity, valid_from=on)
    account.entity = entity
    account.version += 1
    account.save(update_fields=["entity", "version", "sort_key", "search_key"])
    audit.record(
        "account.entity_changed",
        account,
        by=by,
        at=at,
        label=account.code,
        account_id=account.pk,
        reason=reason,
        before={"entity": before.pk, "siren": before.siren},
        after={"entity": entity.pk, "siren": entity.siren, "from": on},
    )
    _tell_left(before, before.group)


def move_group(
    entity: LegalEntity,
    group: CustomerGroup | None,
    *,
    on: date,
    by: User | None,
    at: datetime,
    reason: str = "",
) -> None:
    """Put a legal entity under another group, or under none.

    Only for acts that hold the credit locks of the entity and of both groups (design 3.4).
    """
    before = entity.group
    if before == group:
        return
    _end(GroupMembership.objects.filter(entity=entity), on)
    if group is not None:
        GroupMembership.objects.create(entity=entity, group=group, valid_from=on)
    entity.group = group
    entity.save(update_fields=["group"])
    audit.record(
        "entity.group_changed",
        entity,
        by=by,
        at=at,
        label=entity.siren or str(entity.pk),
        reason=reason,
        before={"group": before.code if before else None},
        after={"group": group.code if group else None, "from": on},
    )
    _tell_left(entity, before)


def _tell_left(entity: LegalEntity, group: CustomerGroup | None) -> None:
    """Those who stay behind have more room now: their figures change and their held orders are examined."""
    work.emit("credit.left", f"entity:{entity.pk}", {"entity_id": entity.pk, "group_id": group and group.pk})
    behind = CustomerAccount.objects.filter(entity=entity)
    if group is not None:
        behind = behind.union(CustomerAccount.objects.filter(entity__group=group))
    if account_id := behind.values_list("pk", flat=True).order_by("pk").first():
        work.emit("credit.changed", f"account:{account_id}", {"account_id": account_id})
