"""What the benchmarks print: tables of figures, and at the end every target with its verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .targets import TARGETS, Verdict, shown


class Report:
    """Collects figures and prints them as tables.

    :param write: takes a line
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._figures: dict[str, float] = {}

    def say(self, text: str) -> None:
        """Print a line."""
        self._write(text)

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table: the first column to the left, figures to the right."""
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        self._write(f"\n{title}")
        for row in (head, ["-" * width for width in widths], *rows):
            cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
            self._write("  ".join(cells).rstrip())

    def judge(self, key: str, figure: float) -> list[str]:
        """Note a figure of a target; the worst of several counts. Gives the cells must, aim and verdict."""
        target = TARGETS[key]
        self._figures[key] = target.worse(figure, self._figures.get(key, figure))
        return [target.bound(target.must), target.bound(target.aim), target.verdict(figure).value]

    def close(self) -> bool:
        """Print every target with its figure; whether all that were measured are reached."""
        rows = []
        missed = False
        for key, target in TARGETS.items():
            figure = self._figures.get(key)
            verdict = target.verdict(figure)
            missed = missed or verdict is Verdict.MISSED
            rows.append(
                [
                    target.work,
                    target.benchmark,
                    "–" if figure is None else shown(figure, target.unit),
                    target.bound(target.must),
                    target.bound(target.aim),
                    verdict.value,
                ]
            )
        self.table("Targets", ["Work", "Benchmark", "Figure", "Must", "Aim", "Verdict"], rows)
        return not missed


def milliseconds(seconds: float) -> str:
    """A duration as the tables show it."""
    return f"{seconds * 1000:.2f} ms"
