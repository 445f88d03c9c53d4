"""Celery's leaves of orders."""

from __future__ import annotations

from celery import shared_task


@shared_task
def new_day() -> None:
    """Ask for what a new day changes for orders and quotations (by the scheduler)."""
    from o2c.shared import work

    work.add("orders.new_day", "clock")


@shared_task
def clocks() -> None:
    """Look at the clocks of held orders and of limit requests (every minute, by the scheduler)."""
    from django.utils import timezone

    from credit.services import expire_limit_requests
    from orders import services

    services.watch_clocks(at=timezone.now())
    expire_limit_requests(at=timezone.now())
