"""Payment plans: late invoices paid by a written calendar, and what became of it (domain.md 6.6)."""

from __future__ import annotations

from typing import Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from accounts.models import Company, CustomerAccount, User, documents_of
from invoicing.models import ReceivableItem
from invoicing.scope import own_items

from .enums import PLAN_ENDED, PlanStatus

_TERMS: Final = (
    "company", "account", "amount", "currency", "first_date", "last_date", "method", "waives_interest", "guarantees",
    "comment", "insurer_agreed", "made_by", "made_at",
)  # fmt: skip
# At commit, when all of a plan is there: it pays what it covers, in instalments of rising days.
_TIES: Final = """
    SELECT COALESCE(SUM(amount), 0), COUNT(*), MIN(due_date), MAX(due_date) INTO paid, parts, first_day, last_day
    FROM dunning_planinstalment WHERE plan_id = NEW.{key};
    SELECT COALESCE(SUM(amount), 0) INTO covered FROM dunning_planitem WHERE plan_id = NEW.{key};
    SELECT p.amount, p.first_date, p.last_date INTO total, first_date, last_date
    FROM dunning_paymentplan p WHERE p.id = NEW.{key};
    IF paid <> total OR covered <> total OR parts = 0 OR first_day <> first_date OR last_day <> last_date THEN
        RAISE EXCEPTION 'plan %: % in instalments and % in documents for %', NEW.{key}, paid, covered, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_ties';
    END IF;
    IF EXISTS (
        SELECT FROM (
            SELECT due_date, LAG(due_date) OVER (ORDER BY number) AS before
            FROM dunning_planinstalment WHERE plan_id = NEW.{key}
        ) AS days WHERE due_date <= before
    ) THEN
        RAISE EXCEPTION 'plan %: the days of its instalments do not rise', NEW.{key}
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_days_rise';
    END IF;
    RETURN NULL;
"""


def _ties(name: str, key: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        declare=[
            ("paid", "numeric"), ("covered", "numeric"), ("total", "numeric"), ("parts", "integer"),
            ("first_day", "date"), ("last_day", "date"), ("first_date", "date"), ("last_date", "date"),
        ],
        func=_TIES.format(key=key),
    )  # fmt: skip


class PlanQuerySet(models.QuerySet["PaymentPlan"]):
    """Chainable readings of payment plans."""

    def visible_to(self, user: User, company: Company | None = None) -> PlanQuerySet:
        """Plans of the clients this user may see, without those on colleagues' sales alone."""
        seen = self.filter(documents_of(user, company))
        if user.sees_every_sale(company):
            return seen
        own = ReceivableItem.objects.filter(documents_of(user, company)).filter(own_items(user, company))
        return seen.filter(Q(plan_items__item__in=own)).distinct()


