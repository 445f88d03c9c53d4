"""Reads the files of worked cases into cases: what goes in, what must come out."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final


class CasesUnreadable(Exception):
    """A file of worked cases that does not have the form it should have; the message names the file."""


@dataclass(frozen=True)
class Case:
    """One worked case: its kind, its name, the facts it starts from and the results it states."""

    kind: str
    name: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]


def read_cases(folder: Path) -> list[Case]:
    """Return the cases of all files of the folder that are known; files that are not there are passed over.

    :raises CasesUnreadable: the folder does not exist, holds no case, or a file cannot be read
    """
    if not folder.is_dir():
        raise CasesUnreadable(f"{folder} is not a folder.")
    cases: list[Case] = []
    for name, reader in _READERS.items():
        file = folder / name
        if not file.is_file():
            continue
        try:
            cases.extend(reader(file))
        except (KeyError, TypeError, ValueError, OSError, csv.Error) as error:
            raise CasesUnreadable(f"{file} cannot be read: {type(error).__name__} {error}") from error
    if not cases:
        raise CasesUnreadable(f"{folder} holds no worked case; looked for {', '.join(_READERS)}.")
    return cases


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8-sig"), parse_float=Decimal)


def _table(kind: str, results: tuple[str, ...]) -> Callable[[Path], Iterator[Case]]:
    """Return a reader of a CSV file with a case a line, of which the columns ``results`` are the results."""

    def read(file: Path) -> Iterator[Case]:
        for row in _rows(file):
            yield Case(kind, row["case_id"], row, {column: row[column] for column in results})

    return read


def _siren(file: Path) -> Iterator[Case]:
    for row in _rows(file):
        yield Case("siren", f"{row['kind']} {row['value']}", row, {"valid": row["expected_valid"]})


def _kpi(file: Path) -> Iterator[Case]:
    for case in _json(file)["cases"]:
        yield Case(case["kpi"], case["id"], case["inputs"], case["expected"])


def _cfonb120(file: Path) -> Iterator[Case]:
    statement = file.with_name("cfonb120_sample.txt").read_text(encoding="latin-1")
    yield Case("cfonb120", "cfonb120_sample", {"text": statement}, _json(file))


def _einvoice_statuses(file: Path) -> Iterator[Case]:
    """One case for each status (its marks, where it may go, its reasons), one for each reason code."""
    content = _json(file)
    reasons = content["reason_codes_by_status"]
    marks = ("code", "label_fr", "sent_to_tax_portal", "reason_required", "final", "phase")
    for status in content["statuses"]:
        expected = {mark: status[mark] for mark in marks} | {
            "transitions": frozenset(status["transitions"]),
            "reason_codes": frozenset(reasons.get(str(status["code"]), ())),
        }
        yield Case("einvoice_statuses", status["name"], {"status": status["name"]}, expected)
    for reason, dispute_type in content["dispute_type_by_reason"].items():
        yield Case("einvoice_statuses", reason, {"reason": reason}, {"dispute_type": dispute_type})


_READERS: Final[dict[str, Callable[[Path], Iterator[Case]]]] = {
    "due_dates.csv": _table("due_dates", ("expected_due_date", "cap_date", "within_cap")),
    "late_interest.csv": _table(
        "late_interest",
        ("expected_interest_days", "expected_interest", "expected_fee", "expected_total", "floor_breach"),
    ),
    "siren_cases.csv": _siren,
    "cfonb120_expected.json": _cfonb120,
    "einvoice_statuses.json": _einvoice_statuses,
    "kpi_cases.json": _kpi,
}
