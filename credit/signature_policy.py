"""Two approvers above level 3, of different departments: one has the authority, one countersigns (domain.md 5.4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .enums import Department, Side

# From this level of the delegation matrix on one person alone grants nothing.
TWO_FROM: Final = 4


class Bar(StrEnum):
    """Why somebody does not sign."""

    FOUR_EYES = "four_eyes"
    SIGNED = "signed_already"
    DEPARTMENT = "other_department"
    AUTHORITY = "authority_exceeded"


@dataclass(frozen=True)
class Signer:
    """Somebody who would sign, in their own name or in that of somebody they stand in for.

    :ivar hands: everybody whose own business this person does not decide
    :ivar decides: whether they decide by the matrix, up to ``authority``
    :ivar countersigns: whether they sign for sales
    """

    hands: frozenset[int]
    authority: int
    decides: bool
    countersigns: bool

    @property
    def department(self) -> Department:
        """Who decides and countersigns stands above both departments."""
        if self.decides and self.countersigns:
            return Department.MANAGEMENT
        return Department.SALES if self.countersigns else Department.FINANCE


@dataclass(frozen=True)
class Signed:
    """A signature that stands: whose, for which side, of which department."""

    by: int
    side: Side
    department: Department
    represented: int | None = None


def needs_two(level: int) -> bool:
    """Whether a decision of this level of the matrix takes two approvers."""
    return level >= TWO_FROM


def side_for(
    signer: Signer, *, level: int, signed: Sequence[Signed], involved: Collection[int]
) -> Side | Bar:
    """Return for which side somebody may sign, or what keeps them from it.

    :param involved: who asked, sells or entered: never one of the two
    """
    if not (signer.decides or signer.countersigns):
        return Bar.AUTHORITY
    if signer.hands & set(involved):
        return Bar.FOUR_EYES
    if any(signer.hands & {each.by, each.represented} for each in signed):
        return Bar.SIGNED
    able = [Side.AUTHORITY] if signer.decides and signer.authority >= level else []
    able += [Side.COUNTERSIGN] if signer.countersigns else []
    if not able:
        return Bar.AUTHORITY
    taken = {each.side for each in signed}
    free = [side for side in able if side not in taken]
    if not free or signer.department in {each.department for each in signed}:
        return Bar.DEPARTMENT
    return free[0]
