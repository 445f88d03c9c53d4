"""Celery's leaves of reports."""

from __future__ import annotations

from celery import shared_task


@shared_task
def monthly_statements() -> None:
    """Ask that owners are told of the months that are over (every morning, by the scheduler)."""
    from o2c.shared import work

    work.add("statements.due", "clock")
