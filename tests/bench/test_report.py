"""Figures against targets, tables, the closing summary, and the command around them."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from o2c.bench import registry
from o2c.bench.management.commands import bench
from o2c.bench.report import Report, milliseconds
from o2c.bench.targets import TARGETS, Target, Verdict
from o2c.bench.timing import Act, in_turns

MOST = Target("x", "work", must=15, aim=8)
LEAST = Target("x", "work", must=8, aim=20, least=True, unit="%")


@pytest.mark.parametrize(
    ("target", "figure", "verdict"),
    [
        (MOST, 8, Verdict.AIM),
        (MOST, 8.01, Verdict.MUST),
        (MOST, 15, Verdict.MUST),
        (MOST, 15.01, Verdict.MISSED),
        (MOST, None, Verdict.NOT_RUN),
        (LEAST, 20, Verdict.AIM),
        (LEAST, 19.9, Verdict.MUST),
        (LEAST, 7.9, Verdict.MISSED),
    ],
)
def test_a_figure_reaches_its_bounds_inclusive(target, figure, verdict):
    assert target.verdict(figure) == verdict


def test_every_aim_is_at_least_as_hard_as_its_must_and_every_benchmark_is_there():
    for target in TARGETS.values():
        assert target.verdict(target.aim) == Verdict.AIM
        assert target.worse(target.must, target.aim) == target.must
        assert target.benchmark in {**registry.BENCHMARKS, **registry.LATER}


def test_the_worst_of_several_figures_counts_and_one_missed_fails_the_whole(printed):
    report = Report(printed.append)
    assert report.judge("confirm", 20)[-1] == "MISSED"
    assert report.judge("confirm", 3)[-1] == "aim reached"
    assert report.close() is False
    closing = printed.table("Targets")
    assert len(closing) == len(TARGETS)
    assert [line.split("  ")[-1].strip() for line in closing].count("MISSED") == 1


def test_what_was_not_run_is_no_failure(printed):
    assert Report(printed.append).close() is True
    assert all(line.endswith("not run") for line in printed.table("Targets"))


def test_a_table_stands_in_columns(printed):
    Report(printed.append).table("Title", ["Work", "Ours"], [["a", "1"], ["longer", "22"]])
    assert printed == ["\nTitle", "Work    Ours", "------  ----", "a          1", "longer    22"]


def test_acts_are_timed_in_turns_and_put_back():
    calls: list[str] = []
    acts = {
        "ours": Act(lambda: calls.append("ours"), lambda: calls.append("back")),
        "raw": Act(lambda: calls.append("raw")),
    }
    taken = in_turns(acts, repeats=2, warm=1)
    assert calls == ["ours", "back", "raw"] * 3
    assert set(taken) == {"ours", "raw"}
    assert milliseconds(0.00123) == "1.23 ms"


def test_the_command_runs_what_is_asked_for_and_fails_when_a_target_is_missed(monkeypatch, capsys):
    seen = []

    def slow(session):
        seen.append((session.accounts, session.items, session.rounds))
        session.report.judge("confirm", 99)

    monkeypatch.setattr(bench, "benchmark", lambda name: slow)
    with pytest.raises(SystemExit) as ended:
        call_command("bench", "check", accounts=5, items=6, rounds=7)
    assert ended.value.code == 1
    assert seen == [(5, 6, 7)]
    assert "MISSED" in capsys.readouterr().out


def test_a_later_benchmark_says_so(capsys, monkeypatch):
    monkeypatch.setitem(registry.LATER, "later", "measured once it is there.")
    call_command("bench", "later")
    assert "once it is there" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nothing"], ["check", "--items", "0"]])
def test_the_command_refuses_what_it_does_not_know(arguments):
    with pytest.raises(CommandError):
        call_command("bench", *arguments)


@pytest.mark.parametrize("name", registry.BENCHMARKS)
def test_every_benchmark_can_be_found(name):
    assert callable(registry.benchmark(name))
