"""How far we trust: limits and their requests, blocks and watches, thresholds, authority, kept decisions."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Company, CustomerAccount, LegalEntity

from .alert_models import CreditAlert
from .enums import CoverStatus, Level, Verdict
from .factoring.models import FactorAgreement, FactorApproval
from .guarantee_models import Guarantee
from .horizon_models import OrderHorizon
from .insurance_models import InsurancePolicy
from .legal_models import LegalNotice
from .limit_models import CreditLimit, LimitRequest, TemporaryLimit
from .notes.models import ClientNote
from .part_limit_models import PartLimit
from .proof_models import DecisionDocument
from .rule_models import DelegationRule, ThresholdChange
from .scorecard.models import ClassOverride, EntityFacts, FinancialStatement, ScoreCard
from .signature_models import LimitSignature
from .switch_models import ExposureSwitch
from .written_models import (
    CreditPolicyDraft,
    CreditPolicyVersion,
    DraftArticle,
    PolicyAcknowledgement,
    PolicyArticle,
)

__all__ = [
    "AccountBlock",
    "AccountWatch",
    "BuyerCover",
    "ClassOverride",
    "ClientNote",
    "CreditAlert",
    "CreditDecision",
    "CreditLimit",
    "CreditLock",
    "CreditPolicyDraft",
    "CreditPolicyVersion",
    "CreditStanding",
    "DecisionDocument",
    "DelegationRule",
    "DraftArticle",
    "EntityFacts",
    "ExposureSnapshot",
    "ExposureSwitch",
    "FactorAgreement",
    "FactorApproval",
    "FinancialStatement",
    "Guarantee",
    "InsurancePolicy",
    "LegalNotice",
    "LimitRequest",
    "LimitSignature",
    "NightlyRun",
    "OrderHorizon",
    "PartLimit",
    "PolicyAcknowledgement",
    "PolicyArticle",
    "RiskPolicy",
    "ScoreCard",
    "TemporaryLimit",
    "ThresholdChange",
]


class CreditLock(models.Model):
    """One row per account, entity and group: whoever uses its credit locks it first (ADR 0004)."""

    level = models.PositiveSmallIntegerField(choices=Level.choices)
    # No foreign key: its insert would lock the parent row that other acts hold.
    target_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "target_id"], name="one_credit_lock_per_target")
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} {self.target_id}"


class _DatedFlag(models.Model):
    """Base of block and watch: opened with a reason, reviewed, lifted."""

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="%(class)ss")
    reason = models.TextField()
    review_on = models.DateField(null=True, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.account_id} since {self.set_at:%Y-%m-%d}"


class AccountBlock(_DatedFlag):
    """A freeze of the whole account, with its reason; no copy, import or API call gets round it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(lifted_at=None), name="one_active_block"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="block_lifted_by_somebody",
            ),
        ]


