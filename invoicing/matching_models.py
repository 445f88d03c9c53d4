"""Matching: what a company asks of it, which discounts it grants, what was matched together."""

from __future__ import annotations

from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount


class MatchingRules(models.Model):
    """What a company asks of matching; one without a row matches nothing by itself and tolerates 1.00."""

    company = models.OneToOneField(Company, on_delete=models.PROTECT, related_name="matching_rules")
    is_automatic = models.BooleanField(_("match sure payments automatically"), default=False)
    confidence = models.DecimalField(
        _("from this confidence on"), max_digits=3, decimal_places=2, default=Decimal("0.90")
    )
    tolerance = models.DecimalField(
        _("difference written off at most"), max_digits=6, decimal_places=2, default=Decimal("1.00")
    )

    class Meta:
        verbose_name_plural = "matching rules"
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence__gte=Decimal("0.50"), confidence__lte=1),
                name="matching_confidence_is_a_share",
            ),
            models.CheckConstraint(condition=Q(tolerance__gte=0), name="matching_tolerance_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.company_id)


class CashDiscount(models.Model):
    """A discount for early payment that a company grants: to one client, or to all that have none of their own."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="cash_discounts")
    account = models.ForeignKey(
        CustomerAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="cash_discounts"
    )
    percent = models.DecimalField(_("percent"), max_digits=4, decimal_places=2)
    days = models.PositiveSmallIntegerField(_("days after the issue"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "account"], name="one_cash_discount_per_client", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lt=100), name="cash_discount_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % / {self.days}"


class Matching(models.Model):
    """What one act matched together: its matches, and the differences let go with them.

    Whoever undoes a match of it finds here what was written off or discounted for it.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(
        "invoicing.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="matchings"
    )
    # Given by whoever asks, so that asking twice matches once.
    key = models.CharField(max_length=80)
    content_hash = models.CharField(max_length=64)
    allocations = ArrayField(models.BigIntegerField(), default=list)
    # Items made for the differences: discount, write-off, exchange.
    differences = ArrayField(models.BigIntegerField(), default=list, blank=True)
    is_automatic = models.BooleanField(default=False)
    score = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)
    reasons = models.JSONField(default=list, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "key"], name="matching_asked_once"),
            models.CheckConstraint(
                condition=Q(is_automatic=True, made_by=None, score__isnull=False)
                | Q(is_automatic=False, made_by__isnull=False),
                name="matching_by_somebody_or_automatic",
            ),
        ]
        indexes = [
            GinIndex(fields=["allocations"], name="matching_by_allocation"),
        ]
        triggers = [
            pgtrigger.Protect(name="matching_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.key
