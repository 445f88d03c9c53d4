"""What somebody must look at before an order asks."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import CustomerAccount

from .enums import AlertKind, AlertOutcome, AlertStatus


class CreditAlert(models.Model):
    """Something about a client that somebody must look at: raised by the figures, answered by a person (domain.md 4.5).

    ``key`` tells the event where one is behind it: the step of the use, the number of an order or dispute. While
    ``is_found`` it is not raised again, answered or not; what comes back later is a new alert.
    """

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="credit_alerts")
    kind = models.CharField(max_length=14, choices=AlertKind.choices)
    key = models.CharField(max_length=60, blank=True)
    # Plain figures: amounts as text with two decimals, days as ISO dates.
    figures = models.JSONField(default=dict)
    raised_at = models.DateTimeField()
    due_on = models.DateField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="credit_alerts",
    )
    status = models.CharField(max_length=8, choices=AlertStatus.choices, default=AlertStatus.OPEN)
    outcome = models.CharField(max_length=14, choices=AlertOutcome.choices, blank=True)
    comment = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Whether the last look found it still.
    is_found = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "key"], condition=Q(is_found=True), name="one_alert_while_found"
            ),
            models.CheckConstraint(
                condition=Q(status=AlertStatus.OPEN, is_found=True, outcome="", ended_at=None, ended_by=None)
                | Q(
                    status=AlertStatus.PASSED,
                    is_found=False,
                    outcome="",
                    ended_at__isnull=False,
                    ended_by=None,
                )
                | Q(
                    status=AlertStatus.ANSWERED,
                    outcome__in=AlertOutcome.values,
                    ended_at__isnull=False,
                    ended_by__isnull=False,
                ),
                name="alert_ends_with_its_answer",
            ),
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_kind_is_known"),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_on"], condition=Q(status=AlertStatus.OPEN), name="alert_open_of"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.account_id} {self.status}"

    @property
    def badge(self) -> str:
        """The badge of its state."""
        return f"alert_state_{self.status.lower()}"

    @property
    def kind_badge(self) -> str:
        """The badge of its kind."""
        return f"alert_{self.kind.lower()}"
