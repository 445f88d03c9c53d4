"""Who may change which member of a client's team; plain values in, reasons out."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .enums import OUTSIDE_ROLES, TeamRole

# One of these permissions changes members of a role: those whose work it is, and who leads them.
CHANGED_BY: Final[dict[str, frozenset[str]]] = {
    "sales_rep": frozenset({"accounts.edit", "accounts.move"}),
    "substitute": frozenset({"accounts.edit", "accounts.move"}),
    "adv": frozenset({"accounts.edit", "accounts.move"}),
    "collector": frozenset({"payments.allocate", "credit.decide_limit", "accounts.move"}),
    "credit": frozenset({"credit.decide_limit", "accounts.move"}),
    "partner": frozenset({"dunning.hand_over", "accounts.move"}),
    # A client with such an owner is a key account: what is late of it is the chief executive's call.
    "key_account": frozenset({"credit.decide_limit", "accounts.move"}),
}
# Past readings by portfolio change with it, and who decides orders changes with a bonus.
WEIGHTY: Final = "accounts.move"


class MemberBlocker(StrEnum):
    """Why somebody may not change a member."""

    ROLE = "role"
    EARLIER_DAY = "earlier_day"
    BONUS = "bonus"
    OWN_BONUS = "own_bonus"


@dataclass(frozen=True)
class Change:
    """A member who comes or goes.

    :ivar role: what the member does for the client
    :ivar earlier: from a day that is past
    :ivar bonus: the member earns on the client's orders
    :ivar own: the member is who asks
    """

    role: str
    earlier: bool = False
    bonus: bool = False
    own: bool = False


def member_blockers(change: Change, held: AbstractSet[str]) -> tuple[MemberBlocker, ...]:
    """Return everything that keeps somebody with these permissions from a change; empty means it may be done.

    Nobody takes or lays down a bonus of their own: it is what four eyes look at.
    """
    blockers = []
    if not CHANGED_BY.get(change.role, frozenset()) & held:
        blockers.append(MemberBlocker.ROLE)
    if change.earlier and WEIGHTY not in held:
        blockers.append(MemberBlocker.EARLIER_DAY)
    if change.bonus and WEIGHTY not in held:
        blockers.append(MemberBlocker.BONUS)
    if change.bonus and change.own:
        blockers.append(MemberBlocker.OWN_BONUS)
    return tuple(blockers)


def fits(role: str, roles_held: AbstractSet[str]) -> bool:
    """Tell whether somebody with these roles may do this for a client: who is outside is a partner, and nobody else is.

    :param roles_held: codes of roles in the client's company
    """
    is_outside = bool(roles_held) and roles_held <= OUTSIDE_ROLES
    return is_outside == (role == TeamRole.PARTNER)


def roles_changed_with(held: AbstractSet[str]) -> tuple[str, ...]:
    """The roles whose members somebody with these permissions may change, in the order of the team."""
    return tuple(role for role in CHANGED_BY if not member_blockers(Change(role=role), held))
