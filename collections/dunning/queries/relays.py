"""With whom a client is, and which clients pass on of themselves: set-based, for a whole company."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from django.db import connection

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, RoleGrant, TeamMember
from accounts.queries import in_force_on
from dunning import relay_policy as policy
from dunning.enums import RelayLevel
from dunning.models import AccountRelay

# Who makes up credit management.
CREDIT_ROLES: Final = ("credit_analyst", "credit_manager")
# Clients with something late, or that are not with the first of the chain: with whom they are, and whether of something
# late every step of sales administration has been made, the last one before this day.
_STANDING: Final = """
    WITH last AS (
        SELECT DISTINCT ON (account_id) account_id, to_level FROM dunning_accountrelay
        WHERE company_id = %(company)s ORDER BY account_id, id DESC
    ),
    soft AS (
        SELECT scenario_id, MAX(number) FILTER (WHERE owner = 'adv') AS last_soft
        FROM dunning_dunningstep GROUP BY scenario_id
    ),
    late AS (
        SELECT i.account_id, BOOL_OR(m.item_id IS NOT NULL) AS is_over
        FROM invoicing_receivableitem i
        LEFT JOIN LATERAL (
            SELECT l.item_id FROM dunning_reminderline l
            JOIN dunning_reminder r ON r.id = l.reminder_id
            JOIN dunning_dunningstep s ON s.id = r.step_id
            JOIN soft f ON f.scenario_id = s.scenario_id
            WHERE l.item_id = i.id AND l.dropped = '' AND l.as_of < %(on)s
              AND r.status IN ('sent', 'to_call', 'called') AND l.step >= COALESCE(f.last_soft, 0)
            LIMIT 1
        ) m ON TRUE
        WHERE i.company_id = %(company)s AND i.open_amount > 0 AND i.due_date < %(on)s
          AND i.effective_date <= %(on)s
        GROUP BY i.account_id
    )
    SELECT COALESCE(t.account_id, l.account_id), l.to_level, t.account_id IS NOT NULL, COALESCE(t.is_over, FALSE)
    FROM late t FULL JOIN last l ON l.account_id = t.account_id
    ORDER BY 1
"""


class Passing(NamedTuple):
    """A client that passes from one to another."""

    account_id: int
    before: RelayLevel
    after: RelayLevel


def has_credit_management(company_id: int) -> bool:
    """Whether anybody of a company holds its credit."""
    return company_id in managed([company_id])


def managed(company_ids: Collection[int]) -> set[int]:
    """Which of these companies have a credit management."""
    rows = RoleGrant.objects.filter(
        company__in=company_ids, role__code__in=CREDIT_ROLES, user__is_active=True, user__is_system=False
    )
    return {key for key in rows.values_list("company", flat=True) if key is not None}


def level_of(account: CustomerAccount, *, has_credit: bool) -> RelayLevel:
    """With whom a client is: the last relay says so, else the first of the chain has it."""
    last = AccountRelay.objects.filter(account=account).values_list("to_level", flat=True).first()
    return RelayLevel(last) if last else policy.chain_of(has_credit_management=has_credit)[0]


def levels_of(account_ids: Collection[int]) -> dict[int, RelayLevel]:
    """With whom these clients are; one that was never passed on is not in it."""
    rows = AccountRelay.objects.filter(account__in=account_ids).order_by("account", "-pk").distinct("account")
    return {key: RelayLevel(level) for key, level in rows.values_list("account", "to_level")}


def passings(company: Company, *, on: date) -> list[Passing]:
    """Which clients of a company pass on by rule on a day; three readings for any number."""
    has_credit = has_credit_management(company.pk)
    first = policy.chain_of(has_credit_management=has_credit)[0]
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"company": company.pk, "on": on})
        rows = cursor.fetchall()
    owned = TeamMember.objects.filter(
        in_force_on(on), role=TeamRole.KEY_ACCOUNT, user__is_active=True, account__company=company
    )
    key_accounts = set(owned.values_list("account", flat=True))
    found = []
    for account_id, last, is_late, is_over in rows:
        present = RelayLevel(last) if last else first
        after = policy.passes_to(
            present,
            is_late=is_late,
            is_soft_over=is_over,
            has_credit_management=has_credit,
            is_key_account=account_id in key_accounts,
        )
        if after is not None and after != present:
            found.append(Passing(account_id, present, after))
    return found


def history_of(account: CustomerAccount, most: int = 6) -> list[AccountRelay]:
    """Who passed a client on to whom, the last first."""
    return list(AccountRelay.objects.filter(account=account).select_related("by")[:most])
