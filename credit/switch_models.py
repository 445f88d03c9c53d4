"""Parts of the exposure turned against their default in a company, from a day to a day (domain.md 4.1)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company


class SwitchedPart(models.TextChoices):
    """Parts with a switch; what a client owes by invoice (E1) always counts."""

    DELIVERED = "delivered_not_invoiced", _("Delivered, not invoiced")
    ORDERS = "open_orders", _("Confirmed orders")
    UNCLEARED = "bills_not_matured", _("Remitted, not yet cleared")
    RECOURSE = "discounted_not_matured", _("Discounted or sold with recourse, not due")
    PENALTIES = "claimed_penalties", _("Penalties claimed")
    PAYMENTS = "unallocated_payments", _("Unmatched payments")
    CREDIT_NOTES = "unallocated_credit_notes", _("Unmatched credit notes")
    DEPOSITS = "deposits_held", _("Deposits held")


# Parts that count only where a company says so; every other counts unless it says otherwise.
OFF_BY_DEFAULT: Final = frozenset({SwitchedPart.PENALTIES.value})


class ExposureSwitch(models.Model):
    """A part turned against its default: a dated row, so that every past day keeps what it counted."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=30, choices=SwitchedPart.choices)
    effective_from = models.DateField()
    # The first day on which the default holds again.
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
                fields=["company", "part"],
                condition=Q(effective_to=None),
                name="one_switch_in_force_per_part",
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="switch_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(part__in=SwitchedPart.values), name="switch_of_a_part_that_has_one"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="switch_has_a_reason"),
            models.CheckConstraint(
                condition=Q(effective_to__isnull=False) | Q(ended_by=None, ended_at=None, end_reason=""),
                name="switch_in_force_is_not_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.effective_from}"

    @property
    def last_day(self) -> date | None:
        """The last day it is in force; None without an end."""
        return None if self.effective_to is None else self.effective_to - timedelta(days=1)

    @property
    def counts(self) -> bool:
        """Whether the part counts while the row is in force."""
        return self.part in OFF_BY_DEFAULT
