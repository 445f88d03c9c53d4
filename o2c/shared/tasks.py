"""Celery's leaves: fetch an id, do one thing."""

from __future__ import annotations

from celery import shared_task


@shared_task
def run_work(*, work_id: int) -> None:
    """Do one row of the work table."""
    from o2c.shared import work

    work.run(work_id)


@shared_task
def sweep() -> None:
    """Hand out again what waits and what a dead worker left (every few seconds, by the scheduler)."""
    from o2c.shared import work

    for work_id, kind in work.sweep():
        work.send(work_id, kind)


@shared_task
def seal_journal() -> None:
    """Seal the settled events of the journal (every minute, by the scheduler)."""
    from django.utils import timezone

    from o2c.shared import sealing

    sealing.seal(at=timezone.now())


@shared_task
def read_mail() -> None:
    """Ask for what mail servers say of messages that left (every minute, by the scheduler)."""
    from o2c.shared import work

    work.add("mail.fetch", "clock")


@shared_task
def hear_carriers() -> None:
    """Ask for what carriers say of text messages and letters that left (every minute, by the scheduler)."""
    from o2c.shared import work

    work.add("carriers.fetch", "clock")


@shared_task
def digest() -> None:
    """Ask for the digests of this morning (daily, by the scheduler)."""
    from django.utils import timezone

    from o2c.shared import work
    from o2c.shared.calendar import paris_date

    day = paris_date(timezone.now()).isoformat()
    work.add("outbox.digest", f"day:{day}", {"day": day})
