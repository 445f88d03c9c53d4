"""Taking the time: ours and raw in turns, so that noise of the machine hits both alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Act:
    """Something to be timed.

    :ivar after: puts things back as they were, outside the time
    """

    run: Callable[[], object]
    after: Callable[[], object] | None = None


def in_turns(acts: Mapping[Name, Act], *, repeats: int, warm: int = 2) -> dict[Name, float]:
    """Do each act once, again and again; the median seconds of each.

    :param warm: first turns that do not count
    """
    taken: dict[Name, list[float]] = {name: [] for name in acts}
    for turn in range(warm + repeats):
        for name, act in acts.items():
            began = time.perf_counter()
            act.run()
            seconds = time.perf_counter() - began
            if act.after is not None:
                act.after()
            if turn >= warm:
                taken[name].append(seconds)
    return {name: median(seconds) for name, seconds in taken.items()}
