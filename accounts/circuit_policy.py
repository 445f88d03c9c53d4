"""On which day a client pays by its own circuit: payment-run days and cut-off. Plain values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.translation import gettext_lazy as _

from o2c.shared.calendar import add_months, business_day_on_or_after, end_of_month

LAST_DAY: Final = 31


@dataclass(frozen=True)
class Circuit:
    """How a client pays.

    :ivar run_days: days of the month on which it pays; a day that a month lacks is its last one
    :ivar cut_off_day: what it receives after this day of a month waits for the runs of the next month; None where
        every run takes what is there
    """

    run_days: Sequence[int]
    cut_off_day: int | None = None


def problems_of(run_days: Sequence[int], cut_off_day: int | None) -> dict[str, list[object]]:
    """What is wrong with a circuit, by field; empty where nothing is."""
    found: dict[str, list[object]] = {}
    if any(not 1 <= day <= LAST_DAY for day in run_days):
        found["run_days"] = [_("Days of the month from 1 to 31, the last one is 31.")]
    elif len(set(run_days)) != len(run_days):
        found["run_days"] = [_("Each day once.")]
    if cut_off_day is not None and not 1 <= cut_off_day <= LAST_DAY:
        found["cut_off_day"] = [_("A day of the month from 1 to 31.")]
    elif cut_off_day is not None and not run_days:
        found["cut_off_day"] = [_("A cut-off day needs payment-run days.")]
    return found


def next_run(circuit: Circuit, day: date, *, received: date | None = None) -> date | None:
    """Return the first payment run on or after a day that takes an invoice; None of a client without runs.

    A run that falls on a day without banks is made on the next business day.

    :param received: when the client got the invoice; None: it has had it long
    """
    if not circuit.run_days:
        return None
    first = day.replace(day=1)
    if received is not None and circuit.cut_off_day is not None and received.day > circuit.cut_off_day:
        first = max(first, add_months(received.replace(day=1), 1))
    # A run of the last day of a month may be made on the first days of the next one.
    months = [add_months(first, back) for back in (0, 1)]
    if first == day.replace(day=1) and (received is None or received < first):
        months.insert(0, add_months(first, -1))
    runs = [
        business_day_on_or_after(month.replace(day=min(number, end_of_month(month).day)))
        for month in months
        for number in circuit.run_days
    ]
    return min(run for run in runs if run >= day)
