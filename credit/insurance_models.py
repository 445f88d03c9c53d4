"""The credit insurance policy of a company (domain.md 4.6)."""

from __future__ import annotations

from datetime import date

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Company


class InsurancePolicy(models.Model):
    """What a company's credit insurer asks and grants from a day on; the row in force is the latest one begun.

    Rows are never changed: other terms are a new row. Covers of buyers named by the insurer are ``BuyerCover``; a
    buyer without any has the blind cover, where the policy grants one and nothing of the buyer is late.

    :ivar aggregate_cap: the most the insurer pays in all in a year of the policy, in the company's currency; None
        where it names none
    :ivar year_from: a day on which a year of the policy begins, of any year; None: the day the terms begin
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    insurer = models.CharField(max_length=120)
    number = models.CharField(max_length=60)
    valid_from = models.DateField()
    # Whether covers count on amounts including VAT.
    vat_insured = models.BooleanField(default=False)
    # How long after the original due date the insured may wait: later deliveries are not covered.
    extension_days = models.PositiveSmallIntegerField(default=60)
    # By when an unpaid invoice must be declared, counted from its original due date.
    declaration_days = models.PositiveSmallIntegerField(default=60)
    # By when insolvency proceedings are declared, counted from their publication.
    insolvency_days = models.PositiveSmallIntegerField(default=10, db_default=10)
    waiting_days = models.PositiveSmallIntegerField(default=90)
    max_term_days = models.PositiveSmallIntegerField(null=True, blank=True)
    blind_limit = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    blind_pct = models.DecimalField(max_digits=5, decimal_places=2, default=90)
    aggregate_cap = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    year_from = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "insurance policies"
        constraints = [
            models.UniqueConstraint(fields=["company", "valid_from"], name="one_insurance_policy_per_day"),
            models.CheckConstraint(
                condition=Q(blind_limit=None) | Q(blind_limit__gt=0), name="blind_cover_is_something"
            ),
            models.CheckConstraint(
                condition=Q(blind_pct__gt=0, blind_pct__lte=100), name="blind_share_of_a_hundred"
            ),
            models.CheckConstraint(
                condition=Q(extension_days__gt=0, declaration_days__gt=0, insolvency_days__gt=0),
                name="insurance_days_are_some",
            ),
            models.CheckConstraint(
                condition=Q(aggregate_cap=None) | Q(aggregate_cap__gt=0), name="insurance_cap_is_something"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="insurance_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.insurer} {self.number} from {self.valid_from}"

    @property
    def year_begun(self) -> date:
        """A day on which a year of the policy begins."""
        return self.year_from or self.valid_from
