"""Up to which delivery a company counts confirmed orders (``order_horizon_days``, domain.md 4.1 E3)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Company

LONGEST: Final = 1825


class OrderHorizon(models.Model):
    """Orders to be delivered within so many days count: a dated row, so that every past day keeps what it counted.

    Without a row in force every confirmed order counts, whenever it is to be delivered.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    days = models.PositiveSmallIntegerField()
    effective_from = models.DateField()
    # The first day on which it holds no more.
    effective_to = models.DateField(null=True, blank=True)
    reason = models.TextField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company"], condition=Q(effective_to=None), name="one_order_horizon_in_force"
            ),
            models.CheckConstraint(
                condition=Q(days__gte=0, days__lte=LONGEST), name="order_horizon_of_so_many_days"
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="order_horizon_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="order_horizon_has_a_reason"),
            models.CheckConstraint(
                condition=Q(effective_to__isnull=False) | Q(ended_by=None, ended_at=None, end_reason=""),
                name="order_horizon_in_force_is_not_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} {self.effective_from}"

    @property
    def last_day(self) -> date | None:
        """The last day it is in force; None without an end."""
        return None if self.effective_to is None else self.effective_to - timedelta(days=1)
