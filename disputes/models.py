"""What clients contest: the case, its lines on items, its history, its evidence and the days agreed per type."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User, documents_of
from invoicing.models import CreditNoteRequest, DisputedAmount, ReceivableItem

from .committee_models import Attendance, Committee, CommitteeDecision, CommitteeMember
from .enums import (
    Department,
    DisputeOrigin,
    DisputeOutcome,
    DisputeStatus,
    DisputeType,
    RootCause,
    StepKind,
)
from .link_models import ResolverLink, ResolverLinkAct

__all__ = [
    "Attendance",
    "Committee",
    "CommitteeDecision",
    "CommitteeMember",
    "Dispute",
    "DisputeCosting",
    "DisputeCredit",
    "DisputeEvidence",
    "DisputeLine",
    "DisputeRule",
    "DisputeSeries",
    "DisputeStep",
    "ResolverLink",
    "ResolverLinkAct",
]

_ENDED = [DisputeStatus.CLOSED, DisputeStatus.REJECTED, DisputeStatus.WITHDRAWN]
_DECIDED = [DisputeStatus.RESOLVED, DisputeStatus.CLOSED, DisputeStatus.REJECTED]


class DisputeSeries(models.Model):
    """The next number of a company's disputes in a year, under the row's lock."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name_plural = "dispute series"
        constraints = [
            models.UniqueConstraint(fields=["company", "year"], name="one_dispute_series_per_year")
        ]

    def __str__(self) -> str:
        return f"LIT-{self.year}"


class DisputeRule(models.Model):
    """How many days a company agrees to for a type, and which department has the answer (domain.md 7.1)."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=20, choices=DisputeType.choices)
    department = models.CharField(max_length=10, choices=Department.choices)
    agreed_days = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "type"], name="one_dispute_rule_per_type"),
            models.CheckConstraint(
                condition=Q(agreed_days__gte=1, agreed_days__lte=365), name="dispute_rule_days_of_a_year"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.agreed_days}"


class DisputeCosting(models.Model):
    """What an hour spent on disputes costs a company, in its currency."""

    company = models.OneToOneField(Company, primary_key=True, on_delete=models.PROTECT, related_name="+")
    hour_rate = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(hour_rate=None) | Q(hour_rate__gt=0), name="hour_of_disputes_costs_something"
            )
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.hour_rate}"


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Chainable readings of disputes."""

    def visible_to(self, user: User, company: Company | None = None) -> DisputeQuerySet:
        """Disputes of the clients this user may see, without those about colleagues' sales."""
        found = self.filter(documents_of(user, company))
        if user.sees_every_sale(company):
            return found
        seen = ReceivableItem.objects.visible_to(user, company)
        return found.exclude(lines__in=DisputeLine.objects.exclude(item__in=seen))

    def open(self) -> DisputeQuerySet:
        """Those whose amount is contested still."""
        return self.exclude(status__in=_ENDED)


