"""One decorator for acts that may collide: the loser of a collision tries again, nobody sees it (ADR 0004)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 4
# deadlock_detected, serialization_failure, lock_not_available
_COLLISIONS = {"40P01", "40001", "55P03"}


class Moved(Exception):
    """What was locked belongs elsewhere by now: the act must start over with fresh locks."""


def is_collision(error: BaseException) -> bool:
    """Whether the database chose this transaction as the one to give way."""
    return getattr(error.__cause__, "pgcode", None) in _COLLISIONS


def retrying(act: Callable[P, R]) -> Callable[P, R]:
    """Run an act up to four times when it collides; inside another act's transaction it runs once.

    Only the outermost act can start over: a failed transaction cannot be continued.
    """

    @wraps(act)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return act(*args, **kwargs)
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                return act(*args, **kwargs)
            except Moved:
                if not left:
                    raise
            except OperationalError as error:
                if not left or not is_collision(error):
                    raise
            time.sleep(random.uniform(0.005, 0.05))
        raise AssertionError("unreachable")

    return attempt
