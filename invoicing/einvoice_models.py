"""What the platforms say of an invoice, and what they are told of it."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .document_models import Invoice
from .einvoicing.policy import EInvoiceStatus


class EInvoice(models.Model):
    """Where an invoice stands on the platforms: its last status. The row is what acts on its statuses lock."""

    invoice = models.OneToOneField(
        Invoice, primary_key=True, on_delete=models.PROTECT, related_name="einvoice"
    )
    status = models.CharField(max_length=22, choices=EInvoiceStatus.choices)
    reason_code = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["status"],
                condition=Q(status__in=["DISPUTED", "SUSPENDED", "REFUSED", "REJECTED"]),
                name="einvoice_wanting_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.status}"


class EInvoiceEvent(models.Model):
    """One status of an invoice, received or sent. Never changed.

    :ivar amount: what it concerns (dispute, partial approval) or what came in (cashed; negative when it went back)
    :ivar external_id: the platform's own name of the message: known once, heard once
    :ivar allocation: the match that a receipt of ours reports, so that each is reported once
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="einvoice_events")
    status = models.CharField(max_length=22, choices=EInvoiceStatus.choices)
    reason_code = models.CharField(max_length=20, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    comment = models.CharField(max_length=500, blank=True)
    # VAT of a receipt by rate: [{"rate", "base", "vat"}].
    vat = models.JSONField(default=list, blank=True)
    happened_at = models.DateTimeField()
    outgoing = models.BooleanField(default=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001 - unique where known
    allocation = models.OneToOneField(
        "invoicing.Allocation", null=True, blank=True, on_delete=models.PROTECT, related_name="einvoice_event"
    )
    # Keys of the disputed amounts that it opened: an approval ends them.
    disputed = ArrayField(models.BigIntegerField(), default=list, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "external_id"], name="einvoice_message_heard_once"),
            models.CheckConstraint(
                condition=~Q(status__in=["DISPUTED", "SUSPENDED", "REFUSED", "REJECTED"])
                | ~Q(reason_code=""),
                name="einvoice_status_with_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(allocation=None) | Q(status="CASHED", outgoing=True, amount__isnull=False),
                name="einvoice_receipt_is_sent_by_us",
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gt=0) | Q(status="CASHED"),
                name="einvoice_amount_positive",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(outgoing=True, sent_at=None), name="einvoice_to_send"),
        ]
        triggers = [
            pgtrigger.Protect(name="einvoice_event_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="einvoice_event_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "invoice", "status", "reason_code", "amount", "comment", "vat", "happened_at", "outgoing",
                    "external_id", "disputed", "allocation", "recorded_at", "recorded_by",
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.status}"
