"""Memory while many rows are read."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_cycles() -> Iterator[None]:
    """Put off the search for cycles while rows are made that hold none.

    A hundred thousand tuples make it start over and over, for a third of the time it takes to read them. What refers
    to nothing is freed all the same.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
