"""The papers around an order: quotations made to a client before there is one."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User, documents_of

from .enums import QuotationState
from .scope import own_sales


class QuotationQuerySet(models.QuerySet["Quotation"]):
    """Chainable readings of quotations."""

    def visible_to(self, user: User, company: Company | None = None) -> QuotationQuerySet:
        """Quotations to the accounts this user may see, without colleagues' sales to them."""
        return self.filter(documents_of(user, company)).filter(own_sales(user, company))


class Quotation(models.Model):
    """An offer to a client, with the credit answer of the day it was made.

    It takes no credit: the answer (contract §4) is kept beside the offer and never decides anything. The order
    it becomes passes the same check as every other.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="quotations")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="quotations")
    number = models.CharField(_("number"), max_length=60)
    state = models.CharField(max_length=8, choices=QuotationState.choices, default=QuotationState.DRAFT)
    currency = models.CharField(_("currency"), max_length=3)
    term = models.CharField(_("payment term"), max_length=40)
    quoted_on = models.DateField(_("quotation date"))
    valid_until = models.DateField(_("valid until"))
    requested_delivery = models.DateField(_("requested delivery"), null=True, blank=True)
    customer_reference = models.CharField(_("client's reference"), max_length=120, blank=True)
    total_excl_vat = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    total_incl_vat = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    # What the check answered, in the shape of ``credit-check``, and when; frozen from sending on.
    credit_answer = models.JSONField(default=dict)
    checked_at = models.DateTimeField()
    sales_rep = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    # When the client said yes or no, or the offer ran out.
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.TextField(blank=True)
    order = models.OneToOneField(
        "orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="quotation"
    )
    # Hash of the creation body (contract §3): a repeated POST with the same body is a replay.
    creation_hash = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = QuotationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="quotation_number_once_per_company"),
            models.CheckConstraint(
                condition=Q(state="ORDERED", order__isnull=False) | Q(~Q(state="ORDERED"), order=None),
                name="quotation_ordered_has_its_order",
            ),
            models.CheckConstraint(
                condition=Q(total_excl_vat__gte=0, total_incl_vat__gte=0),
                name="quotation_totals_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("quoted_on")), name="quotation_ends_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(state="SENT") | Q(sent_at__isnull=False), name="quotation_sent_has_its_time"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-created_at"], name="quotation_by_company"),
            models.Index(fields=["account", "-quoted_on"], name="quotation_by_account"),
            models.Index(
                fields=["valid_until"],
                condition=Q(state__in=["DRAFT", "SENT"]),
                name="quotation_running_out",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class QuotationLine(models.Model):
    """One line of an offer; the price excludes VAT."""

    quotation = models.ForeignKey(Quotation, on_delete=models.CASCADE, related_name="lines")
    line = models.PositiveIntegerField()
    sku = models.CharField(_("article"), max_length=60)
    description = models.CharField(_("description"), max_length=300)
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=2, default=Decimal("20"))

    class Meta:
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(fields=["quotation", "line"], name="quotation_line_number_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="quotation_line_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="quotation_line_price_not_negative"),
            models.CheckConstraint(
                condition=Q(vat_rate__gte=0, vat_rate__lte=100), name="quotation_line_vat_rate"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quotation_id}/{self.line}"
