"""Whose clients a report covers: those in the reader's sight, narrowed to what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Q, QuerySet

from accounts.enums import TeamRole
from accounts.models import (
    Company,
    CustomerAccount,
    EntityMembership,
    GroupMembership,
    LegalEntity,
    TeamMember,
    User,
)
from o2c.shared.problems import NotAllowed, NotFound

# What totals and control line tie to: every client, those of the reader, or those asked for.
COMPANY: Final = "company"
PORTFOLIO: Final = "portfolio"
SELECTION: Final = "selection"


@dataclass(frozen=True)
class Selection:
    """What a report is narrowed to; empty means everybody in sight.

    :ivar account: code of one client
    :ivar sales_rep: user name; the clients in this rep's portfolio on the day
    :ivar siren: the clients that belonged to this legal entity on the day
    :ivar group: code; the clients that belonged to this group on the day
    """

    account: str = ""
    sales_rep: str = ""
    siren: str = ""
    group: str = ""

    def __bool__(self) -> bool:
        return bool(self.account or self.sales_rep or self.siren or self.group)

    def of(self, user: User | None, company: Company, *, on: date) -> tuple[QuerySet[CustomerAccount], str]:
        """Return the clients covered, with the name of that scope.

        :param user: None for the operator of the machine, who sees every client
        :raises NotAllowed: no right to reports
        :raises NotFound: a client, legal entity or group without any client in the reader's sight
        """
        accounts, scope = accounts_in_sight(user, company)
        if not self:
            return accounts, scope
        if self.account:
            accounts = accounts.filter(code=self.account)
        if self.siren:
            accounts = accounts.filter(_of_entities(LegalEntity.objects.filter(siren=self.siren), on))
        if self.group:
            accounts = accounts.filter(_of_entities(_entities_of(self.group, on), on))
        if (self.account or self.siren or self.group) and not accounts.exists():
            raise NotFound
        if self.sales_rep:
            accounts = accounts.filter(pk__in=portfolio_on(self.sales_rep, on))
        return accounts, SELECTION


EVERYBODY: Final = Selection()


def accounts_in_sight(user: User | None, company: Company) -> tuple[QuerySet[CustomerAccount], str]:
    """Return the clients a report may read for somebody, with the name of that scope.

    :raises NotAllowed: no right to reports
    """
    if user is None:
        return CustomerAccount.objects.filter(company=company), COMPANY
    if not user.may("reports.view", company):
        raise NotAllowed
    sees_all = any(role.sees_all_accounts for role in user.roles_in(company))
    return CustomerAccount.objects.visible_to(user, company), COMPANY if sees_all else PORTFOLIO


def portfolio_on(sales_rep: str, day: date) -> QuerySet[TeamMember, int]:
    """Return the keys of the clients a rep looked after on a day."""
    rows = TeamMember.objects.filter(user__username=sales_rep, role=TeamRole.SALES_REP, valid_from__lte=day)
    return rows.exclude(valid_to__lte=day).values_list("account_id", flat=True)


def _of_entities(entities: QuerySet[LegalEntity], on: date) -> Q:
    """Clients of legal entities on a day; only those that have moved since stand in the history."""
    moved = EntityMembership.objects.filter(valid_from__lte=on, valid_to__gt=on)
    then = moved.filter(entity__in=entities)
    stayed = Q(entity__in=entities) & ~Q(pk__in=moved.values("account_id"))
    return Q(pk__in=then.values("account_id")) | stayed


def _entities_of(group: str, on: date) -> QuerySet[LegalEntity]:
    """Legal entities of a group on a day: those that were in it then, and those that joined no other since."""
    moved = GroupMembership.objects.filter(Q(valid_to__gt=on) | Q(valid_to=None, valid_from__gt=on))
    then = GroupMembership.objects.filter(group__code=group, valid_from__lte=on, valid_to__gt=on)
    stayed = Q(group__code=group) & ~Q(pk__in=moved.values("entity_id"))
    return LegalEntity.objects.filter(Q(pk__in=then.values("entity_id")) | stayed)
