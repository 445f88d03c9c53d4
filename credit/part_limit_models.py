"""How much of one kind of risk a client may have, within its limit: dated rows, and so every past day keeps its own."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import CustomerAccount

from .enums import LimitedPart


class PartLimit(models.Model):
    """The most a client may have of one kind of risk, from a day to a day; in the currency of its company.

    :ivar effective_to: the first day on which it does not hold any more; None without an end
    """

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="part_limits")
    part = models.CharField(max_length=30, choices=LimitedPart.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    effective_from = models.DateField()
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
                fields=["account", "part"],
                condition=Q(effective_to=None),
                name="one_part_limit_in_force_per_part",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="part_limit_not_negative"),
            models.CheckConstraint(
                condition=Q(part__in=LimitedPart.values), name="part_limit_of_a_part_that_has_one"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="part_limit_has_a_reason"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="part_limit_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None, ended_by=None, ended_at=None, end_reason="")
                | Q(effective_to__isnull=False, ended_by__isnull=False, ended_at__isnull=False)
                & ~Q(end_reason=""),
                name="part_limit_ended_says_by_whom_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.part} {self.amount}"
