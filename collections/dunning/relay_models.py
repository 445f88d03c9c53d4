"""Calls that went from one to the next because nobody had made them, and clients that did."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Company, CustomerAccount, User, documents_of

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


class AccountRelayQuerySet(models.QuerySet["AccountRelay"]):
    """Chainable readings of relays of clients."""

    def visible_to(self, user: User, company: Company | None = None) -> AccountRelayQuerySet:
        """Relays of the clients this user may see."""
        return self.filter(documents_of(user, company))


class AccountRelay(models.Model):
    """One hand-over of a client within the house, from sales administration to credit management or on.

    Never changed: the last one says with whom the client is.

    :ivar by: nobody where it passed by rule
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(
        CustomerAccount, on_delete=models.PROTECT, related_name="relays", db_index=False
    )
    from_level = models.CharField(max_length=10, choices=RelayLevel.choices)
    to_level = models.CharField(max_length=10, choices=RelayLevel.choices)
    reason = models.CharField(max_length=300, blank=True)
    on = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = AccountRelayQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_level=F("to_level")), name="client_relayed_to_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(by=None) | ~Q(reason=""), name="client_relayed_by_somebody_for_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="relay_by_account"),
            models.Index(fields=["company", "-id"], name="relay_by_company"),
        ]
        triggers = [
            pgtrigger.Protect(name="account_relay_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.from_level} → {self.to_level}"
