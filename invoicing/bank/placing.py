"""Where a statement stands among those stored: what follows what, and which of its lines are known already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from invoicing.enums import Continuity
from o2c.shared.money import ZERO

from .records import Movement, Statement, digest

# What tells a movement: its day, its amount, its label.
Mark = tuple[date, Decimal, str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A movement in its place.

    :ivar fingerprint: account, day, amount, label, and which of equal movements of the day it is
    """

    movement: Movement
    fingerprint: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Place:
    """How a statement follows the one before it, and its movements."""

    continuity: Continuity
    movements: tuple[Placed, ...]


def mark_of(movement: Movement) -> Mark:
    """What tells a movement from others of its account, but for equal ones of a day."""
    return movement.booked_on, movement.amount, movement.label


def place(
    statement: Statement, *, account: str, balance_before: Decimal | None, stored: Mapping[Mark, int]
) -> Place:
    """Say how a statement follows what is stored, and which of its movements are there already.

    A movement is known when as many equal ones of its day are stored. Where the old balance is the one the statement
    before closed with and the equal movements do not cancel out, they cannot be the same ones: counted once more,
    the balance would not be right without them.

    :param account: key of the account
    :param balance_before: what the statement before it closed with, None when there is none
    :param stored: how many movements with a mark are stored
    """
    seen = Counter[Mark]()
    known: list[bool] = []
    for movement in statement.movements:
        mark = mark_of(movement)
        seen[mark] += 1
        known.append(seen[mark] <= stored.get(mark, 0))
    equal = sum((m.amount for m, k in zip(statement.movements, known, strict=True) if k), ZERO)
    follows = balance_before == statement.opening_balance
    if follows and equal:
        known = [False] * len(known)
    if any(known):
        continuity = Continuity.OVERLAP
    elif balance_before is None:
        continuity = Continuity.FIRST
    else:
        continuity = Continuity.CONTINUES if follows else Continuity.GAP
    return Place(continuity, _placed(statement, known, account, stored, behind=follows and bool(equal)))


def _placed(
    statement: Statement, known: list[bool], account: str, stored: Mapping[Mark, int], *, behind: bool
) -> tuple[Placed, ...]:
    """Each movement with its fingerprint; ``behind`` numbers them after the equal ones that are stored."""
    seen = Counter[Mark]()
    placed = []
    for movement, is_known in zip(statement.movements, known, strict=True):
        mark = mark_of(movement)
        seen[mark] += 1
        order = seen[mark] + (stored.get(mark, 0) if behind else 0)
        day, amount, label = mark
        fingerprint = digest([account, day.isoformat(), f"{amount:.2f}", label, str(order)])
        placed.append(Placed(movement, fingerprint, is_known))
    return tuple(placed)
