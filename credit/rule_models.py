"""What a company's people may decide, and what its risk classes allow: rows that count from a day on (domain.md 5.1,
5.4)."""

from __future__ import annotations

from datetime import date
from typing import Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.enums import RiskClass
from accounts.models import Company

# The day the rules that come with the portal count from.
ALWAYS: Final = date(2000, 1, 1)


class DelegationRule(models.Model):
    """What one level may decide alone (domain.md 5.4) from a day on; an empty amount has no upper bound.

    The common rows come with the portal. A company's own is asked for by one person and counts once another has agreed;
    it is never changed: the latest one begun counts, so that every past day keeps what it allowed.
    """

    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    level = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=40)
    release_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    release_pct = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    release_with_overdue = models.BooleanField(default=True)
    limit_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    write_off_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    effective_from = models.DateField(default=ALWAYS, db_default=ALWAYS)
    reason = models.TextField(blank=True, default="", db_default="")
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    set_at = models.DateTimeField(null=True, blank=True)
    # The other person, and what they answered.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    is_accepted = models.BooleanField(null=True, blank=True)
    decision_reason = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "level"],
                condition=Q(set_by=None),
                name="one_delegation_rule_per_level",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["company", "level"],
                condition=Q(set_by__isnull=False, decided_by=None),
                name="one_delegation_change_waits_per_level",
            ),
            models.CheckConstraint(
                condition=Q(set_by=None, set_at=None, decided_by=None)
                | (Q(set_by__isnull=False, set_at__isnull=False, company__isnull=False) & ~Q(reason="")),
                name="delegation_change_by_somebody_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, is_accepted=None)
                | Q(decided_by__isnull=False, decided_at__isnull=False, is_accepted__isnull=False),
                name="delegation_change_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("set_by")), name="delegation_change_four_eyes"
            ),
            models.CheckConstraint(
                condition=(Q(release_amount=None) | Q(release_amount__gte=0))
                & (Q(limit_amount=None) | Q(limit_amount__gte=0))
                & (Q(write_off_amount=None) | Q(write_off_amount__gte=0)),
                name="delegation_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(release_pct=None) | Q(release_pct__gt=0, release_pct__lte=100),
                name="delegation_share_of_a_hundred",
            ),
        ]
        ordering = ["level"]
        triggers = [
            pgtrigger.Protect(
                name="delegation_change_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "company", "level", "role", "release_amount", "release_pct", "release_with_overdue",
                    "limit_amount", "write_off_amount", "reason", "set_by", "set_at",
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.level} {self.role}"


class ThresholdChange(models.Model):
    """What a company allows one risk class from a day on, all of it; the latest one begun counts (domain.md 5.1).

    Before the first, the rows that come with the portal count (``RiskPolicy``). Never changed: other thresholds are
    another row.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    risk_class = models.CharField(max_length=1, choices=RiskClass.choices)
    overdue_days = models.PositiveSmallIntegerField()
    overdue_floor = models.DecimalField(max_digits=12, decimal_places=2)
    grace_days = models.PositiveSmallIntegerField()
    overdue_pct = models.DecimalField(max_digits=5, decimal_places=2)
    overdue_cap = models.DecimalField(max_digits=12, decimal_places=2)
    dispute_pct = models.DecimalField(max_digits=5, decimal_places=2)
    tolerance_pct = models.DecimalField(max_digits=5, decimal_places=2)
    tolerance_amount = models.DecimalField(max_digits=12, decimal_places=2)
    unusual_factor = models.DecimalField(max_digits=5, decimal_places=2)
    unusual_min_orders = models.PositiveSmallIntegerField()
    new_account_days = models.PositiveSmallIntegerField()
    effective_from = models.DateField()
    reason = models.TextField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="threshold_change_has_a_reason"),
            models.CheckConstraint(
                condition=Q(risk_class__in=RiskClass.values), name="threshold_change_of_a_known_class"
            ),
            models.CheckConstraint(
                condition=Q(
                    overdue_floor__gte=0, overdue_cap__gte=0, tolerance_amount__gte=0, overdue_pct__gte=0,
                    overdue_pct__lte=100, dispute_pct__gte=0, dispute_pct__lte=100, tolerance_pct__gte=0,
                    tolerance_pct__lte=100, unusual_factor__gte=1, unusual_min_orders__gte=1,
                ),
                name="threshold_change_within_bounds",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["company", "risk_class", "-effective_from"], name="threshold_of_a_day")
        ]
        triggers = [
            pgtrigger.Protect(
                name="threshold_change_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.risk_class} {self.effective_from}"
