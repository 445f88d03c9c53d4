"""What sales and credit write to each other about a held order, kept with its hold."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q


class HoldMessage(models.Model):
    """One message about a held order: written once, never changed."""

    case = models.ForeignKey("orders.HoldCase", on_delete=models.PROTECT, related_name="messages")
    text = models.TextField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="hold_message_not_empty")]
        triggers = [
            pgtrigger.Protect(name="hold_message_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.text[:40]
