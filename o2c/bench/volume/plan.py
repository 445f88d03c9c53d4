"""How large a book's clients are: few with very many items, many with few. Plain values, no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

# The larger, the more the first clients hold of the book.
_STEEPNESS: Final = 0.9
_PASSES: Final = 8


@dataclass(frozen=True)
class Shape:
    """What one client of the book has.

    :ivar items: open items
    :ivar orders: orders, whatever became of them; of a calm client all are confirmed and wait for delivery
    :ivar calm: pays on time, contests nothing, stands alone and has credit enough for anything
    """

    items: int
    orders: int
    calm: bool = False


def shapes(accounts: int, items: int, orders: int, *, random: Random) -> list[Shape]:
    """Share items and orders out among accounts, skewed as in a real book; the sums are exact.

    The largest client has one item in a hundred at most, or ten times the mean where that is more.
    """
    weights = [(rank + 1) ** -_STEEPNESS for rank in range(accounts)]
    found = [Shape(*pair) for pair in zip(_shared(weights, items), _shared(weights, orders), strict=True)]
    random.shuffle(found)
    return found


def _shared(weights: Sequence[float], total: int) -> list[int]:
    if not weights:
        return []
    cap = max(total / 100, 10 * total / len(weights))
    scale = total / sum(weights)
    for _pass in range(_PASSES):
        # What the largest may not have goes to the others.
        above = [weight for weight in weights if weight * scale > cap]
        rest = sum(weights[len(above) :])
        if not rest:
            break
        scale = (total - cap * len(above)) / rest
    counts: list[int] = []
    exact = 0.0
    given = 0
    for weight in weights:
        exact += min(weight * scale, cap)
        counts.append(round(exact) - given)
        given += counts[-1]
    counts[-1] += total - given
    return counts
