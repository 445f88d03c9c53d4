"""Parts of the exposure that a company does not count, from a day to a day (domain.md 4.1: each with a switch)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company


class SwitchedPart(models.TextChoices):
    """Parts that a company may leave out; what a client owes by invoice, and what relieves it, always counts."""

    DELIVERED = "delivered_not_invoiced", _("Delivered, not invoiced")
    ORDERS = "open_orders", _("Confirmed orders")
    UNCLEARED = "bills_not_matured", _("Remitted, not yet cleared")


class ExposureExclusion(models.Model):
    """A part that does not count: a dated row, so that every past day keeps what it counted."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=30, choices=SwitchedPart.choices)
    effective_from = models.DateField()
    # The first day on which it counts again.
    effective_to = models.DateField(null=True, blank=True)
    reason = models.TextField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "part"],
                condition=Q(effective_to=None),
                name="one_exclusion_in_force_per_part",
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="exclusion_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(part__in=SwitchedPart.values), name="exclusion_of_a_part_with_a_switch"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="exclusion_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.effective_from}"
