"""The documents that a decision of a person rested on, kept with it."""

from __future__ import annotations

import pgtrigger
from django.db import models

from accounts.models import CustomerAccount


class DecisionDocument(models.Model):
    """One document behind a figure of a decision, as the book had it at that moment: never changed."""

    decision = models.ForeignKey("credit.CreditDecision", on_delete=models.PROTECT, related_name="documents")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="+")
    # A part of the exposure (``formulas.PART_CODES``), or what stands beside it: contested, on hold.
    part = models.CharField(max_length=30)
    document = models.CharField(max_length=120, blank=True)
    currency = models.CharField(max_length=3)
    # Signed as the exposure shows it: what relieves is negative.
    amount = models.DecimalField(max_digits=16, decimal_places=2)
    due_date = models.DateField(null=True)

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="decision_document_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.document}"
