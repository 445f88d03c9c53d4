"""Locks on a customer's credit: one home, one order (design 3.4, ADR 0004).

Group, then legal entity, then account, by key within a level; orders, open items and number series follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.db import connection

from accounts.models import CustomerAccount
from o2c.shared.locking import Moved

from .enums import Level
from .models import CreditLock

Targets = tuple[tuple[int, int], ...]

_AT_ONCE: Final = 500

_LOCK = """
    SELECT level, target_id FROM credit_creditlock
    WHERE (level, target_id) IN %s ORDER BY level, target_id FOR NO KEY UPDATE
"""


def targets_of(memberships: Iterable[tuple[int, int, int | None]]) -> Targets:
    """Lock targets of ``(account, entity, group)`` keys, in the order they are taken."""
    found: set[tuple[int, int]] = set()
    for account_id, entity_id, group_id in memberships:
        found |= {(int(Level.ACCOUNT), account_id), (int(Level.ENTITY), entity_id)}
        if group_id is not None:
            found.add((int(Level.GROUP), group_id))
    return tuple(sorted(found))


def lock_credit(*accounts: CustomerAccount) -> None:
    """Lock the credit of accounts at every level until the transaction ends.

    Take it before any write. A plain ``FOR UPDATE`` would collide with the inserts of rows that refer to an
    account, therefore ``FOR NO KEY UPDATE``.

    :raises Moved: an account changed entity or group meanwhile; ``retrying`` starts the act over
    """
    lock_credit_of([a.pk for a in accounts])


def lock_credit_of(account_ids: Sequence[int]) -> None:
    """The same, by keys."""
    before = _memberships(account_ids)
    targets = targets_of(before)
    if not targets:
        return
    if _lock(targets) < len(targets):
        CreditLock.objects.bulk_create(
            [CreditLock(level=level, target_id=key) for level, key in targets], ignore_conflicts=True
        )
        _lock(targets)
    if targets_of(_memberships(account_ids)) != targets:
        raise Moved


def _lock(targets: Targets) -> int:
    """Lock the rows of targets in their order; the number of rows there are."""
    found = 0
    with connection.cursor() as cursor:
        # An import locks thousands: a longer list of pairs is more than the parser's stack holds.
        for start in range(0, len(targets), _AT_ONCE):
            cursor.execute(_LOCK, [targets[start : start + _AT_ONCE]])
            found += len(cursor.fetchall())
    return found


def _memberships(account_ids: Sequence[int]) -> list[tuple[int, int, int | None]]:
    return list(
        CustomerAccount.objects.filter(pk__in=account_ids).values_list("pk", "entity_id", "entity__group_id")
    )