class PaymentPlan(models.Model):
    """A calendar by which a client pays what is late. Its terms never change; once ended it is history.

    :ivar waives_interest: the penalties are given up when it is kept to the end
    :ivar insurer_agreed: the insurer was asked, where it lasts beyond what the client's cover allows
    :ivar signatory: who signs for the client, ``capacity`` in what capacity
    :ivar received: the money that counted when it was last judged, at most the amount
    :ivar late_since: the first day on which an instalment is missing; None while it is respected
    :ivar noticed_on: of the formal notice after which the balance becomes due
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="payment_plans")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    first_date = models.DateField()
    last_date = models.DateField()
    method = models.CharField(max_length=12, choices=PaymentMethod.choices)
    waives_interest = models.BooleanField(default=False)
    guarantees = models.TextField(blank=True)
    comment = models.TextField(blank=True)
    insurer_agreed = models.BooleanField(default=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=PlanStatus.choices, default=PlanStatus.DRAFT)
    sent_at = models.DateTimeField(null=True, blank=True)
    signatory = models.CharField(max_length=120, blank=True)
    capacity = models.CharField(max_length=120, blank=True)
    signed_on = models.DateField(null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    began_at = models.DateTimeField(null=True, blank=True)
    received = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    late_since = models.DateField(null=True, blank=True)
    noticed_on = models.DateField(null=True, blank=True)
    noticed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(blank=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="plan_amount_positive"),
            models.CheckConstraint(
                condition=Q(received__gte=0) & Q(received__lte=F("amount")),
                name="plan_received_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(status__in=PLAN_ENDED, ended_at__isnull=False, ended_on__isnull=False)
                | (~Q(status__in=PLAN_ENDED) & Q(ended_at=None, ended_on=None)),
                name="plan_open_or_ended",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["SIGNED", "ACTIVE", "BROKEN", "COMPLETED"])
                | (~Q(signatory="") & ~Q(capacity="") & Q(signed_on__isnull=False, signed_by__isnull=False)),
                name="plan_signed_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["ACTIVE", "BROKEN", "COMPLETED"])
                | Q(approved_by__isnull=False, began_at__isnull=False),
                name="plan_runs_once_approved",
            ),
            models.CheckConstraint(
                condition=Q(noticed_on=None, noticed_by=None)
                | Q(noticed_on__isnull=False, noticed_by__isnull=False, late_since__isnull=False),
                name="plan_noticed_when_late",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["BROKEN", "CANCELLED"]) | ~Q(reason=""),
                name="plan_ended_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], condition=Q(status="ACTIVE"), name="plan_active_by_account"),
            models.Index(fields=["account", "status", "ended_on"], name="plan_by_account"),
            models.Index(fields=["company", "-made_at"], name="plan_by_company"),
        ]
        triggers = [
            pgtrigger.Protect(name="plan_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="plan_frozen", operation=pgtrigger.Update, condition=pgtrigger.AnyChange(*_TERMS)
            ),
            pgtrigger.Protect(
                name="plan_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.status IN ('BROKEN', 'COMPLETED', 'CANCELLED')"),
            ),
            pgtrigger.FSM(
                name="plan_goes_its_way",
                field="status",
                transitions=[
                    ("DRAFT", "SENT"), ("DRAFT", "SIGNED"), ("DRAFT", "ACTIVE"), ("DRAFT", "CANCELLED"),
                    ("SENT", "SIGNED"), ("SENT", "ACTIVE"), ("SENT", "CANCELLED"),
                    ("SIGNED", "ACTIVE"), ("SIGNED", "CANCELLED"),
                    ("ACTIVE", "BROKEN"), ("ACTIVE", "COMPLETED"),
                ],
            ),
            _ties("plan_ties", "id"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.first_date}"

    @property
    def badge(self) -> str:
        """How its status is shown (``o2c.shared.badges``): one that runs and is late says so."""
        if self.status == PlanStatus.ACTIVE and self.late_since:
            return "plan_late"
        return f"plan_{self.status.lower()}"


class PlanInstalment(models.Model):
    """One payment of a plan.

    :ivar paid_on: the day whose money completed it, with those before
    :ivar missed_on: the first day on which it was missing; kept when it is made up for
    """

    plan = models.ForeignKey(PaymentPlan, on_delete=models.PROTECT, related_name="instalments")
    number = models.PositiveSmallIntegerField()
    due_date = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    paid_on = models.DateField(null=True, blank=True)
    missed_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="instalment_number_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instalment_amount_positive"),
            models.CheckConstraint(
                condition=Q(missed_on=None) | Q(missed_on__gt=F("due_date")),
                name="instalment_missed_after_its_day",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="instalment_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="instalment_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("plan", "number", "due_date", "amount"),
            ),
            _ties("instalments_tie", "plan_id"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.due_date}"


class PlanItem(models.Model):
    """An item that a plan pays; ``is_open`` follows the plan, so that an item is in one open plan at a time.

    :ivar amount: what the plan pays of it
    """

    plan = models.ForeignKey(PaymentPlan, on_delete=models.PROTECT, related_name="plan_items")
    item = models.ForeignKey(ReceivableItem, on_delete=models.PROTECT, related_name="plans")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "item"], name="plan_names_an_item_once"),
            models.UniqueConstraint(
                fields=["item"], condition=Q(is_open=True), name="one_open_plan_per_item"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="plan_item_amount_positive"),
        ]
        triggers = [
            pgtrigger.Protect(name="plan_item_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="plan_item_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("plan", "item", "amount"),
            ),
            _ties("plan_items_tie", "plan_id"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.item_id}"
