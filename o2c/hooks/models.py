"""Who wants to be told what, and what was sent to them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company

from .enums import DeliveryState, HookEvent


class Webhook(models.Model):
    """A subscription of one system to events of one company. Ended ones stay with their log, without their secret."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    url = models.CharField(_("address"), max_length=500)
    events = ArrayField(models.CharField(max_length=30, choices=HookEvent.choices))
    # Signs what is sent; shown once, when it is made.
    secret = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "url"], condition=Q(ended_at=None), name="one_webhook_per_address"
            ),
            models.CheckConstraint(condition=Q(events__len__gt=0), name="webhook_wants_something"),
            models.CheckConstraint(
                condition=(Q(ended_at=None) & ~Q(secret=""))
                | Q(ended_at__isnull=False, secret="", is_active=False),
                name="webhook_has_its_secret_until_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event for one subscription, written in the act's own transaction; ``body`` is what is signed and sent."""

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    event = models.CharField(max_length=30, choices=HookEvent.choices)
    body = models.TextField()
    state = models.CharField(max_length=9, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    created_at = models.DateTimeField()
    # The tries of the present round: a replay begins a new one.
    round_began_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="delivered", delivered_at__isnull=False) | ~Q(state="delivered"),
                name="delivery_delivered_with_its_time",
            ),
        ]
        indexes = [models.Index(fields=["webhook", "-created_at", "-id"], name="delivery_log")]

    def __str__(self) -> str:
        return f"{self.event} {self.key}"
