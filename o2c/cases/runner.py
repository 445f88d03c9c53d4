"""Runs worked cases against the product's functions and compares the results, decimals exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from .reading import Case

Adapter = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass
class Report:
    """What came of a run: passed cases, a line for each difference, uncovered cases by kind."""

    passed: int = 0
    failed: int = 0
    differences: list[str] = field(default_factory=list)
    not_covered: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """True when nothing failed and every case is covered."""
        return not self.failed and not self.not_covered

    @property
    def summary(self) -> str:
        """The closing line."""
        return f"{self.passed} passed, {self.failed} failed, {self.not_covered.total()} not covered"


def run_cases(cases: Iterable[Case], adapters: Mapping[str, Adapter]) -> Report:
    """Run each case through the adapter of its kind; a kind without adapter is not covered.

    An adapter that raises fails its case and stops no other.
    """
    report = Report()
    for case in cases:
        adapter = adapters.get(case.kind)
        if adapter is None:
            report.not_covered[case.kind] += 1
            continue
        try:
            found = list(differences(case.expected, adapter(case.inputs)))
        except Exception as error:
            found = [f"raised {type(error).__name__}: {error}"]
        report.differences.extend(f"{case.kind} {case.name}: {text}" for text in found)
        report.failed += bool(found)
        report.passed += not found
    return report


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Yield a line for each result that is not what is expected; more results than expected do not matter.

    Dates, enumerations, yes and no are compared as the files write them; numbers by value, never as floats.
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            here = f"{path}.{key}" if path else str(key)
            if key not in actual:
                yield f"{here}: expected {_shown(value)}, got nothing"
            else:
                yield from differences(value, actual[key], here)
    elif isinstance(expected, list) and isinstance(actual, (list, tuple)):
        if len(expected) != len(actual):
            yield f"{path}: expected {len(expected)} entries, got {len(actual)}"
        for index, (value, found) in enumerate(zip(expected, actual, strict=False)):
            yield from differences(value, found, f"{path}[{index}]")
    elif not _same(expected, actual):
        yield f"{path}: expected {_shown(expected)}, got {_shown(actual)}"


def _same(expected: Any, actual: Any) -> bool:
    actual = actual.value if isinstance(actual, Enum) else actual
    if isinstance(actual, float):
        return False  # money and ratios are decimals; a float that looks right is luck
    if expected is None or actual is None:
        return expected in (None, "") and actual in (None, "")
    if isinstance(expected, frozenset):
        return expected == frozenset(actual)
    if isinstance(actual, bool) or isinstance(expected, bool):
        return expected is actual or expected == ("yes" if actual else "no")
    if isinstance(actual, date):
        return bool(expected == actual.isoformat())
    if isinstance(actual, (Decimal, int)):
        try:
            return Decimal(expected) == actual
        except (InvalidOperation, TypeError, ValueError):
            return False
    return bool(expected == actual)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"the float {value}"
    if isinstance(value, (frozenset, list, set, tuple)):
        return f"[{', '.join(sorted(map(_shown, value)))}]"
    return str(value)
