"""Celery's leaves of invoicing."""

from __future__ import annotations

from celery import shared_task


@shared_task
def hear_platforms() -> None:
    """Ask for what the e-invoicing platforms say (every minute, by the scheduler)."""
    from o2c.shared import work

    work.add("einvoicing.fetch", "clock")
