"""Schedules of recurring invoices, their lines, and the periods that were billed or left out."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User, documents_of
from invoicing.document_models import Invoice

from .policy import LONGEST_DESCRIPTION, Period, Rhythm, Timing, next_period


class RecurringInvoiceQuerySet(models.QuerySet["RecurringInvoice"]):
    """Chainable readings of schedules."""

    def visible_to(self, user: User, company: Company | None = None) -> RecurringInvoiceQuerySet:
        """Schedules of the accounts this user may see: of the whole client, so no colleague's sale."""
        return self.filter(documents_of(user, company))


class RecurringInvoice(models.Model):
    """What is invoiced to a client again and again. What was agreed never changes: end it and make another.

    :ivar last_day: None: until somebody ends it
    :ivar term: empty: the client's own on the day of issue
    :ivar next_position: the period that is billed next
    :ivar next_on: the day it is billed on; None: nothing more to bill
    :ivar problem_code: why the next period could not be billed when it was tried last, empty else
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="recurring_invoices")
    rhythm = models.CharField(_("rhythm"), max_length=7, choices=Rhythm.choices)
    timing = models.CharField(max_length=7, choices=Timing.choices)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"), null=True, blank=True)
    term = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    customer_reference = models.CharField(max_length=120, blank=True)
    # Of one period, excl. VAT.
    total_excl_vat = models.DecimalField(max_digits=14, decimal_places=2)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    next_position = models.PositiveIntegerField(default=0)
    next_on = models.DateField(null=True, blank=True)
    problem_code = models.CharField(max_length=60, blank=True)
    problem = models.JSONField(default=dict)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    pause_reason = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.CharField(max_length=300, blank=True)

    objects = RecurringInvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day=None) | Q(last_day__gte=F("first_day")),
                name="recurring_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(paused_at=None, paused_by=None, pause_reason="")
                | Q(paused_at__isnull=False, paused_by__isnull=False) & ~Q(pause_reason=""),
                name="recurring_paused_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, end_reason="")
                | Q(ended_at__isnull=False, ended_by__isnull=False, next_on=None) & ~Q(end_reason=""),
                name="recurring_ended_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_on"], condition=Q(next_on__isnull=False, paused_at=None), name="recurring_due"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="recurring_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="recurring_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "company", "account", "rhythm", "timing", "first_day", "last_day", "term", "currency",
                    "customer_reference", "total_excl_vat", "created_by", "created_at",
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """How people tell it: the client's code and its own number."""
        return f"{self.account.code}-R{self.pk}"

    @property
    def status(self) -> str:
        """``ended``, ``finished``, ``paused``, ``stuck`` or ``running``."""
        if self.ended_at is not None:
            return "ended"
        if self.next_on is None:
            return "finished"
        if self.paused_at is not None:
            return "paused"
        return "stuck" if self.problem_code else "running"

    @property
    def badge(self) -> str:
        """The state's key among the badges."""
        return f"recurring_{self.status}"

    def period(self) -> Period | None:
        """The period that is billed next, None after the last one."""
        return next_period(
            self.first_day, self.rhythm, self.timing, last_day=self.last_day, position=self.next_position
        )


class RecurringLine(models.Model):
    """One line of each invoice of a schedule; the period is written behind its text."""

    schedule = models.ForeignKey(RecurringInvoice, on_delete=models.PROTECT, related_name="lines")
    line = models.PositiveIntegerField()
    sku = models.CharField(max_length=60, blank=True)
    description = models.CharField(max_length=LONGEST_DESCRIPTION)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["schedule", "line"], name="recurring_line_once")]
        triggers = [
            pgtrigger.Protect(name="recurring_line_immutable", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id}/{self.line}"


class RecurringPeriod(models.Model):
    """A period that is settled: billed by an invoice, or left out on purpose. Never twice, never changed."""

    schedule = models.ForeignKey(RecurringInvoice, on_delete=models.PROTECT, related_name="periods")
    position = models.PositiveIntegerField()
    first = models.DateField()
    last = models.DateField()
    # None: left out when the schedule went on after a pause.
    invoice = models.OneToOneField(
        Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="recurring_period"
    )
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField()

    class Meta:
        ordering = ["-position"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "position"], name="recurring_period_once"),
            models.UniqueConstraint(fields=["schedule", "first"], name="recurring_day_once"),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="recurring_period_has_days"),
            models.CheckConstraint(
                condition=Q(invoice__isnull=False) | Q(settled_by__isnull=False),
                name="recurring_period_left_out_by_somebody",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="recurring_period_immutable", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.first}"
