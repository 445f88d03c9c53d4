"""When nobody is to be reminded of an item, or a client of anything: dated rows with a reason and an end."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount


class DunningStop(models.Model):
    """No reminder of an item, or of everything a client owes, from a day to a day, both included.

    Ended earlier, ``ended_on`` is the first day it no longer holds. At most one of an item, and one of a client as a
    whole, has not been ended; a new one ends the one before.
    """

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="dunning_stops")
    # None: everything the client owes.
    item = models.ForeignKey(
        "invoicing.ReceivableItem",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="dunning_stops",
    )
    reason = models.TextField(_("reason"))
    starts_on = models.DateField(_("from"))
    until = models.DateField(_("until"))
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    stopped_at = models.DateTimeField()
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-stopped_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(item__isnull=False, ended_on=None),
                name="one_dunning_stop_per_item",
            ),
            models.UniqueConstraint(
                fields=["account"], condition=Q(item=None, ended_on=None), name="one_dunning_stop_per_client"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="dunning_stop_has_a_reason"),
            models.CheckConstraint(
                condition=Q(until__gte=F("starts_on")), name="dunning_stop_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_by=None, ended_at=None)
                | Q(ended_on__gte=F("starts_on"), ended_by__isnull=False, ended_at__isnull=False),
                name="dunning_stop_ended_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["item", "starts_on"], name="dunning_stop_by_item"),
            models.Index(fields=["account", "starts_on"], name="dunning_stop_by_account"),
        ]
        triggers = [
            pgtrigger.Protect(name="dunning_stop_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="dunning_stop_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "account", "item", "reason", "starts_on", "until", "stopped_by", "stopped_at"
                ),
            ),
            pgtrigger.Trigger(
                name="dunning_stop_of_the_items_account",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.item_id IS NOT NULL"),
                func="""
                    SELECT account_id INTO NEW.account_id FROM invoicing_receivableitem WHERE id = NEW.item_id;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id or self.account_id} {self.starts_on} → {self.until}"
