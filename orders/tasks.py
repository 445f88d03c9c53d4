"""Celery's leaves of orders."""

from __future__ import annotations

from celery import shared_task


@shared_task
def new_day() -> None:
    """Ask for what a new day changes for orders and quotations (by the scheduler)."""
    from o2c.shared import work

    work.add("orders.new_day", "clock")
