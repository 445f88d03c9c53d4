"""Which of some amounts make a sum: a search whose cost has a bound, whatever the amounts. Plain values in cents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

# More than this nobody pays together without saying so (domain.md 9.2).
MOST_TOGETHER: Final = 12
# Halves of twelve: 2 × 4 096 sums. Beyond, only pairs and runs are looked at.
SEARCHED: Final = 24


class Together(NamedTuple):
    """Amounts that make the sum.

    :ivar places: where they stand among those given
    :ivar is_only: nothing else that was asked for makes it, and everything was looked at
    :ivar tried: how many sums were possible, the measure of chance
    """

    places: tuple[int, ...]
    is_only: bool
    tried: int


def together(amounts: Sequence[int], target: int) -> Together | None:
    """Return two to twelve of the amounts that make a sum, the fewest and first of them; None when none do.

    Complete up to 24 amounts; of more, the first 24 are searched, then pairs and unbroken runs of all. Negative
    amounts are credits. At most 8 192 sums are made, and one look per amount and run.
    """
    found = _searched(amounts[:SEARCHED], target)
    if len(amounts) <= SEARCHED:
        return found
    beyond = found or _pair(amounts, target) or _run(amounts, target)
    return beyond._replace(is_only=False) if beyond else None


def _searched(given: Sequence[int], target: int) -> Together | None:
    # One amount alone that makes the sum is another question, and must not hide several that do.
    kept = [place for place, amount in enumerate(given) if amount != target]
    amounts = [given[place] for place in kept]
    if sum(amount for amount in amounts if amount > 0) < target:
        return None
    half = len(amounts) // 2
    left, right = _all_sums(amounts[:half]), _all_sums(amounts[half:])
    # Of several ways to one sum the last written stays: the fewest amounts, and of those the first.
    order = _most_first(len(right))
    ends = dict(zip([right[mask] for mask in order], order, strict=True))
    hits = [mask for mask, total in enumerate(left) if target - total in ends]
    wholes = [mask | ends[target - left[mask]] << half for mask in hits]
    fits = [mask for mask in wholes if 2 <= mask.bit_count() <= MOST_TOGETHER]
    if not fits:
        return None
    ways = len(hits)
    if len(ends) < len(right):
        times = Counter(right)
        ways = sum(times[target - left[mask]] for mask in hits)
    places = tuple(kept[place] for place in _places(min(fits, key=_few)))
    return Together(places, ways == 1, len(left) * len(right))


@cache
def _most_first(count: int) -> tuple[int, ...]:
    return tuple(sorted(range(count), key=_few, reverse=True))


def _all_sums(amounts: Sequence[int]) -> list[int]:
    """Sums by mask."""
    sums = [0]
    for amount in amounts:
        sums += [total + amount for total in sums]
    return sums


def _few(mask: int) -> tuple[int, int]:
    return mask.bit_count(), mask


def _places(mask: int) -> tuple[int, ...]:
    return tuple(place for place in range(mask.bit_length()) if mask >> place & 1)


def _pair(amounts: Sequence[int], target: int) -> Together | None:
    seen: dict[int, int] = {}
    for place, amount in enumerate(amounts):
        if (first := seen.get(target - amount)) is not None:
            return Together((first, place), False, len(amounts) ** 2 // 2)
        seen.setdefault(amount, place)
    return None


def _run(amounts: Sequence[int], target: int) -> Together | None:
    """An unbroken run in the order given: the invoices of a month, everything until a day."""
    before: dict[int, int] = {0: 0}
    total = 0
    for place, amount in enumerate(amounts, start=1):
        total += amount
        start = before.get(total - target)
        if start is not None and 2 <= place - start <= MOST_TOGETHER:
            return Together(tuple(range(start, place)), False, len(amounts) ** 2 // 2)
        before[total] = place
    return None
