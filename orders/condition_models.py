"""What an order waits for by agreement with the client, and a release that takes effect when all of it is there."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .enums import AlternativeKind, ConditionalStatus, ConditionSource, ConditionStatus


class ReleaseCondition(models.Model):
    """One thing agreed with the client so that an order may go (domain.md 5.5). What it became is history.

    It is followed by the events of what stands behind it: a deposit that is asked for, a promise, a limit request.

    :ivar source: what stands behind it, with its key; a term changed at once has none
    :ivar amount: in ``currency``, which need not be the order's
    :ivar last_day: the last day on which it is kept
    :ivar words: what it is about: documents, terms
    :ivar agreed_with: who said yes on the client's side, and how
    """

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="release_conditions")
    kind = models.CharField(max_length=20, choices=AlternativeKind.choices)
    source = models.CharField(max_length=16, choices=ConditionSource.choices)
    source_id = models.BigIntegerField(null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    last_day = models.DateField()
    words = models.CharField(max_length=300, blank=True)
    agreed_with = models.CharField(max_length=200)
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=ConditionStatus.choices, default=ConditionStatus.OPEN)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "source", "source_id"], name="condition_once_per_order_and_source"
            ),
            models.CheckConstraint(
                condition=Q(status=ConditionStatus.OPEN, ended_at=None)
                | Q(~Q(status=ConditionStatus.OPEN), ended_at__isnull=False),
                name="condition_open_or_ended",
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gt=0), name="condition_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("due_on")), name="condition_lasts_until_its_day"
            ),
            models.CheckConstraint(condition=~Q(agreed_with=""), name="condition_agreed_with_somebody"),
        ]
        indexes = [
            models.Index(
                fields=["source", "source_id"], condition=Q(status="OPEN"), name="condition_open_by_source"
            ),
            models.Index(fields=["last_day"], condition=Q(status="OPEN"), name="condition_open_by_last_day"),
        ]
        triggers = [
            pgtrigger.Protect(name="condition_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="condition_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "order", "kind", "source", "source_id", "amount", "currency", "due_on", "last_day", "words",
                    "agreed_with", "agreed_by", "agreed_at",
                ),
            ),
            pgtrigger.Protect(
                name="condition_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.status <> 'OPEN'"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.order_id} {self.kind} {self.status}"

    @property
    def badge(self) -> str:
        """How its status is shown (``o2c.shared.badges``)."""
        return f"condition_{self.status.lower()}"


class ConditionalRelease(models.Model):
    """A release somebody with authority has decided, which takes effect once every condition of the order is met.

    Authority is asked for again at that moment, on the figures of that moment; ``end_reason`` says why it had none.
    """

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="conditional_releases")
    case = models.ForeignKey("orders.HoldCase", on_delete=models.PROTECT, related_name="conditional_releases")
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    valid_until = models.DateField()
    reason = models.TextField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    # The order's submitter at that time: four eyes hold in the database too.
    order_submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(
        max_length=9, choices=ConditionalStatus.choices, default=ConditionalStatus.WAITING
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(status=ConditionalStatus.WAITING),
                name="one_conditional_release_waits_per_case",
            ),
            models.CheckConstraint(
                condition=Q(status=ConditionalStatus.WAITING, ended_at=None)
                | Q(~Q(status=ConditionalStatus.WAITING), ended_at__isnull=False),
                name="conditional_release_waits_or_ended",
            ),
            models.CheckConstraint(
                condition=~Q(approved_by=F("order_submitted_by")), name="conditional_release_four_eyes"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="conditional_release_has_a_reason"),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0), name="conditional_release_amount_not_negative"
            ),
        ]
        triggers = [pgtrigger.Protect(name="conditional_release_not_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.order_id} {self.status}"
