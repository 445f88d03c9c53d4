"""Celery's leaves of invoicing."""

from __future__ import annotations

from celery import shared_task


@shared_task
def hear_platforms() -> None:
    """Ask for what the e-invoicing platforms say (every minute, by the scheduler)."""
    from o2c.shared import work

    work.add("einvoicing.fetch", "clock")


@shared_task
def payment_habits() -> None:
    """Ask for how late clients pay to be found out (every night, by the scheduler)."""
    from o2c.shared import work

    work.add("expected.habits", "clock")
