"""Claim files with the credit insurer: what is claimed, each step, what came of it (domain.md 4.6)."""

from __future__ import annotations

from decimal import Decimal

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Company, CustomerAccount, User, documents_of
from credit.models import InsurancePolicy
from invoicing.scope import own_items

from .enums import ClaimOutcome, ClaimStatus


class InsuranceClaimQuerySet(models.QuerySet["InsuranceClaim"]):
    """Chainable readings of claim files."""

    def visible_to(self, user: User, company: Company | None = None) -> InsuranceClaimQuerySet:
        """Of the clients this user may see, without those of colleagues' sales alone."""
        rows = self.filter(documents_of(user, company))
        if user.sees_every_sale(company):
            return rows
        items = apps.get_model("invoicing", "receivableitem")._base_manager
        own = items.filter(documents_of(user, company)).filter(own_items(user, company))
        return rows.filter(items__item__in=own.values("pk")).distinct()


class InsuranceClaim(models.Model):
    """Documents of one client that the credit insurer was told of; never deleted.

    :ivar policy: the terms in force when it was opened
    :ivar is_insolvency: opened because of a judgement: declared at once, paid without waiting
    :ivar deadline: by when the first of its documents had to be told
    :ivar amount: open and not contested of its documents when it was opened, incl. VAT
    :ivar covered: what of that is within the insurer's limits; excl. VAT unless the policy insures it
    :ivar expected: the insurer's share of it, as far as the year's cap left it
    :ivar beyond_cap: what of the insurer's share was beyond the year's cap when it was opened
    :ivar waits_until: from then on the indemnity is due; None until the claim is declared
    :ivar indemnity: what the insurer has paid
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="insurance_claims")
    policy = models.ForeignKey(InsurancePolicy, on_delete=models.PROTECT, related_name="claims")
    number = models.CharField(max_length=30)
    currency = models.CharField(max_length=3)
    is_insolvency = models.BooleanField(default=False)
    told_on = models.DateField()
    deadline = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    covered = models.DecimalField(max_digits=14, decimal_places=2)
    expected = models.DecimalField(max_digits=14, decimal_places=2)
    beyond_cap = models.DecimalField(max_digits=14, decimal_places=2, default=0, db_default=0)
    note = models.CharField(max_length=1000, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=11, choices=ClaimStatus.choices, default=ClaimStatus.THREAT)
    reference = models.CharField(max_length=80, blank=True)
    declared_on = models.DateField(null=True, blank=True)
    waits_until = models.DateField(null=True, blank=True)
    indemnity = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    outcome = models.CharField(max_length=11, choices=ClaimOutcome.choices, blank=True)

    objects = InsuranceClaimQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="one_insurance_claim_per_number"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, covered__gte=0, covered__lte=F("amount"))
                & Q(expected__gte=0, expected__lte=F("covered")),
                name="insurance_claim_within_what_is_open",
            ),
            models.CheckConstraint(
                condition=Q(beyond_cap__gte=0, beyond_cap__lte=F("covered") - F("expected")),
                name="insurance_claim_beyond_cap_of_its_share",
            ),
            models.CheckConstraint(
                condition=Q(indemnity__gte=0, indemnity__lte=F("amount")),
                name="indemnity_within_the_claim",
            ),
            models.CheckConstraint(
                condition=Q(declared_on=None, waits_until=None)
                | Q(declared_on__gte=F("told_on"), waits_until__gte=F("declared_on")),
                name="insurance_claim_declared_after_it_was_told",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["THREAT", "CLOSED"]) | Q(declared_on__isnull=False),
                name="insurance_claim_goes_on_once_declared",
            ),
            models.CheckConstraint(
                condition=Q(status=ClaimStatus.CLOSED) & ~Q(outcome="")
                | ~Q(status=ClaimStatus.CLOSED) & Q(outcome=""),
                name="insurance_claim_closed_for_something",
            ),
        ]
        indexes = [models.Index(fields=["account"], name="insurance_claim_by_account")]
        triggers = [
            pgtrigger.Protect(name="insurance_claim_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="insurance_claim_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "company", "account", "policy", "number", "currency", "is_insolvency", "told_on", "deadline",
                    "amount", "covered", "expected", "beyond_cap", "note", "opened_at", "opened_by",
                ),
            ),
            pgtrigger.Protect(
                name="insurance_claim_closed_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.status = 'CLOSED'"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def badge(self) -> str:
        """The badge of where it stands."""
        return f"insurance_claim_{(self.outcome or self.status).lower()}"

    @property
    def insured(self) -> Decimal:
        """The insurer's share of what was within its limits, before the year's cap."""
        return self.expected + self.beyond_cap

    @property
    def told_late(self) -> bool:
        """Whether the insurer was told after the policy's delay had run out."""
        return self.told_on > self.deadline


class InsuranceClaimItem(models.Model):
    """A document of a claim file; in one file at a time.

    :ivar limit: what the insurer covered of the client when it was issued
    """

    claim = models.ForeignKey(InsuranceClaim, on_delete=models.PROTECT, related_name="items")
    item = models.ForeignKey(
        "invoicing.ReceivableItem", on_delete=models.PROTECT, related_name="insurance_claims"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    due_date = models.DateField()
    limit = models.DecimalField(max_digits=14, decimal_places=2)
    insured_pct = models.DecimalField(max_digits=5, decimal_places=2)
    is_open = models.BooleanField(default=True)

    class Meta:
        ordering = ["due_date", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "item"], name="an_item_once_in_an_insurance_claim"),
            models.UniqueConstraint(
                fields=["item"], condition=Q(is_open=True), name="one_open_insurance_claim_per_item"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="insurance_claim_item_of_something"),
        ]
        triggers = [
            pgtrigger.Protect(name="insurance_claim_item_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="insurance_claim_item_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("claim", "item", "amount", "due_date", "limit", "insured_pct"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.item_id}"

    @property
    def insured_share(self) -> Decimal:
        """The insurer's share of what is covered, of 1."""
        return self.insured_pct / 100


class InsuranceClaimStep(models.Model):
    """What happened to a claim file, in its order. Never changed.

    :ivar amount: of an indemnity; None for every other step
    """

    claim = models.ForeignKey(InsuranceClaim, on_delete=models.PROTECT, related_name="steps")
    status = models.CharField(max_length=11, choices=ClaimStatus.choices)
    on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    words = models.CharField(max_length=1000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=ClaimStatus.INDEMNIFIED, amount__gt=0)
                | ~Q(status=ClaimStatus.INDEMNIFIED) & Q(amount=None),
                name="indemnity_is_something",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="insurance_claim_step_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.status} {self.on}"
