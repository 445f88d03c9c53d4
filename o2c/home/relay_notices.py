"""Telling who has a call to make that somebody else did not make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import RoleGrant, TeamMember
from accounts.queries import in_force_on
from dunning.enums import RelayLevel
from dunning.models import AccountRelay, Relay
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
        dict.fromkeys(
            _people_of([reminder.account_id], reminder.company_id, level)[reminder.account_id], True
        ),
        company_id=reminder.company_id,
        account_id=reminder.account_id,
        about=(reminder._meta.label_lower, reminder.pk),
    )


def clients_relayed(
    *, work: Any, company_id: int, level: str, on: str = "", relay_id: int | None = None
) -> dict[str, int]:
    """Work handler: tell who takes clients over how many there are since this morning, or of the one by hand."""
    del work
    rows = AccountRelay.objects.filter(company_id=company_id, to_level=level).select_related("account")
    rows = rows.filter(pk=relay_id) if relay_id is not None else rows.filter(on=on, by=None)
    relays = list(rows.order_by("pk"))
    people = _people_of([relay.account_id for relay in relays], company_id, RelayLevel(level))
    told: dict[int, list[AccountRelay]] = {}
    for relay in relays:
        for person in people[relay.account_id]:
            told.setdefault(person, []).append(relay)
    count = 0
    for person, mine in told.items():
        first = mine[0]
        facts = {
            "client": first.account.name,
            "account": first.account.code,
            "count": len(mine),
            "others": len(mine) - 1,
            "reason": first.reason,
        }
        address = reverse("dunning:work_list") + f"?{urlencode({'client': first.account.code})}"
        count += write(
            "clients.relayed" if len(mine) > 1 else "client.relayed",
            f"{on or relay_id}:{level}:{company_id}:{person}",
            facts,
            address,
            {person: False},
            company_id=company_id,
            account_id=first.account_id if len(mine) == 1 else None,
            about=(first._meta.label_lower, first.pk),
        )["told"]
    return {"told": count}


def _people_of(account_ids: Sequence[int], company_id: int, level: RelayLevel) -> dict[int, set[int]]:
    """Who has each client at a level: two readings for any number."""
    team = TeamMember.objects.filter(
        in_force_on(paris_date(timezone.now())),
        account__in=account_ids,
        role=_TEAM.get(level) or "",
        user__is_active=True,
    )
    own: dict[int, set[int]] = {key: set() for key in account_ids}
    for account, user in team.values_list("account", "user"):
        own[account].add(user)
    held = RoleGrant.objects.filter(
        company=company_id, role__code__in=_ROLES[level], user__is_active=True, user__is_system=False
    )
    everybody = set(held.values_list("user_id", flat=True))
    return {key: people or everybody for key, people in own.items()}
