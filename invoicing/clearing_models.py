"""How long money of a method takes until it is good, where a company has said so."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.enums import PaymentMethod
from accounts.models import Company

from .clearing_policy import MOST_DAYS


class ClearingDays(models.Model):
    """Business days until money of one method is good; a method without a row keeps the portal's default."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="clearing_days")
    method = models.CharField(max_length=12, choices=PaymentMethod.choices)
    days = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name_plural = "clearing days"
        constraints = [
            models.UniqueConstraint(fields=["company", "method"], name="clearing_days_once_per_method"),
            models.CheckConstraint(condition=Q(days__lte=MOST_DAYS), name="clearing_days_within_a_season"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.days}"