class Dispute(models.Model):
    """A case: who contests what, who answers by when, and how it ended. Its lines say how much of which item."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="disputes")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="disputes")
    number = models.CharField(_("number"), max_length=40)
    type = models.CharField(max_length=20, choices=DisputeType.choices)
    origin = models.CharField(max_length=14, choices=DisputeOrigin.choices)
    status = models.CharField(max_length=16, choices=DisputeStatus.choices, default=DisputeStatus.OPEN)
    currency = models.CharField(max_length=3)
    # What was disputed when the case was opened, or opened again; its lines add up to it.
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    description = models.TextField(blank=True)
    is_urgent = models.BooleanField(default=False)
    opened_on = models.DateField()
    opened_at = models.DateTimeField()
    # None where a platform, a file or the client said so.
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    department = models.CharField(max_length=10, choices=Department.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="disputes_owned",
    )
    agreed_due_on = models.DateField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    first_answer_due_on = models.DateField()
    first_answered_at = models.DateTimeField(null=True, blank=True)
    proposal = models.TextField(blank=True)
    outcome = models.CharField(max_length=13, choices=DisputeOutcome.choices, blank=True)
    outcome_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    outcome_reason = models.TextField(blank=True)
    root_cause = models.CharField(max_length=30, choices=RootCause.choices, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    times_reopened = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = DisputeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="dispute_number_once_per_company"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(
                condition=Q(status__in=_ENDED, closed_on__isnull=False)
                | (~Q(status__in=_ENDED) & Q(closed_on=None)),
                name="dispute_ended_with_its_day",
            ),
            models.CheckConstraint(
                condition=Q(status__in=_DECIDED, decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(outcome="")
                & ~Q(root_cause="")
                | (~Q(status__in=_DECIDED) & Q(outcome="", outcome_amount=None)),
                name="dispute_decided_with_outcome_and_cause",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[DisputeStatus.OPEN, DisputeStatus.WITHDRAWN, DisputeStatus.REJECTED])
                | Q(owner__isnull=False, agreed_due_on__isnull=False)
                | Q(status=DisputeStatus.REOPENED),
                name="dispute_qualified_with_owner_and_date",
            ),
            models.CheckConstraint(
                condition=Q(agreed_due_on=None) | Q(agreed_due_on__gte=F("opened_on")),
                name="dispute_agreed_date_after_opening",
            ),
            models.CheckConstraint(condition=Q(times_reopened__lte=1), name="dispute_reopened_once"),
            models.CheckConstraint(
                condition=Q(outcome_amount=None) | Q(outcome_amount__gte=0, outcome_amount__lte=F("amount")),
                name="dispute_outcome_within_the_amount",
            ),
        ]
        indexes = [
            models.Index(
                fields=["company", "agreed_due_on"],
                condition=~Q(status__in=_ENDED),
                name="dispute_open_by_date",
            ),
            models.Index(fields=["account", "-opened_on"], name="dispute_by_account"),
            models.Index(fields=["owner"], condition=~Q(status__in=_ENDED), name="dispute_open_by_owner"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The page of the case."""
        return reverse("disputes:detail", args=[self.number])

    @property
    def badge(self) -> str:
        """The code under which its state is drawn (``o2c.shared.badges``)."""
        return f"dispute_{self.status.lower()}"


class DisputeLine(models.Model):
    """How much of which item a case contests; ``contested`` is the dated row that every reading of the book uses."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey(ReceivableItem, on_delete=models.PROTECT, related_name="dispute_lines")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    contested = models.OneToOneField(DisputedAmount, on_delete=models.PROTECT, related_name="dispute_line")
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_line_amount_positive"),
            models.UniqueConstraint(
                fields=["dispute", "item"],
                condition=Q(closed_on=None),
                name="one_open_line_per_item_of_a_dispute",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="dispute_lines_within_the_item",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("amount", "item_id", "closed_on"),
                condition=pgtrigger.Condition("NEW.closed_on IS NULL"),
                declare=[("owed", "numeric"), ("contested", "numeric")],
                func="""
                    SELECT amount INTO owed FROM invoicing_receivableitem WHERE id = NEW.item_id;
                    SELECT SUM(amount) INTO contested FROM disputes_disputeline
                    WHERE item_id = NEW.item_id AND closed_on IS NULL;
                    IF contested > owed THEN
                        RAISE EXCEPTION 'of item % with % more is contested: %', NEW.item_id, owed, contested
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'dispute_lines_within_the_item';
                    END IF;
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="dispute_line_is_its_contested_amount",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("amount", "item_id", "contested_id"),
                declare=[("found", "integer")],
                func="""
                    SELECT 1 INTO found FROM invoicing_disputedamount
                    WHERE id = NEW.contested_id AND item_id = NEW.item_id AND amount = NEW.amount;
                    IF found IS NULL THEN
                        RAISE EXCEPTION 'dispute line of item % is not its contested amount', NEW.item_id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'dispute_line_is_its_contested_amount';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.amount}"


class DisputeStep(models.Model):
    """A line of a case's history: a state entered, a comment, an answer to the client, a piece of evidence."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=8, choices=StepKind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The link that somebody without an account came by (``o2c.shared.links``).
    through = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=16, choices=DisputeStatus.choices)
    text = models.TextField(blank=True)
    # What it took, where somebody says it.
    hours = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["dispute", "at"], name="dispute_step_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(hours=None) | Q(hours__gt=0), name="dispute_step_hours_positive"
            )
        ]
        triggers = [
            pgtrigger.Protect(name="dispute_step_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.status}"


class DisputeEvidence(models.Model):
    """A file that proves something of a case: a delivery note, a photo, a letter."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="evidence")
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    file = models.FileField(upload_to="disputes/%Y/%m/")
    # None where it came through a link.
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="dispute_evidence_not_empty")]

    def __str__(self) -> str:
        return self.name


class DisputeCredit(models.Model):
    """A credit note that an outcome asked for: issued at once, or waiting for somebody with more authority."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="credits")
    request = models.OneToOneField(CreditNoteRequest, on_delete=models.PROTECT, related_name="dispute_credit")

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.request_id}"
