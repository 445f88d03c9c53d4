"""Statements of account that clients get at the end of a month, where the company or the client wants them."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.models import Company, CustomerAccount, User, documents_of
from o2c.shared.models import OutboxMessage


class AccountStatementQuerySet(models.QuerySet["AccountStatement"]):
    """Chainable readings of statements that left."""

    def visible_to(self, user: User, company: Company | None = None) -> AccountStatementQuerySet:
        """Statements of the clients this user may see."""
        return self.filter(documents_of(user, company))


class AccountStatement(models.Model):
    """The statement of one client for one month, with the message that took it there. Never changed.

    :ivar month: its first day; the statement says what is open at the end of its last
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="statements")
    month = models.DateField()
    message = models.OneToOneField(OutboxMessage, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = AccountStatementQuerySet.as_manager()

    class Meta:
        ordering = ["-month", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "month"], name="one_statement_per_client_and_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="client_statement_of_a_month"),
        ]
        indexes = [models.Index(fields=["company", "-month"], name="client_statement_by_month")]
        triggers = [
            pgtrigger.Protect(
                name="client_statement_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m}"
