"""Many clients at once: processes with a connection of their own each, as the workers of a web server are.

Threads of one Python would take turns at its lock and measure that; processes meet at the rows.
"""

from __future__ import annotations

import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

from django.db import connections
from kombu import pools

# Everybody is told the moment to start, so that nobody is half-way when the last hears of it.
_HEAD_START: Final = 0.01

Job = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Outcome:
    """What became of a job; times on the clock that all processes share.

    :ivar error: what reached the caller, empty when nothing did
    """

    value: Any
    error: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


class Fleet:
    """So many processes, kept for many rounds."""

    def __init__(self, size: int) -> None:
        # What a child inherits must not be shared: it opens its own.
        connections.close_all()
        pools.reset()
        gc.freeze()
        context = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._children = []
        for _number in range(size):
            ours, theirs = context.Pipe()
            child = context.Process(target=_serve, args=(theirs,), daemon=True)
            child.start()
            theirs.close()
            self._pipes.append(ours)
            self._children.append(child)
        gc.unfreeze()

    def at_once(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Do jobs at the same moment, each in a process of its own."""
        start = time.monotonic() + _HEAD_START
        for pipe, job in zip(self._pipes, jobs, strict=False):
            pipe.send((start, *job))
        return [pipe.recv() for pipe, _job in zip(self._pipes, jobs, strict=False)]

    def close(self) -> None:
        """Let everybody go."""
        for pipe in self._pipes:
            pipe.send(None)
            pipe.close()
        for child in self._children:
            child.join()


@contextmanager
def fleet(size: int) -> Iterator[Fleet]:
    """So many processes for a while."""
    ships = Fleet(size)
    try:
        yield ships
    finally:
        ships.close()


def throughput(outcomes: Sequence[Outcome], count: int) -> float:
    """So many things done, per second, from the first start to the last end."""
    return count / (max(o.ended for o in outcomes) - min(o.began for o in outcomes))


def _serve(pipe: Connection) -> None:
    # Django keeps a connection apart where an event loop runs, which a child does not have: what it finds then is one
    # of its parent's. It is let go, not closed: the driver leaves the parent's end alone.
    for inherited in connections.all(initialized_only=True):
        inherited.connection = None
    try:
        while (job := pipe.recv()) is not None:
            pipe.send(_done(*job))
    except EOFError:
        return  # the one who asks is gone
    finally:
        connections.close_all()


def _done(start: float, act: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    time.sleep(max(0.0, start - time.monotonic()))
    value, error = None, ""
    began = time.monotonic()
    try:
        value = act(*arguments)
    except Exception as found:
        error = f"{type(found).__name__}: {found}".strip()
    return Outcome(value, error, began, time.monotonic())
