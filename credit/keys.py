"""Which rows a statement on many of them is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

# Keys spread wider than this, on the average, are looked up one by one.
_SPREAD: Final = 4


@dataclass(frozen=True)
class Keys:
    """Which rows a statement is about: listed one by one, or all within a range.

    A range is one walk along each index; a thousand keys are a thousand walks, and fifty milliseconds of planning.
    """

    among: str
    params: dict[str, Any]

    @classmethod
    def listed(cls, keys: Sequence[int]) -> Keys:
        """These keys."""
        return cls("= ANY(%(keys)s)", {"keys": list(keys)})

    @classmethod
    def ranged(cls, keys: Sequence[int]) -> Keys:
        """All keys from the first to the last, which are these, in order; listed where they lie far apart."""
        if not keys or keys[-1] - keys[0] > _SPREAD * len(keys):
            return cls.listed(keys)
        return cls("BETWEEN %(first)s AND %(last)s", {"first": keys[0], "last": keys[-1]})
