"""Statements of account that clients get at the end of a month, where the company or the client wants them."""

from __future__ import annotations

from typing import Final

import pgtrigger
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Company, CustomerAccount, User, documents_of
from o2c.shared.models import OutboxMessage

State = OutboxMessage.State


class StatementState(models.TextChoices):
    """Where the statement of a client for a month stands."""

    ON_ITS_WAY = "on_its_way", pgettext_lazy("statement", "On its way")
    SENT = "sent", pgettext_lazy("statement", "Sent")
    CAME_BACK = "came_back", pgettext_lazy("statement", "Came back")
    UNCERTAIN = "uncertain", pgettext_lazy("statement", "Uncertain")
    NOT_SENT = "not_sent", pgettext_lazy("statement", "Not sent")


class WhyNotSent(models.TextChoices):
    """What stood against a statement that did not leave."""

    NO_ADDRESS = "no_address", _("there is no address it could go to")
    TOO_LONG = "too_long", _("it names more documents than one file takes")


# A message of which the client has nothing: only then the same statement may leave once more.
LOST: Final = frozenset({State.BOUNCED, State.FAILED, State.CANCELLED})
_STATES: Final = {
    State.WAITING: StatementState.ON_ITS_WAY,
    State.SENT: StatementState.SENT,
    State.DELIVERED: StatementState.SENT,
    State.UNCERTAIN: StatementState.UNCERTAIN,
    State.BOUNCED: StatementState.CAME_BACK,
    State.FAILED: StatementState.CAME_BACK,
    State.CANCELLED: StatementState.NOT_SENT,
}


class AccountStatementQuerySet(models.QuerySet["AccountStatement"]):
    """Chainable readings of statements that left."""

    def visible_to(self, user: User, company: Company | None = None) -> AccountStatementQuerySet:
        """Statements of the clients this user may see."""
        return self.filter(documents_of(user, company))

    def last_tries(self) -> AccountStatementQuerySet:
        """The last try of each client and month."""
        later = AccountStatement.objects.filter(
            account=OuterRef("account"), month=OuterRef("month"), attempt__gt=OuterRef("attempt")
        )
        return self.filter(~Exists(later))

    def not_there(self) -> AccountStatementQuerySet:
        """Of which the client has nothing: nowhere to send it to, or it came back."""
        return self.filter(Q(message=None) | Q(message__state__in=LOST))


class AccountStatement(models.Model):
    """A try to send one client the statement of one month: the message that took it there, or why none did.

    Never changed; the last try says where the statement stands.

    :ivar month: its first day; the statement says what is open at the end of its last
    :ivar attempt: 1 for the first; a further one is made once somebody mended what stood against the last
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="statements")
    month = models.DateField()
    attempt = models.PositiveSmallIntegerField(default=1)
    message = models.OneToOneField(OutboxMessage, null=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=10, blank=True, choices=WhyNotSent.choices)
    made_at = models.DateTimeField()

    objects = AccountStatementQuerySet.as_manager()

    class Meta:
        ordering = ["-month", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "month", "attempt"], name="one_try_of_a_client_statement"
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="client_statement_of_a_month"),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="client_statement_tries_from_one"),
            models.CheckConstraint(
                condition=Q(message__isnull=False, why="") | Q(message=None, why__in=WhyNotSent.values),
                name="client_statement_left_or_says_why",
            ),
        ]
        indexes = [models.Index(fields=["company", "-month"], name="client_statement_by_month")]
        triggers = [
            pgtrigger.Protect(
                name="client_statement_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m}"

    @property
    def state(self) -> StatementState:
        """Where it stands."""
        return StatementState.NOT_SENT if self.message is None else _STATES[State(self.message.state)]

    @property
    def badge(self) -> str:
        """Code of the state as lists draw it."""
        return f"statement_{self.state}"

    @property
    def is_lost(self) -> bool:
        """Whether the client has nothing of it."""
        return self.message is None or self.message.state in LOST
