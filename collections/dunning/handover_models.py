"""Debts handed over to somebody outside, and what keeps them claimable (domain.md 6.4)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User, documents_of
from invoicing.models import ReceivableItem
from invoicing.scope import own_items

from .enums import HandOverOutcome, HandOverTo, Interruption, LegalRoute
from .plan_models import PaymentPlan


class HandOverQuerySet(models.QuerySet["HandOver"]):
    """Chainable readings of hand-overs."""

    def visible_to(self, user: User, company: Company | None = None) -> HandOverQuerySet:
        """Hand-overs of the clients this user may see, without those of colleagues' sales alone."""
        seen = self.filter(documents_of(user, company))
        if user.sees_every_sale(company):
            return seen
        own = ReceivableItem.objects.filter(documents_of(user, company)).filter(own_items(user, company))
        return seen.filter(Q(items__item__in=own)).distinct()


class HandOver(models.Model):
    """Items of a client that somebody outside claims for us; while it is open nobody here reminds of them.

    :ivar amount: open and not contested of its items on the day
    :ivar recipient: who claims it, ``reference`` its number there
    :ivar file: the bundle, as ``outbox_files.Attachment`` writes it; empty until it is made
    :ivar missing: documents whose file could not be put into the bundle
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="hand_overs")
    to = models.CharField(_("handed to"), max_length=7, choices=HandOverTo.choices)
    route = models.CharField(_("route"), max_length=11, choices=LegalRoute.choices)
    recipient = models.CharField(_("recipient"), max_length=200)
    reference = models.CharField(_("their reference"), max_length=80, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    reason = models.TextField(_("reason"))
    handed_on = models.DateField()
    handed_at = models.DateTimeField()
    handed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    file = models.JSONField(default=dict, blank=True)
    missing = models.JSONField(default=list, blank=True)
    outcome = models.CharField(_("outcome"), max_length=13, choices=HandOverOutcome.choices, blank=True)
    end_reason = models.TextField(blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = HandOverQuerySet.as_manager()

    class Meta:
        ordering = ["-handed_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="hand_over_amount_positive"),
            models.CheckConstraint(
                condition=~Q(recipient="") & ~Q(reason=""), name="hand_over_to_somebody_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", ended_on=None, ended_at=None, ended_by=None)
                | (
                    ~Q(outcome="") & Q(ended_on__isnull=False, ended_at__isnull=False, ended_by__isnull=False)
                ),
                name="hand_over_open_or_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-handed_at"], name="hand_over_by_company"),
            models.Index(fields=["account"], name="hand_over_by_account"),
        ]
        triggers = [
            pgtrigger.Protect(name="hand_over_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="hand_over_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "company", "account", "to", "route", "recipient", "amount", "currency", "reason", "handed_on",
                    "handed_at", "handed_by",
                ),
            ),
            pgtrigger.Protect(
                name="hand_over_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.outcome <> '' AND NEW.outcome <> OLD.outcome"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.to} {self.amount} {self.currency}"

    @property
    def badge(self) -> str:
        """How its state is shown (``o2c.shared.badges``)."""
        return f"hand_over_{self.outcome or 'open'}"


class HandOverItem(models.Model):
    """An item of a hand-over; ``is_open`` follows it, so that an item is handed to one at a time."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="items")
    item = models.ForeignKey(ReceivableItem, on_delete=models.PROTECT, related_name="hand_overs")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hand_over", "item"], name="hand_over_names_an_item_once"),
            models.UniqueConstraint(
                fields=["item"], condition=Q(is_open=True), name="one_open_hand_over_per_item"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="hand_over_item_amount_positive"),
        ]
        triggers = [
            pgtrigger.Protect(name="hand_over_item_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="hand_over_item_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("hand_over", "item", "amount"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hand_over_id}: {self.item_id}"


class HandOverCost(models.Model):
    """What a hand-over cost us, in its currency: fees, service, court. Never changed; a mistake is taken off by
    another one below zero."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="costs")
    what = models.CharField(_("what for"), max_length=200)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    day = models.DateField(_("day"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["day", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0) & ~Q(what=""), name="hand_over_cost_is_something")
        ]
        triggers = [
            pgtrigger.Protect(
                name="hand_over_cost_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.amount}"


class LimitationInterruption(models.Model):
    """Something that started the limitation of an item anew: never changed.

    :ivar plan: the payment plan whose signature it is
    """

    item = models.ForeignKey(ReceivableItem, on_delete=models.PROTECT, related_name="interruptions")
    kind = models.CharField(max_length=12, choices=Interruption.choices)
    on = models.DateField()
    note = models.CharField(max_length=300, blank=True)
    plan = models.ForeignKey(PaymentPlan, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "kind", "on"], name="interruption_noted_once")]
        triggers = [
            pgtrigger.Protect(name="interruption_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.kind} {self.on}"