class AccountWatch(_DatedFlag):
    """An account under watch (mise sous surveillance), with its reason and review date."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(lifted_at=None), name="one_active_watch"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="watch_lifted_by_somebody",
            ),
        ]


class RiskPolicy(models.Model):
    """Thresholds of the check for one risk class; a company's own row wins over the common one (domain.md 5.1)."""

    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    risk_class = models.CharField(max_length=1, choices=RiskClass.choices)
    overdue_days = models.PositiveSmallIntegerField()
    overdue_floor = models.DecimalField(max_digits=12, decimal_places=2, default=100)
    grace_days = models.PositiveSmallIntegerField(default=2)
    overdue_pct = models.DecimalField(max_digits=5, decimal_places=2, default=10)
    overdue_cap = models.DecimalField(max_digits=12, decimal_places=2, default=5000)
    dispute_pct = models.DecimalField(max_digits=5, decimal_places=2, default=20)
    tolerance_pct = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    tolerance_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    unusual_factor = models.DecimalField(max_digits=5, decimal_places=2, default=2)
    unusual_min_orders = models.PositiveSmallIntegerField(default=3)
    new_account_days = models.PositiveSmallIntegerField(default=180)
    # Whether an order of this class waits until there is evidence that the client ordered.
    evidence_required = models.BooleanField(default=False, db_default=False)
    # The most that is suggested as a base limit, incl. VAT; nothing where the class has no cap (domain.md 4.3).
    limit_cap = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    # Months after which a base limit is looked at again.
    review_months = models.PositiveSmallIntegerField(default=12, db_default=12)

    # What is lost on average of sales to the class, in percent; shown beside decisions, it decides nothing.
    loss_pct = models.DecimalField(max_digits=5, decimal_places=2, default=0, db_default=0)

    class Meta:
        verbose_name_plural = "risk policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(loss_pct__gte=0, loss_pct__lte=100), name="loss_between_0_and_100"
            ),
            models.CheckConstraint(
                condition=Q(limit_cap=None) | Q(limit_cap__gte=0), name="limit_cap_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(review_months__gte=1, review_months__lte=24), name="review_within_two_years"
            ),
            models.UniqueConstraint(
                fields=["company", "risk_class"], name="one_risk_policy_per_class", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.risk_class


class CreditDecision(models.Model):
    """The answer of one check with all figures it saw; kept for good, later marked paid, late or lost."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("Open")
        PAID = "paid", _("Paid on time")
        LATE = "late", _("Paid late")
        LOST = "lost", _("Lost")

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="decisions")
    # The order's key and number: orders stand to the right, so no foreign key.
    order_id = models.BigIntegerField(null=True)
    order_number = models.CharField(max_length=60, blank=True)
    occasion = models.CharField(max_length=20)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    verdict = models.CharField(max_length=6, choices=Verdict.choices)
    over_limit_by = models.DecimalField(max_digits=14, decimal_places=2)
    figures = models.JSONField()
    decided_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=5, choices=Outcome.choices, default=Outcome.OPEN)
    # The written policy in force then; none while the company had published none.
    policy_version = models.ForeignKey(
        CreditPolicyVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Days after its due date on which the latest part was paid, or by which it is late; less than zero when early,
    # nothing while nothing is invoiced. Of decisions that released an order.
    days_late = models.IntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "-decided_at"], name="decision_by_account"),
            models.Index(fields=["order_id", "-decided_at"], name="decision_by_order"),
            # Every check that holds asks what was released of late.
            models.Index(
                fields=["account", "decided_at"],
                condition=Q(occasion="release"),
                name="decision_release_by_account",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="decision_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="decision_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "figures", "verdict", "amount", "over_limit_by", "decided_at", "account", "policy_version"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.amount} {self.currency}"


class CreditStanding(models.Model):
    """Last known figures of an account, entity or group, for lists and alerts only: nothing decides on it."""

    level = models.PositiveSmallIntegerField(choices=Level.choices)
    target_id = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # One amount for each of ``formulas.PART_CODES``, in that order; empty above the accounts.
    parts = ArrayField(models.DecimalField(max_digits=16, decimal_places=2), default=list)
    gross_exposure = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    net_exposure = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    overdue = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    oldest_due = models.DateField(null=True)
    disputed = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    on_hold_orders = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    limit_kind = models.CharField(max_length=10, default="none")
    effective_limit = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    # What the guarantees of this level count for, and above the accounts what those that owe anything owe together:
    # each has its share of a guarantee by what it owes.
    guarantees = models.DecimalField(max_digits=16, decimal_places=2, default=0, db_default=0)
    owing = models.DecimalField(max_digits=16, decimal_places=2, default=0, db_default=0)
    # At this level alone, and the least over all levels that hold a decision (of an account).
    level_available = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    available = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "target_id"], name="one_standing_per_target")]
        indexes = [models.Index(fields=["level", "available"], name="standing_by_available")]

    def __str__(self) -> str:
        return f"{self.level} {self.target_id} {self.net_exposure}"


class ExposureSnapshot(models.Model):
    """The figures of a target at the end of a day; a new row only when they changed since the last one.

    Kept in one table per month of ``day`` (ADR 0009, ``snapshots.make_months``); columns as in ``CreditStanding``.
    """

    pk = models.CompositePrimaryKey("level", "target_id", "day")
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    target_id = models.BigIntegerField()
    day = models.DateField()
    currency = models.CharField(max_length=3)
    parts = ArrayField(models.DecimalField(max_digits=16, decimal_places=2), default=list)
    gross_exposure = models.DecimalField(max_digits=16, decimal_places=2)
    net_exposure = models.DecimalField(max_digits=16, decimal_places=2)
    overdue = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    oldest_due = models.DateField(null=True)
    disputed = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    on_hold_orders = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    limit_kind = models.CharField(max_length=10, default="none")
    effective_limit = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    guarantees = models.DecimalField(max_digits=16, decimal_places=2, default=0, db_default=0)
    owing = models.DecimalField(max_digits=16, decimal_places=2, default=0, db_default=0)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.level} {self.target_id} {self.day}"


class NightlyRun(models.Model):
    """One recalculation of a day: its ranges, what it found, how long it took (design 3.14)."""

    day = models.DateField()
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    ranges = models.PositiveIntegerField(default=0)
    ranges_done = models.PositiveIntegerField(default=0)
    accounts = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    differences = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.day}"


class BuyerCover(models.Model):
    """What a company's insurer covers of a legal entity from a day on; the row in force is the latest one begun.

    Dated rows that are never changed: a new word of the insurer is a new row.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="covers")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    insured_pct = models.DecimalField(max_digits=5, decimal_places=2)
    status = models.CharField(max_length=10, choices=CoverStatus.choices)
    effective_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "entity", "effective_on"], name="one_cover_per_entity_and_day"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="cover_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(insured_pct__gte=0, insured_pct__lte=100), name="cover_percentage_of_a_hundred"
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("effective_on")),
                name="cover_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(status__in=CoverStatus.values), name="cover_status_is_known"),
        ]
        triggers = [
            pgtrigger.Protect(name="cover_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.entity_id} {self.status} {self.amount} from {self.effective_on}"

    @property
    def badge(self) -> str:
        """The badge of what the insurer says."""
        return f"cover_{self.status.lower()}"
