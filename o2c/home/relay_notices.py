"""Telling who has a call to make that somebody else did not make."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import RoleGrant, TeamMember
from accounts.queries import in_force_on
from dunning.enums import RelayLevel
from dunning.models import Relay
from o2c.shared.calendar import paris_date

from .notices import write

# The client's own team first, else whoever holds one of these roles in the company.
_TEAM: Final = {RelayLevel.ADV: TeamRole.ADV, RelayLevel.CREDIT: TeamRole.CREDIT}
_ROLES: Final = {
    RelayLevel.ADV: ("adv_manager", "adv_officer"),
    RelayLevel.ACCOUNTANT: ("receivables_accountant",),
    RelayLevel.CREDIT: ("credit_manager", "credit_analyst"),
    RelayLevel.FINANCE: ("finance_director",),
    RelayLevel.EXECUTIVE: ("executive",),
}


def call_relayed(*, work: Any, relay_id: int) -> dict[str, int]:
    """Work handler: tell the next of the chain that the call is theirs."""
    del work
    relay = Relay.objects.select_related("reminder__account").get(pk=relay_id)
    reminder, level = relay.reminder, RelayLevel(relay.to_level)
    facts = {
        "account": reminder.account.code,
        "client": reminder.account.name,
        "amount": str(reminder.total),
        "currency": reminder.currency,
    }
    return write(
        "call.relayed",
        f"relay:{relay.pk}",
        facts,
        reverse("dunning:reminder", args=[reminder.pk]),
        dict.fromkeys(_people(reminder.account_id, reminder.company_id, level), True),
        company_id=reminder.company_id,
        account_id=reminder.account_id,
        about=(reminder._meta.label_lower, reminder.pk),
    )


def _people(account_id: int, company_id: int, level: RelayLevel) -> set[int]:
    role = _TEAM.get(level)
    team = TeamMember.objects.filter(
        in_force_on(paris_date(timezone.now())), account=account_id, role=role or "", user__is_active=True
    )
    held = RoleGrant.objects.filter(
        company=company_id, role__code__in=_ROLES[level], user__is_active=True, user__is_system=False
    )
    return set(team.values_list("user_id", flat=True)) or set(held.values_list("user_id", flat=True))
