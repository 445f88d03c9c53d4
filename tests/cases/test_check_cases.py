from __future__ import annotations

import json
import shutil
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.policy import Convention
from o2c.cases.adapters import ADAPTERS
from o2c.cases.reading import read_cases
from o2c.cases.runner import differences, run_cases

DATA = Path(__file__).parent.parent / "data"


def check(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run the command; return its exit code and its lines."""
    out = StringIO()
    try:
        call_command("check_cases", str(folder), *arguments, stdout=out)
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, out.getvalue().splitlines()


@pytest.fixture
def folder(tmp_path):
    """A folder of our own with the worked cases of due dates and indicators."""
    for name in ("due_dates.csv", "kpi_cases.json"):
        shutil.copy(DATA / name, tmp_path)
    return tmp_path


def test_every_case_of_the_folder_is_read():
    kinds = [case.kind for case in read_cases(DATA)]
    assert {kind: kinds.count(kind) for kind in ("due_dates", "late_interest", "siren", "cfonb120")} == {
        "due_dates": 35,
        "late_interest": 20,
        "siren": 24,
        "cfonb120": 1,
    }
    assert kinds.count("einvoice_statuses") == 14 + 27
    assert len(kinds) == 35 + 20 + 24 + 1 + 14 + 27 + 53


@pytest.mark.parametrize(
    ("only", "count"),
    [
        ("due_dates", 35),
        ("siren", 24),
        ("aged_balance", 2),
        ("exposure", 5),
        ("instalments", 3),
        ("vat_totals", 1),
        ("scorecard", 2),
        ("late_interest", 20),
        ("cash_discount", 2),
        ("discount_annual_rate", 2),
        ("disputes", 1),
        ("due_dates,siren,aged_balance,exposure", 66),
    ],
)
def test_covered_kinds_pass(only, count):
    assert check(DATA, "--only", only) == (0, [f"{count} passed, 0 failed, 0 not covered"])


def test_every_covered_kind_passes():
    report = run_cases(read_cases(DATA), ADAPTERS)
    assert report.differences == []
    assert set(report.not_covered).isdisjoint(ADAPTERS)


def test_a_kind_without_function_is_not_covered_and_fails_the_run():
    report = run_cases(read_cases(DATA), {"siren": ADAPTERS["siren"]})
    assert (report.passed, report.failed, report.not_covered["due_dates"], report.clean) == (24, 0, 35, False)
    assert report.summary == "24 passed, 0 failed, 150 not covered"


def test_the_command_says_what_is_not_covered(monkeypatch):
    monkeypatch.delitem(ADAPTERS, "exposure")
    assert check(DATA, "--only", "exposure,siren") == (
        1,
        ["exposure: 5 not covered", "24 passed, 0 failed, 5 not covered"],
    )


def test_each_difference_is_printed(folder):
    table = folder / "due_dates.csv"
    changed = table.read_text(encoding="utf-8").replace("NET30,NONE,2026-02-14", "NET30,NONE,2026-02-15")
    table.write_text(
        changed.replace(
            "NET61,NONE,2026-09-02,STD60,2026-09-01,no", "NET61,NONE,2026-09-02,STD60,2026-09-01,yes"
        )
    )
    assert check(folder, "--only", "due_dates") == (
        1,
        [
            "due_dates DD002: expected_due_date: expected 2026-02-15, got 2026-02-14",
            "due_dates DD007: within_cap: expected yes, got no",
            "33 passed, 2 failed, 0 not covered",
        ],
    )


def test_a_cent_is_a_difference(folder):
    file = folder / "kpi_cases.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    case = next(case for case in content["cases"] if case["id"] == "P-exposure-01")
    case["expected"]["available"] = 4200.01
    file.write_text(json.dumps(content), encoding="utf-8")
    code, lines = check(folder, "--only", "exposure")
    assert code == 1
    assert lines[0].startswith("exposure P-exposure-01: available: expected 4200.01, got 4200")
    assert lines[-1] == "4 passed, 1 failed, 0 not covered"


def test_a_function_that_raises_fails_its_case_only(folder):
    table = folder / "due_dates.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("2026-03-10,,COD", "2026-03-10,,CASH"))
    code, lines = check(folder, "--only", "due_dates")
    assert code == 1
    assert lines[0].startswith("due_dates DD001: raised UnknownTerm: ")
    assert lines[-1] == "34 passed, 1 failed, 0 not covered"


def test_an_unknown_kind_is_refused_with_those_there_are(folder):
    with pytest.raises(CommandError, match=r"No case of dso here; there are aged_balance, .*due_dates"):
        check(folder, "--only", "due_dates,dso")


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(CommandError, match="is not a folder"):
        check(tmp_path / "nowhere")


def test_a_folder_without_cases_is_refused(tmp_path):
    with pytest.raises(CommandError, match="holds no worked case"):
        check(tmp_path)


def test_a_file_of_another_form_is_named(tmp_path):
    (tmp_path / "due_dates.csv").write_text("day,term\n2026-01-01,NET30\n")
    with pytest.raises(CommandError, match=r"due_dates\.csv cannot be read"):
        check(tmp_path)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": Decimal("40.0")}, {"a": Decimal("40.00"), "more": 1}),
        ({"a": 40}, {"a": Decimal(40)}),
        ({"a": "149.79"}, {"a": Decimal("149.79")}),
        ({"a": "45"}, {"a": 45}),
        ({"a": "yes", "b": "no"}, {"a": True, "b": False}),
        ({"a": True}, {"a": True}),
        ({"a": "2026-03-01"}, {"a": date(2026, 3, 1)}),
        ({"a": None, "b": ""}, {"a": None, "b": None}),
        ({"a": "NONE"}, {"a": Convention.NONE}),
        ({"a": [1, {"b": "x"}]}, {"a": (1, {"b": "x"})}),
        ({"a": frozenset({"x", "y"})}, {"a": ["y", "x"]}),
    ],
)
def test_results_that_are_as_expected(expected, actual):
    assert list(differences(expected, actual)) == []


@pytest.mark.parametrize(
    ("expected", "actual", "line"),
    [
        ({"a": 1}, {}, "a: expected 1, got nothing"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b: expected 1, got 2"),
        ({"a": [1, 2]}, {"a": [1]}, "a: expected 2 entries, got 1"),
        ({"a": [1, 2]}, {"a": [1, 3]}, "a[1]: expected 2, got 3"),
        ({"a": Decimal("0.5")}, {"a": 0.5}, "a: expected 0.5, got the float 0.5"),
        ({"a": Decimal(0)}, {"a": None}, "a: expected 0, got null"),
        ({"a": None}, {"a": Decimal(0)}, "a: expected null, got 0"),
        ({"a": 1}, {"a": True}, "a: expected 1, got yes"),
        ({"a": True}, {"a": 1}, "a: expected yes, got 1"),
        ({"a": "x"}, {"a": 1}, "a: expected x, got 1"),
        ({"a": "2026-03-01"}, {"a": date(2026, 3, 2)}, "a: expected 2026-03-01, got 2026-03-02"),
        ({"a": frozenset({"x"})}, {"a": []}, "a: expected [x], got []"),
    ],
)
def test_results_that_differ(expected, actual, line):
    assert list(differences(expected, actual)) == [line]
