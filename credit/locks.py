"""Locks on a customer's credit: one home, one order (design 3.4, ADR 0004).

Group, then legal entity, then account, by key within a level; orders, open items and number series follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.db import connection

from accounts.models import CustomerAccount
from o2c.shared.locking import Moved
from o2c.shared.prepared import Prepared

from .enums import Level

Targets = tuple[tuple[int, int], ...]

_AT_ONCE: Final = 500

_LOCK = """
    SELECT level, target_id FROM credit_creditlock
    WHERE (level, target_id) IN %s ORDER BY level, target_id FOR NO KEY UPDATE
"""
_MAKE: Final = """
    INSERT INTO credit_creditlock (level, target_id)
    SELECT * FROM unnest(%s::smallint[], %s::bigint[]) ON CONFLICT (level, target_id) DO NOTHING
"""
_MEMBERSHIPS: Final = """
    SELECT a.id, a.entity_id, e.group_id
    FROM accounts_customeraccount a JOIN accounts_legalentity e ON e.id = a.entity_id
    WHERE a.id = ANY(%(accounts)s)
"""
# Finds the rows of a client and locks them, sorted first: the usual case needs no other statement.
_LOCK_CLIENT: Final = Prepared(
    "credit_lock_client",
    lambda: (
        f"""
        WITH mine AS MATERIALIZED ({_MEMBERSHIPS}),
        targets AS MATERIALIZED (
            SELECT {int(Level.GROUP)} AS level, group_id AS target_id FROM mine WHERE group_id IS NOT NULL
            UNION SELECT {int(Level.ENTITY)}, entity_id FROM mine
            UNION SELECT {int(Level.ACCOUNT)}, id FROM mine
        )
        SELECT k.level, k.target_id
        FROM targets t JOIN credit_creditlock k ON k.level = t.level AND k.target_id = t.target_id
        ORDER BY k.level, k.target_id FOR NO KEY UPDATE OF k
    """
    ),
    {"accounts": "bigint[]"},
)
_READ_MEMBERSHIPS: Final = Prepared("credit_memberships", lambda: _MEMBERSHIPS, {"accounts": "bigint[]"})


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
    if not account_ids:
        return
    if len(account_ids) == 1:
        locked: Targets = tuple((row[0], row[1]) for row in _LOCK_CLIENT.rows(accounts=list(account_ids)))
        # Read after the locks: who changes entity or group holds them.
        targets = targets_of(_memberships(account_ids))
        if targets == locked:
            return
        if not set(locked) <= set(targets):
            raise Moved
    else:
        targets = targets_of(_memberships(account_ids))
    if _lock(targets) < len(targets):
        _make(targets)
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


def _make(targets: Targets) -> None:
    """Store the rows that are not there yet."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, [[level for level, _key in targets], [key for _level, key in targets]])


def _memberships(account_ids: Sequence[int]) -> list[tuple[int, int, int | None]]:
    return [(row[0], row[1], row[2]) for row in _READ_MEMBERSHIPS.rows(accounts=list(account_ids))]
