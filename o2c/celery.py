"""Celery: woken with the id of a work row, plus its clocks (sweep, seals, held orders, digest, new day, nightly)."""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "o2c.settings")

app = Celery("o2c")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["o2c.shared", "credit", "orders", "invoicing", "dunning", "disputes", "o2c.reports"])
app.conf.beat_schedule = {
    "sweep": {"task": "o2c.shared.tasks.sweep", "schedule": 5.0},
    "seal": {"task": "o2c.shared.tasks.seal_journal", "schedule": 60.0},
    "clocks": {"task": "orders.tasks.clocks", "schedule": 60.0},
    "platforms": {"task": "invoicing.tasks.hear_platforms", "schedule": 60.0},
    "mail": {"task": "o2c.shared.tasks.read_mail", "schedule": 60.0},
    "carriers": {"task": "o2c.shared.tasks.hear_carriers", "schedule": 60.0},
    "habits": {"task": "invoicing.tasks.payment_habits", "schedule": crontab(hour=1, minute=30)},
    "recurring": {"task": "invoicing.tasks.recurring_invoices", "schedule": crontab(hour=6, minute=0)},
    "promises": {"task": "dunning.tasks.judge_promises", "schedule": crontab(hour=0, minute=20)},
    "plans": {"task": "dunning.tasks.judge_plans", "schedule": crontab(hour=0, minute=25)},
    "reminders": {"task": "dunning.tasks.daily_run", "schedule": crontab(hour=7, minute=0)},
    "relays": {"task": "dunning.tasks.relay_calls", "schedule": crontab(hour=7, minute=5)},
    "digest": {"task": "o2c.shared.tasks.digest", "schedule": crontab(hour=8, minute=0)},
    "nightly": {
        "task": "credit.tasks.nightly",
        "schedule": crontab(hour=2, minute=0),
    },
    "disputes": {"task": "disputes.tasks.new_day", "schedule": crontab(hour=7, minute=0)},
    "client_statements": {
        "task": "dunning.tasks.client_statements",
        "schedule": crontab(hour=6, minute=40),
    },
    "statements": {"task": "o2c.reports.tasks.monthly_statements", "schedule": crontab(hour=6, minute=30)},
    "new_day": {
        "task": "orders.tasks.new_day",
        "schedule": crontab(hour=0, minute=10),
    },
}
