"""Which messages took a document to its client, address by address."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.enums import ContactRole
from o2c.shared.models import OutboxMessage

from .document_models import Invoice


class DocumentMail(models.Model):
    """One document on its way to one address; sent again, the new row supersedes the old one.

    :ivar role: of the contact that the address belonged to
    :ivar asked_by: nobody where it left by itself after issue
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="mails")
    message = models.OneToOneField(OutboxMessage, on_delete=models.PROTECT, related_name="document_mail")
    address = models.CharField(max_length=254)
    role = models.CharField(max_length=20, choices=ContactRole.choices)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "address"],
                condition=Q(superseded_at=None),
                name="document_on_one_way_to_an_address",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="document_mail_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="document_mail_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "invoice", "message", "address", "role", "asked_by", "asked_at"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} → {self.address}"
