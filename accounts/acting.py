"""In whose name somebody decides: their own, or that of an absent person they stand in for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

# The right to be the second of two approvers: it is lent as authority is.
COUNTERSIGN: Final = "credit.countersign"
# What a substitute gets of the absent person's rights: to look, and to decide.
LENT: Final = frozenset(
    {
        "accounts.view",
        "orders.view",
        "invoicing.view",
        "orders.release",
        "credit.decide_limit",
        "credit.countersign",
        "decisions.view",
    }
)


@dataclass(frozen=True)
class Acting:
    """A person, whom they represent (None: nobody), and the authority they have so.

    :ivar hands: everybody whose own business this person does not decide: theirs, and that of all they stand in for
    """

    user_id: int
    represented_id: int | None = None
    represented: str = ""
    hands: frozenset[int] = frozenset()
    permissions: frozenset[str] = frozenset()
    authority: int = 0

    def may(self, permission: str) -> bool:
        """Whether they may do this so."""
        return permission in self.permissions

    def joined(self, permissions: Iterable[str], authority: int) -> Acting:
        """The same with the rights of one more role."""
        return replace(
            self, permissions=self.permissions | set(permissions), authority=max(self.authority, authority)
        )
