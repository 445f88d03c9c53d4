"""Celery's leaves of invoicing."""

from __future__ import annotations

from celery import shared_task


@shared_task
def hear_platforms() -> None:
    """Ask for what the e-invoicing platforms say (every minute, by the scheduler)."""
    from o2c.shared import work

    work.add("einvoicing.fetch", "clock")


@shared_task
def recurring_invoices() -> None:
    """Ask for the recurring invoices that are due (every morning, by the scheduler)."""
    from o2c.shared import work

    work.add("recurring.new_day", "clock")


@shared_task
def payment_habits() -> None:
    """Ask for how late clients pay, and how released orders turned out, to be found out (nightly, by the scheduler)."""
    from o2c.shared import work

    work.add("expected.habits", "clock")
    work.add("releases.outcomes", "clock")
