"""What a company makes of each anomaly, and what an invoice was issued with in spite of."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Company
from invoicing.document_models import Invoice

from .policy import Anomaly, Severity


class AnomalyRule(models.Model):
    """What an anomaly does in a company, where it is not what it does everywhere."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="anomaly_rules")
    code = models.CharField(max_length=30, choices=Anomaly.choices)
    severity = models.CharField(max_length=5, choices=Severity.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="one_anomaly_rule_per_code"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.severity}"


class InvoiceAnomaly(models.Model):
    """An anomaly an invoice was issued with: noted, or seen and acknowledged. A later dispute points back to it."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="anomalies")
    code = models.CharField(max_length=30, choices=Anomaly.choices)
    place = models.CharField(max_length=60)
    figures = models.JSONField(default=dict)
    severity = models.CharField(max_length=5, choices=Severity.choices)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    noted_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "invoice anomalies"
        constraints = [
            models.CheckConstraint(
                condition=Q(severity="note", acknowledged_by=None)
                | Q(severity="warn", acknowledged_by__isnull=False),
                name="anomaly_issued_with_was_seen",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="invoice_anomaly_immutable", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.code}"
