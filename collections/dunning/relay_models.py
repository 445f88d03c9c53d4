"""Calls that went from one to the next because nobody had made them."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q

from .enums import RelayLevel
from .run_models import Reminder


class Relay(models.Model):
    """One hand-over of a call within the house. Never changed: the last one says whose it is."""

    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="relays")
    from_level = models.CharField(max_length=10, choices=RelayLevel.choices)
    to_level = models.CharField(max_length=10, choices=RelayLevel.choices)
    on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["reminder", "to_level"], name="call_relayed_once_to_a_level"),
            models.CheckConstraint(
                condition=~Q(from_level=F("to_level")), name="call_relayed_to_somebody_else"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="relay_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.reminder_id}: {self.from_level} → {self.to_level}"
