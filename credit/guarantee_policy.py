"""What guarantees relieve of a client's exposure (domain.md 4.1, G1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from o2c.shared.money import ZERO, round_cents

from .enums import Level

# How long before its last day somebody is told that a guarantee ends.
END_TOLD_DAYS: Final = 30

# SQL over the columns of ``Guarantee``: the one place that says which count on ``%(today)s``, and for how much.
COUNTED_SQL: Final = "ROUND(amount * haircut_pct / 100, 2)"
IN_FORCE_SQL: Final = """
    is_eligible AND confirmed_at IS NOT NULL AND valid_from <= %(today)s
    AND (valid_until IS NULL OR valid_until >= %(today)s) AND (ended_on IS NULL OR ended_on > %(today)s)
"""


def counted_sql(key: str, among: str) -> str:
    """SELECT of what guarantees count for: ``(target_id, currency, amount)``, one row a target and currency.

    :param key: column that points to the level's row
    :param among: SQL that says which, such as ``= ANY(%(keys)s)``
    """
    return f"""
        SELECT {key} AS target_id, currency, SUM({COUNTED_SQL}) AS amount
        FROM credit_guarantee WHERE {key} {among} AND {IN_FORCE_SQL} GROUP BY 1, 2
    """


@dataclass(frozen=True)
class Secured:
    """What guarantees count for around one client, by level and key of what they belong to, in one currency."""

    amounts: Mapping[tuple[Level, int], Decimal] = field(default_factory=dict)

    def of(self, level: Level, key: int) -> Decimal:
        """What counts there, nothing where nothing is known."""
        return self.amounts.get((level, key), ZERO)


def share(amount: Decimal, *, owed: Decimal, owing: Decimal) -> Decimal:
    """Return one account's share of a guarantee of its legal entity or group: by what it owes.

    :param owed: net exposure of the account; who is in credit has no share
    :param owing: what all accounts of the level owe that owe anything
    """
    if amount <= 0 or owed <= 0 or owing <= 0:
        return ZERO
    return round_cents(amount * min(owed, owing) / owing)


def secured(own: Decimal, *, owed: Decimal, above: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """Return what guarantees count for one account: its own, and its share of those above it.

    :param above: amount and what the accounts owe together, of entity and group
    """
    return own + sum((share(amount, owed=owed, owing=owing) for amount, owing in above), ZERO)
