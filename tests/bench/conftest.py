"""A small session of benchmarks that keeps what it prints."""

from __future__ import annotations

import pytest

from o2c.bench.report import Report
from o2c.bench.session import Session


class Printed(list[str]):
    """The lines printed."""

    def table(self, title: str) -> list[str]:
        """The rows below a title that begins so."""
        start = next(n for n, line in enumerate(self) if line.startswith(f"\n{title}"))
        rows = []
        for line in self[start + 3 :]:
            if line.startswith("\n"):
                break
            rows.append(line)
        return rows


@pytest.fixture
def printed() -> Printed:
    return Printed()


@pytest.fixture
def small(printed: Printed) -> Session:
    return Session(Report(printed.append), accounts=60, items=300, repeats=1, rounds=1)
