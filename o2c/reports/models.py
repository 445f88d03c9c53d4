"""Who answers for which process, and what was told each of them of which month."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Company, User
from o2c.shared.models import OutboxMessage

from .enums import StatementKind, SubjectKind


class ProcessOwner(models.Model):
    """Who is told each month of a department, a branch of causes, or a topic of satisfaction (domain.md 7.5).

    :ivar subject: a ``Department``, a branch of ``RootCause``, or a ``CallTopic``
    :ivar since: the first day of the ownership; months that ended before it are nobody's debt
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=SubjectKind.choices)
    subject = models.CharField(max_length=30)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="processes")
    since = models.DateField()

    class Meta:
        ordering = ["kind", "subject"]
        constraints = [
            models.UniqueConstraint(fields=["company", "kind", "subject"], name="one_owner_per_process")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class StatementQuerySet(models.QuerySet["MonthlyStatement"]):
    """Chainable readings of statements."""

    def visible_to(self, user: User, company: Company | None = None) -> StatementQuerySet:
        """One's own; those of a company for whoever holds its committee, sets its policy or audits it."""
        rows = self if company is None else self.filter(company=company)
        reads = any(
            user.may(right, company) for right in ("disputes.committee", "policy.change", "audit.view")
        )
        return rows if company is not None and reads else rows.filter(owner=user)


class MonthlyStatement(models.Model):
    """What one process owner was told of one month, with its figures, its files and its message. Never changed.

    :ivar month: its first day
    :ivar subjects: what it covers, as ``kind:subject``
    :ivar figures: as they were told, amounts in the company's currency
    :ivar files: as ``outbox_files.Attachment`` writes them
    :ivar asked_by: who sent it by hand; None where the clock did
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=StatementKind.choices)
    month = models.DateField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="statements")
    subjects = models.JSONField()
    figures = models.JSONField()
    files = models.JSONField()
    language = models.CharField(max_length=2)
    message = models.OneToOneField(OutboxMessage, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = StatementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "kind", "month", "owner"], name="one_statement_per_month_and_owner"
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="statement_of_a_month"),
        ]
        indexes = [models.Index(fields=["company", "-month"], name="statement_by_month")]
        triggers = [
            pgtrigger.Protect(name="statement_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.month:%Y-%m} {self.owner_id}"
