"""Deposits asked for: neither an invoice nor owed, without number of a series and without VAT (design 3.15)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount
from orders.models import Order


class DepositRequest(models.Model):
    """A deposit asked for on an order. Money for the order meets it and is invoiced as a deposit as it comes.

    One of an order waits at a time; ``position`` tells those of one order apart.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="deposit_requests")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="deposit_requests")
    position = models.PositiveSmallIntegerField()
    # Incl. VAT, in the order's currency.
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    due_date = models.DateField(_("due date"))
    language = models.CharField(max_length=2, default="fr")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    # When the money was there, or when it was taken back: it waits for nothing any more.
    met_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    # None: the order ended.
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    cancel_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(met_at=None, cancelled_at=None),
                name="one_deposit_request_waits_per_order",
            ),
            models.UniqueConstraint(fields=["order", "position"], name="deposit_request_numbered_in_order"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="deposit_request_amount_positive"),
            models.CheckConstraint(
                condition=Q(met_at=None) | Q(cancelled_at=None), name="deposit_request_met_or_cancelled"
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None, cancelled_by=None, cancel_reason="")
                | Q(cancelled_at__isnull=False) & ~Q(cancel_reason=""),
                name="deposit_request_cancelled_for_a_reason",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="deposit_request_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="deposit_request_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "company", "account", "order", "position", "amount", "currency", "due_date", "language",
                    "requested_by", "requested_at",
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """How people tell it: the order's number and which of its deposits."""
        return f"{self.order.number}-{self.position}"

    @property
    def status(self) -> str:
        """``waiting``, ``received`` or ``cancelled``."""
        if self.met_at is not None:
            return "received"
        return "waiting" if self.cancelled_at is None else "cancelled"
