"""Limits of one kind of risk within a client's limit (features B4). Plain values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from o2c.shared.money import ZERO

from .enums import LimitedPart

# An order adds to what is ordered; what it becomes later is looked at again then.
RAISED_BY_ORDERS: Final = LimitedPart.ORDERS.value


@dataclass(frozen=True)
class Exceeded:
    """A kind of risk of which a client has more than it may.

    :ivar amount: what it has of it, the order asked for included where that adds to it
    :ivar room: how large an order would still pass for this kind
    """

    part: str
    amount: Decimal
    most: Decimal
    room: Decimal

    @property
    def excess(self) -> Decimal:
        """What is too much."""
        return self.amount - self.most


def exceeded(
    used: Mapping[str, Decimal], limits: Mapping[str, Decimal], order: Decimal
) -> tuple[Exceeded, ...]:
    """Kinds of risk beyond their limit with an order, the one that exceeds it most first.

    :param used: what the client has of each kind without the order, in the currency of the limits
    :param limits: the most of each kind; one that is missing has none, zero is "nothing of it"
    :param order: the order, VAT included, less the deposits received for it
    """
    found = []
    for part, most in limits.items():
        raised = part == RAISED_BY_ORDERS
        before = used.get(part, ZERO)
        amount = before + (order if raised else ZERO)
        if amount > most:
            found.append(Exceeded(part, amount, most, max(ZERO, most - before) if raised else ZERO))
    return tuple(sorted(found, key=lambda each: (-each.excess, each.part)))
