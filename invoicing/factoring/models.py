"""Batches of invoices sold to a factor, each item's sale, and money passed on (domain.md 4.7)."""

from __future__ import annotations

from datetime import date

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Company, CustomerAccount, User, documents_of
from credit.models import FactorAgreement
from invoicing.scope import own_items


class AssignmentBatch(models.Model):
    """A list of invoices sent to the factor; they are sold on the day it received them.

    :ivar eligible: what was open of them when the list was sent
    :ivar financed: what the factor pays at once by the agreement (``policy.financing``)
    :ivar fund: what of that it keeps back
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    agreement = models.ForeignKey(FactorAgreement, on_delete=models.PROTECT, related_name="batches")
    number = models.CharField(max_length=30)
    currency = models.CharField(max_length=3)
    eligible = models.DecimalField(max_digits=14, decimal_places=2)
    financed = models.DecimalField(max_digits=14, decimal_places=2)
    fund = models.DecimalField(max_digits=14, decimal_places=2)
    sent_on = models.DateField()
    sent_at = models.DateTimeField()
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_on = models.DateField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-sent_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="one_batch_per_number"),
            models.CheckConstraint(
                condition=Q(eligible__gt=0, financed__gte=0, fund__gte=0), name="batch_is_something"
            ),
            models.CheckConstraint(
                condition=Q(received_on=None, received_at=None, received_by=None)
                | Q(received_on__gte=F("sent_on"), received_at__isnull=False, received_by__isnull=False),
                name="batch_received_after_it_was_sent",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="batch_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="batch_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "company", "agreement", "number", "currency", "eligible", "financed", "fund", "sent_on",
                    "sent_at", "sent_by",
                ),
            ),
            pgtrigger.Protect(
                name="batch_received_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.received_on IS NOT NULL"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def badge(self) -> str:
        """The badge of where it stands."""
        return "batch_sent" if self.received_on is None else "batch_received"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Chainable readings of sales to the factor."""

    def visible_to(self, user: User, company: Company | None = None) -> AssignmentQuerySet:
        """Of the items this user may see, without colleagues' sales."""
        rows = self.filter(documents_of(user, company))
        if user.sees_every_sale(company):
            return rows
        items = apps.get_model("invoicing", "receivableitem")._base_manager
        return rows.filter(item__in=items.filter(own_items(user, company)).values("pk"))

    def in_force(self, on: date) -> AssignmentQuerySet:
        """Those that are sold on a day: received by then, and not taken back."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=on), effective_from__lte=on)


class Assignment(models.Model):
    """One item sold to the factor; at most one at a time. Never deleted: taking it back is dated, with a reason.

    Recourse and notification are those of the agreement it was sold under, so that readings need no other row.

    :ivar amount: what was open of the item when the list was sent
    :ivar effective_from: the day the factor received it; None as long as it has not
    :ivar ended_on: the first day on which it is ours again
    """

    batch = models.ForeignKey(AssignmentBatch, on_delete=models.PROTECT, related_name="assignments")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    # The item's own, set by the database: readings of a client begin here.
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="assignments")
    item = models.ForeignKey("invoicing.ReceivableItem", on_delete=models.PROTECT, related_name="assignments")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    with_recourse = models.BooleanField()
    is_notified = models.BooleanField()
    effective_from = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.CharField(max_length=300, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(ended_on=None), name="one_live_assignment_per_item"
            ),
            models.UniqueConstraint(fields=["batch", "item"], name="an_item_once_in_a_batch"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="assignment_of_something"),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_at=None, ended_by=None, end_reason="")
                | Q(ended_on__isnull=False, ended_at__isnull=False, ended_by__isnull=False)
                & ~Q(end_reason=""),
                name="assignment_taken_back_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(effective_from=None) | Q(ended_on__gte=F("effective_from")),
                name="assignment_ends_after_start",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="assignment_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="assignment_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "batch", "company", "account", "item", "amount", "with_recourse", "is_notified"
                ),
            ),
            pgtrigger.Protect(
                name="assignment_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.ended_on IS NOT NULL"),
            ),
            pgtrigger.Trigger(
                name="assignment_of_the_items_account",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    SELECT account_id, company_id INTO NEW.account_id, NEW.company_id
                    FROM invoicing_receivableitem WHERE id = NEW.item_id;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.item_id}"

    @property
    def state(self) -> str:
        """``sent``, ``sold`` or ``taken_back``."""
        if self.ended_on is not None:
            return "taken_back"
        return "sent" if self.effective_from is None else "sold"

    @property
    def badge(self) -> str:
        """The badge of where it stands."""
        return f"assignment_{self.state}"


class FactorRemittance(models.Model):
    """Money a client paid to us for what is the factor's, passed on to it. Never changed, once for each match."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="remittances")
    allocation = models.OneToOneField(
        "invoicing.Allocation", on_delete=models.PROTECT, related_name="remittance"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    passed_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="remittance_of_something"),
        ]
        triggers = [
            pgtrigger.Protect(name="remittance_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id}: {self.amount}"
