"""Celery's leaves of credit."""

from __future__ import annotations

from celery import shared_task


@shared_task
def nightly() -> None:
    """Ask for the nightly run (by the scheduler); a second wish while one waits adds nothing."""
    from o2c.shared import work

    work.add("credit.nightly", "clock")
