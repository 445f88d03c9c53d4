"""The benchmarks there are. Another one is a line here: its name and the function that takes a ``Session``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.utils.module_loading import import_string

from .session import Session

BENCHMARKS: Final[dict[str, str]] = {
    "check": "o2c.bench.check.run",
    "race": "o2c.bench.race.run",
    "nightly": "o2c.bench.nightly.run",
    "aged": "o2c.bench.aged.run",
    "pages": "o2c.bench.pages.run",
    "import": "o2c.bench.imports.run",
    "matching": "o2c.bench.matching.run",
    "bank": "o2c.bench.bank.run",
    "pdf": "o2c.bench.pdf.run",
    "dunning": "o2c.bench.dunning.run",
    "sending": "o2c.bench.sending.run",
    "fuzz": "o2c.bench.fuzz.run",
}
# Named in the interface, measured once the application is there.
LATER: Final[dict[str, str]] = {}


def benchmark(name: str) -> Callable[[Session], None]:
    """The function of a benchmark.

    :raises KeyError: there is none of this name
    """
    found: Callable[[Session], None] = import_string(BENCHMARKS[name])
    return found
