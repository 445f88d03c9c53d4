"""The clock of disputes: what a new day makes of agreed dates (domain.md 7.2)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from disputes.committee_policy import escalations
from disputes.models import Dispute
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date


def new_day(*, work: Any = None) -> dict[str, int]:
    """Work handler: owners hear of dates two days ahead, whoever decides of passed ones, directors of old ones."""
    del work
    return escalate(paris_date(timezone.now()))


def escalate(today: date) -> dict[str, int]:
    """Ask that people are told of the clock of every open case; each thing once per agreed date."""
    told = 0
    cases = Dispute.objects.open().exclude(agreed_due_on=None)
    for key, agreed in cases.order_by("pk").values_list("pk", "agreed_due_on"):
        for kind in escalations(agreed, today):
            payload = {"dispute_id": key, "agreed_on": f"{agreed}"}
            work_table.emit(f"dispute.{kind}", f"{key}:{agreed}", payload)
            told += 1
    return {"told": told}
