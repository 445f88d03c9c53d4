"""Celery's leaves of collections."""

from __future__ import annotations

from celery import shared_task


@shared_task
def judge_promises() -> None:
    """Ask for open promises to be judged (every night, by the scheduler)."""
    from o2c.shared import work

    work.add("promises.judge", "clock")


@shared_task
def judge_plans() -> None:
    """Ask for running payment plans to be judged (every night, by the scheduler)."""
    from o2c.shared import work

    work.add("plans.judge", "clock")


@shared_task
def daily_run() -> None:
    """Ask for the daily run of every company (every morning, by the scheduler)."""
    from o2c.shared import work

    work.add("dunning.daily", "clock")


@shared_task
def relay_calls() -> None:
    """Ask that calls nobody has made go to the next one (every morning, by the scheduler)."""
    from o2c.shared import work

    work.add("dunning.relays", "clock")


@shared_task
def client_statements() -> None:
    """Ask for the statements of clients of the month that is over (every morning, by the scheduler)."""
    from o2c.shared import work

    work.add("client_statements.due", "clock")
