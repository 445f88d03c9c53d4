"""Promises to pay: the client's word for an amount by a day, and what became of it (domain.md 6.5)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from accounts.models import Company, CustomerAccount, User, documents_of
from invoicing.models import ReceivableItem
from invoicing.scope import own_items

from .enums import PromiseChannel, PromiseStatus


class PromiseQuerySet(models.QuerySet["PromiseToPay"]):
    """Chainable readings of promises."""

    def visible_to(self, user: User, company: Company | None = None) -> PromiseQuerySet:
        """Promises of the clients this user may see, without those on colleagues' sales alone."""
        seen = self.filter(documents_of(user, company))
        if user.sees_every_sale(company):
            return seen
        own = ReceivableItem.objects.filter(documents_of(user, company)).filter(own_items(user, company))
        return seen.filter(Q(promise_items__item__in=own)).distinct()


class PromiseToPay(models.Model):
    """A client's word that an amount comes by a day. Once judged it is history.

    :ivar last_day: the last day on which money keeps it, with the tolerance
    :ivar received: the money that counted when it was judged
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="promises")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    promised_date = models.DateField(_("promised for"))
    last_day = models.DateField()
    method = models.CharField(
        _("method"), max_length=12, choices=PaymentMethod.choices, default=PaymentMethod.TRANSFER
    )
    channel = models.CharField(
        _("channel"), max_length=8, choices=PromiseChannel.choices, default=PromiseChannel.CALL
    )
    made_by = models.CharField(_("given by"), max_length=120, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=PromiseStatus.choices, default=PromiseStatus.OPEN)
    received = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(blank=True)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        ordering = ["-taken_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="promise_amount_positive"),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("promised_date")), name="promise_lasts_until_its_date"
            ),
            models.CheckConstraint(
                condition=Q(status="OPEN", ended_at=None, ended_on=None)
                | Q(~Q(status="OPEN"), ended_at__isnull=False, ended_on__isnull=False),
                name="promise_open_or_ended",
            ),
            models.CheckConstraint(
                condition=~Q(status="CANCELLED") | ~Q(reason=""), name="promise_cancelled_with_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["last_day"], condition=Q(status="OPEN"), name="promise_open_by_last_day"),
            models.Index(fields=["account", "status", "ended_on"], name="promise_by_account"),
            models.Index(fields=["company", "-promised_date"], name="promise_by_company"),
        ]
        triggers = [
            pgtrigger.Protect(name="promise_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="promise_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "company", "account", "amount", "currency", "promised_date", "last_day", "method", "channel",
                    "made_by", "comment", "taken_by", "taken_at",
                ),
            ),
            pgtrigger.Protect(
                name="promise_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.status <> 'OPEN'"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.promised_date}"

    @property
    def badge(self) -> str:
        """How its status is shown (``o2c.shared.badges``)."""
        return f"promise_{self.status.lower()}"


class PromiseItem(models.Model):
    """An item that a promise is about; ``is_open`` follows the promise, so that an item has one open at a time."""

    promise = models.ForeignKey(PromiseToPay, on_delete=models.PROTECT, related_name="promise_items")
    item = models.ForeignKey(ReceivableItem, on_delete=models.PROTECT, related_name="promises")
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promise", "item"], name="promise_names_an_item_once"),
            models.UniqueConstraint(
                fields=["item"], condition=Q(is_open=True), name="one_open_promise_per_item"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="promise_item_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="promise_item_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("promise", "item"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promise_id}: {self.item_id}"
