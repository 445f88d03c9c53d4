"""Real workers of the work table, as ``./portal demo`` starts them, that may be killed; their memory can be told."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from .child import database_url

_ROOT: Final = Path(__file__).resolve().parents[2]
_DIES_WITH_PARENT: Final = 1
_WORKER: Final = ("worker", "--concurrency", "2", "--loglevel", "WARNING", "--queues", "portal,pdf")


class Workers:
    """A Celery worker with its two processes, in a process group of its own."""

    def __init__(self, log: Path) -> None:
        with log.open("ab") as out:
            self._main = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "o2c", *_WORKER],
                cwd=_ROOT,
                env=os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "o2c.settings"},
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_dies_with_us,
            )

    def kill(self) -> None:
        """``kill -9`` for the worker and everything it started."""
        try:
            os.killpg(self._main.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._main.wait(10)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._main.poll() is None

    def memory(self) -> tuple[float, float]:
        """The most a process of it holds now, and the most one ever held, in MB; 0 when none runs."""
        now, ever = 0.0, 0.0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(process.name)) != self._main.pid:
                    continue
                status = dict(
                    line.split(":", 1)
                    for line in (process / "status").read_text().splitlines()
                    if ":" in line
                )
            except (OSError, ValueError):
                continue  # it ended while it was looked at
            now = max(now, _megabytes(status.get("VmRSS", "0 kB")))
            ever = max(ever, _megabytes(status.get("VmHWM", "0 kB")))
        return now, ever


def _dies_with_us() -> None:
    """Let no worker outlive the benchmark that started it."""
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def _megabytes(text: str) -> float:
    return int(text.split()[0]) / 1024
