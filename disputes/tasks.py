"""Celery's leaves of disputes."""

from __future__ import annotations

from celery import shared_task


@shared_task
def new_day() -> None:
    """Ask that people are told of agreed dates (every morning, by the scheduler)."""
    from o2c.shared import work

    work.add("disputes.new_day", "clock")
