"""What speed is asked for: each figure with what it must reach and what it aims at. Plain values, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What a figure reaches."""

    AIM = "aim reached"
    MUST = "must reached"
    MISSED = "MISSED"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Target:
    """One figure.

    :ivar aim: the same as ``must`` where there is nothing beyond it
    :ivar least: whether the figure must be at least that; else at most
    :ivar unit: ``×`` of the raw work or of a smaller case, ``%`` of the raw throughput, ``MB``, or a plain count
    """

    benchmark: str
    work: str
    must: float
    aim: float
    least: bool = False
    unit: str = "×"

    def verdict(self, figure: float | None) -> Verdict:
        """Say what a figure reaches."""
        if figure is None:
            return Verdict.NOT_RUN
        if self._reaches(figure, self.aim):
            return Verdict.AIM
        return Verdict.MUST if self._reaches(figure, self.must) else Verdict.MISSED

    def _reaches(self, figure: float, bound: float) -> bool:
        return figure >= bound if self.least else figure <= bound

    def worse(self, one: float, other: float) -> float:
        """The figure that counts where several were measured."""
        return min(one, other) if self.least else max(one, other)

    def bound(self, value: float) -> str:
        """A bound as the tables show it."""
        return f"{'≥' if self.least else '≤'} {shown(value, self.unit)}"


def shown(value: float, unit: str) -> str:
    """A figure with its unit, as long as it needs to be."""
    if not unit:
        return f"{value:g}"
    return f"{value:.2f} {unit}" if unit == "×" else f"{value:.0f} {unit}"


TARGETS: Final[dict[str, Target]] = {
    "exposure": Target("check", "exposure read, beside the raw check", 10, 5),
    "confirm": Target("check", "confirmation with decision, hold and audit, beside the raw one", 15, 8),
    "confirm.items": Target("check", "confirmation at 10 000 open items beside 10", 2.5, 1.3),
    "confirm.orders": Target("check", "confirmation at 1 000 open orders beside 10", 1.5, 1.2),
    "race.admitted": Target("race", "rounds in which not exactly one order was admitted", 0, 0, unit=""),
    "race.errors": Target("race", "errors that reached a caller", 0, 0, unit=""),
    "race.hot": Target("race", "one client, 16 at once, of the raw row lock", 8, 20, least=True, unit="%"),
    "race.own": Target("race", "n on n clients, of n on one", 90, 100, least=True, unit="%"),
    "race.waits": Target("race", "waits for another client's lock", 0, 0, unit=""),
    "race.others": Target("race", "other clients while one is locked, beside not", 1.15, 1.05),
    "nightly": Target("nightly", "all accounts computed and stored, beside the raw upsert", 3, 1.5),
    "nightly.growth": Target("nightly", "cost per account, whole book beside a tenth", 1.5, 1.1),
    "nightly.memory": Target("nightly", "peak memory of the worker", 300, 300, unit="MB"),
    "nightly.flat": Target("nightly", "peak memory, whole book beside a tenth", 1.25, 1.1),
    "aged": Target("aged", "aged balance of all accounts, beside raw", 3, 1.5),
    "export": Target("aged", "export of all open items as CSV, of COPY", 40, 80, least=True, unit="%"),
    "export.memory": Target("aged", "peak memory of an export", 300, 300, unit="MB"),
    "pages": Target("pages", "slowest page", 1000, 300, unit="ms"),
    "fuzz.faults": Target("fuzz", "any request: server errors", 0, 0, unit=""),
    "fuzz.slowest": Target("fuzz", "any request: the slowest, in seconds", 10, 5, unit=""),
    "fuzz.memory": Target("fuzz", "any request: memory gained after the first tenth", 60, 30, unit="MB"),
    "fuzz.worker": Target("fuzz", "workers that fell down", 0, 0, unit=""),
    "fuzz.worker.memory": Target("fuzz", "peak memory of a worker process", 450, 300, unit="MB"),
    "pages.well": Target("pages", "pages that answer anything but 200", 0, 0, unit=""),
    "import.once": Target("import", "invoices missing or entered twice", 0, 0, unit=""),
    "matching.wrong": Target("matching", "payments matched wrongly by themselves", 0, 0, unit=""),
    "matching.automatic": Target("matching", "payments matched by themselves", 50, 70, least=True, unit="%"),
    "matching.first": Target(
        "matching", "proposed right first, of those that settle something", 80, 90, least=True, unit="%"
    ),
    "matching.desk": Target(
        "matching", "slowest answer of the desk, a whole statement waiting", 1000, 300, unit="ms"
    ),
    "matching.line": Target("matching", "milliseconds a line of a statement", 10, 3, unit=""),
    "bank.wrong": Target("bank", "lines of a statement matched wrongly by themselves", 0, 0, unit=""),
    "bank.answer": Target("bank", "slowest answer while a statement comes in", 1000, 300, unit="ms"),
    "bank.line": Target("bank", "a line of a statement, read, booked and matched", 100, 50, unit="ms"),
    "dunning": Target("dunning", "proposals, beside raw", 10, 4),
    "dunning.again": Target("dunning", "the same run again, beside the first", 1, 0.5),
    "sending.once": Target(
        "sending", "reminders that left twice or never, letters of a second run", 0, 0, unit=""
    ),
    "sending.memory": Target("sending", "peak memory of a worker process", 300, 300, unit="MB"),
}
