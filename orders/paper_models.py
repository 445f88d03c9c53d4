"""The client's papers about an order, and ours: evidence, their purchase order, our order confirmation."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .enums import EvidenceChannel


class OrderEvidence(models.Model):
    """What proves that the client ordered: a file, or the number of its purchase order and how it reached us."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="evidence")
    channel = models.CharField(_("channel"), max_length=8, choices=EvidenceChannel.choices)
    reference = models.CharField(_("their number"), max_length=120, blank=True)
    dated_on = models.DateField(_("dated"), null=True, blank=True)
    file = models.FileField(upload_to="evidence/%Y/%m/", blank=True)
    name = models.CharField(max_length=150, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "evidence"
        constraints = [
            models.CheckConstraint(
                condition=~Q(reference="") | ~Q(file=""), name="evidence_is_a_file_or_a_reference"
            ),
            models.CheckConstraint(
                condition=Q(file="", sha256="", size=0) | (~Q(file="") & ~Q(sha256="") & Q(size__gt=0)),
                name="evidence_file_has_its_hash",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="evidence_kept", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.reference or self.name


class PurchaseOrder(models.Model):
    """The client's own purchase order as it reads; a corrected one replaces it, none is changed."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="purchase_orders")
    number = models.CharField(_("their number"), max_length=120)
    dated_on = models.DateField(_("dated"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    term = models.CharField(_("payment term"), max_length=40, blank=True)
    requested_delivery = models.DateField(_("requested delivery"), null=True, blank=True)
    total_excl_vat = models.DecimalField(
        _("total excl. VAT"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(replaced_at=None), name="one_purchase_order_in_force"
            ),
            models.CheckConstraint(condition=~Q(number=""), name="purchase_order_has_a_number"),
        ]

    def __str__(self) -> str:
        return self.number


class PurchaseOrderLine(models.Model):
    """One line of the client's purchase order."""

    purchase_order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    line = models.PositiveIntegerField()
    sku = models.CharField(_("article"), max_length=60, blank=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    delivery_date = models.DateField(_("delivery"), null=True, blank=True)

    class Meta:
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(fields=["purchase_order", "line"], name="purchase_order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="purchase_order_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="purchase_order_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.purchase_order_id}/{self.line}"


class AcceptedDifference(models.Model):
    """A difference somebody with authority accepts, with the two values seen: other values are not accepted."""

    purchase_order = models.ForeignKey(PurchaseOrder, on_delete=models.PROTECT, related_name="accepted")
    place = models.CharField(max_length=60)
    ours = models.CharField(max_length=300, blank=True)
    theirs = models.CharField(max_length=300, blank=True)
    reason = models.TextField()
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField()
    # The order's submitter at that time: four eyes hold in the database too.
    order_submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purchase_order", "place", "ours", "theirs"], name="difference_accepted_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="difference_accepted_with_a_reason"),
            models.CheckConstraint(
                condition=Q(order_submitted_by=None) | ~Q(accepted_by=F("order_submitted_by")),
                name="difference_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return self.place


class OrderConfirmation(models.Model):
    """An order confirmation (ARC) as it was issued; after a change of the order a new one replaces it."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="confirmations")
    issue = models.PositiveSmallIntegerField()
    # Hash of what it says of the order: the same content is never issued twice in a row.
    content_hash = models.CharField(max_length=64)
    language = models.CharField(max_length=2)
    file = models.FileField(upload_to="confirmations/%Y/%m/")
    sha256 = models.CharField(max_length=64)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "issue"], name="confirmation_issue_once"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(replaced_at=None), name="one_confirmation_in_force"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="confirmation_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="confirmation_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "order", "issue", "content_hash", "file", "sha256", "issued_at"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """Its own number: the order's, and which issue it is."""
        return f"ARC-{self.order.number}-{self.issue}"


class DeliveryNote(models.Model):
    """The note that goes with a delivery (or a return), drawn once and the same ever after."""

    delivery = models.OneToOneField("orders.Delivery", on_delete=models.PROTECT, related_name="note")
    language = models.CharField(max_length=2)
    file = models.FileField(upload_to="delivery-notes/%Y/%m/")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(file="") & ~Q(sha256="") & Q(size__gt=0), name="delivery_note_has_its_hash"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="delivery_note_kept", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id}"
