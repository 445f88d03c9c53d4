"""Runs, the reminders they make and the items these name (domain.md 6.2)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Company, CustomerAccount, User, documents_of
from invoicing.models import ReceivableItem

from .enums import Exclusion, ReminderStatus, RunStatus, StepChannel, Unreached
from .references import naming_what_is_there
from .scenario_models import DunningStep


class DunningRun(models.Model):
    """One look at a company's book: who is to be reminded of what, and what is left out and why."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="dunning_runs")
    as_of = models.DateField()
    status = models.CharField(max_length=8, choices=RunStatus.choices, default=RunStatus.PROPOSED)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-as_of", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="proposed", approved_at=None)
                | Q(~Q(status="proposed"), approved_at__isnull=False),
                name="run_reviewed_when_approved",
            ),
        ]
        indexes = [models.Index(fields=["company", "-as_of"], name="run_by_company")]
        triggers = [pgtrigger.Protect(name="run_not_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.company_id} {self.as_of}"

    @property
    def badge(self) -> str:
        """How its status is shown (``o2c.shared.badges``)."""
        return f"run_{self.status}"


class ReminderQuerySet(models.QuerySet["Reminder"]):
    """Chainable readings of reminders."""

    def visible_to(self, user: User, company: Company | None = None) -> ReminderQuerySet:
        """Reminders of the clients this user may see."""
        return self.filter(documents_of(user, company))


class Reminder(models.Model):
    """One letter, message or call to one client in one currency, at the highest step of the items it names.

    A run writes many at once: an index that begins as another one does is left out.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    run = models.ForeignKey(DunningRun, on_delete=models.PROTECT, related_name="reminders", db_index=False)
    account = models.ForeignKey(
        CustomerAccount, on_delete=models.PROTECT, related_name="reminders", db_index=False
    )
    step = models.ForeignKey(DunningStep, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=10, choices=StepChannel.choices)
    language = models.CharField(max_length=2)
    as_of = models.DateField()
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    status = models.CharField(max_length=10, choices=ReminderStatus.choices, default=ReminderStatus.PROPOSED)
    is_formal = models.BooleanField(default=False)
    # Whom it went to, as it was then.
    sent_to = models.CharField(max_length=254, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    file = models.FileField(upload_to="reminders/", blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    registered_number = models.CharField(max_length=40, blank=True)
    # What goes into the envelope with a letter that is printed here (``outbox_files.Attachment.as_row``).
    enclosures = models.JSONField(default=list, blank=True, db_default=[])
    # Why it reached nobody.
    problem = models.CharField(max_length=12, choices=Unreached.choices, blank=True, db_default="")

    objects = ReminderQuerySet.as_manager()

    class Meta:
        ordering = ["-as_of", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "account", "currency"], name="one_reminder_per_run_client_and_currency"
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at=None)),
                name="reminder_sent_with_its_time",
            ),
            models.CheckConstraint(condition=Q(total__gte=0), name="reminder_total_not_negative"),
            models.CheckConstraint(
                condition=Q(problem="") | Q(status="no_contact"), name="reminder_problem_of_one_not_sent"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-as_of"], name="reminder_by_account"),
            models.Index(fields=["company", "-as_of", "-id"], name="reminder_by_company"),
            models.Index(
                fields=["run"], condition=Q(status__in=["proposed", "approved"]), name="reminder_waiting"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="reminder_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="reminder_sent_is_history",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status = 'sent' AND (NEW.status <> 'sent' OR NEW.total <> OLD.total"
                    " OR NEW.subject <> OLD.subject OR NEW.text <> OLD.text OR NEW.account_id <> OLD.account_id)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.number} {self.as_of}"

    @property
    def badge(self) -> str:
        """How its status is shown (``o2c.shared.badges``)."""
        return f"reminder_{self.status}"


class ReminderLine(models.Model):
    """An item in a reminder, at its own step of its cycle; a dropped one counts as never reminded of.

    :ivar amount: what was asked for: open and not contested
    :ivar repeats: late and listed again, without a step of its own this time
    """

    reminder = models.ForeignKey(
        Reminder, on_delete=models.PROTECT, related_name="lines", db_constraint=False
    )
    item = models.ForeignKey(
        ReceivableItem, on_delete=models.PROTECT, related_name="reminder_lines", db_constraint=False
    )
    cycle = models.PositiveSmallIntegerField(default=1)
    step = models.PositiveSmallIntegerField()
    as_of = models.DateField()
    due_date = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    repeats = models.BooleanField(default=False)
    dropped = models.CharField(max_length=16, choices=Exclusion.choices, blank=True)

    class Meta:
        ordering = ["due_date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "cycle", "step"],
                condition=Q(dropped="", repeats=False),
                name="one_reminder_per_item_cycle_and_step",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="reminder_line_asks_for_something"),
        ]
        triggers = [
            pgtrigger.Protect(name="reminder_line_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="reminder_line_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "reminder", "item", "cycle", "step", "as_of", "due_date", "repeats"
                ),
            ),
            naming_what_is_there(
                "reminder_line_names_rows",
                reminder_id="dunning_reminder",
                item_id="invoicing_receivableitem",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reminder_id}: {self.item_id}"


class RunExclusion(models.Model):
    """An item that a run left out, and why."""

    run = models.ForeignKey(
        DunningRun,
        on_delete=models.PROTECT,
        related_name="exclusions",
        db_index=False,
        db_constraint=False,
    )
    account = models.ForeignKey(
        CustomerAccount, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    item = models.ForeignKey(
        ReceivableItem, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    reason = models.CharField(max_length=16, choices=Exclusion.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "item"], name="run_leaves_an_item_out_once")]
        triggers = [
            pgtrigger.Protect(name="run_exclusion_frozen", operation=pgtrigger.Update | pgtrigger.Delete),
            naming_what_is_there(
                "run_exclusion_names_rows",
                run_id="dunning_dunningrun",
                account_id="accounts_customeraccount",
                item_id="invoicing_receivableitem",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.item_id} {self.reason}"
