"""The agreement with a company's factor and its word on each debtor (domain.md 4.7)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Company, LegalEntity

from ..enums import FactorWord


class FactorAgreement(models.Model):
    """What a company agreed with its factor from a day on; the row in force is the latest one begun.

    Rows are never changed: other terms are a new row. What was sold keeps the terms it was sold under.

    :ivar with_recourse: what a debtor does not pay comes back to us
    :ivar is_notified: debtors are told to pay the factor, which also reminds them; else they go on paying us
    :ivar guarantee_fund_pct: share of what is sold that the factor keeps back until it is paid
    :ivar advance_pct: share of what it finances that it pays at once
    :ivar commission_pct: its price, in percent of what is sold; at least ``minimum_commission`` a year
    :ivar max_term_days: the longest term it takes, from issue to due date
    :ivar max_overdue_days: what is late by more is not taken
    :ivar takes_public: it also takes what public bodies and private persons owe
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    factor = models.CharField(max_length=120)
    number = models.CharField(max_length=60)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    with_recourse = models.BooleanField()
    is_notified = models.BooleanField()
    guarantee_fund_pct = models.DecimalField(max_digits=5, decimal_places=2)
    advance_pct = models.DecimalField(max_digits=5, decimal_places=2)
    commission_pct = models.DecimalField(max_digits=5, decimal_places=2)
    minimum_commission = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    max_term_days = models.PositiveSmallIntegerField()
    max_overdue_days = models.PositiveSmallIntegerField()
    takes_public = models.BooleanField(default=False)
    # Where debtors pay where they are told; empty: they are not.
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    # Who that is in the register: the payee of the invoices of notified debtors (BT-61).
    siren = models.CharField("SIREN", max_length=9, blank=True, db_default="")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "valid_from"], name="one_factor_agreement_per_day"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="factor_agreement_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(guarantee_fund_pct__gte=0, guarantee_fund_pct__lt=100)
                & Q(advance_pct__gt=0, advance_pct__lte=100)
                & Q(commission_pct__gte=0, commission_pct__lte=100),
                name="factor_shares_of_a_hundred",
            ),
            models.CheckConstraint(condition=Q(max_term_days__gt=0), name="factor_takes_some_term"),
            models.CheckConstraint(
                condition=Q(is_notified=False) | ~Q(iban=""), name="notified_factor_has_an_account"
            ),
            models.CheckConstraint(
                condition=Q(siren__regex=r"^(\d{9})?$"), name="factor_siren_of_nine_digits"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="factor_agreement_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.factor} {self.number} from {self.valid_from}"


class FactorApproval(models.Model):
    """Up to how much a factor takes what a legal entity owes, from a day on; the latest word begun counts.

    Dated rows that are never changed. A reduction takes effect on its day: what was sold before stays sold.
    """

    agreement = models.ForeignKey(FactorAgreement, on_delete=models.PROTECT, related_name="approvals")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="factor_approvals")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=9, choices=FactorWord.choices)
    effective_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "entity", "effective_on"], name="one_factor_approval_per_entity_and_day"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["APPROVED", "REDUCED"], amount__gt=0)
                | Q(status__in=["REFUSED", "CANCELLED"], amount=0),
                name="factor_approval_amount_fits_its_word",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("effective_on")),
                name="factor_approval_ends_after_start",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="factor_approval_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity_id} {self.status} {self.amount} from {self.effective_on}"

    @property
    def badge(self) -> str:
        """The badge of what the factor says."""
        return f"factor_{self.status.lower()}"
