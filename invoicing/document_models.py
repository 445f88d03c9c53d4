"""Documents: invoices and credit notes with their lines and number series, wishes for credit notes."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User, documents_of
from orders.models import Order, OrderLine

from .enums import CreditRequestStatus, DocumentKind, Origin, VatCategory
from .scope import own_documents


class NumberSeries(models.Model):
    """A gap-free, chronological series (CGI ann. II 242 nonies A): the next number under the row's lock."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=10)
    fiscal_year = models.PositiveSmallIntegerField()
    next_number = models.PositiveIntegerField(default=1)
    last_issue_date = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "number series"
        constraints = [
            models.UniqueConstraint(
                fields=["company", "prefix", "fiscal_year"], name="one_series_per_prefix_and_year"
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}{self.fiscal_year}"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    """Chainable readings of invoices."""

    def visible_to(self, user: User, company: Company | None = None) -> InvoiceQuerySet:
        """Invoices of the accounts this user may see, without colleagues' sales to them."""
        return self.of_accounts_of(user, company).filter(own_documents(user, company))

    def of_accounts_of(self, user: User, company: Company | None = None) -> InvoiceQuerySet:
        """All invoices of the accounts this user may see: for counts and totals."""
        return self.filter(documents_of(user, company))


class Invoice(models.Model):
    """An issued or imported document. Immutable once stored: corrections are new documents."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="invoices")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="invoices")
    kind = models.CharField(max_length=16, choices=DocumentKind.choices, default=DocumentKind.INVOICE)
    number = models.CharField(_("number"), max_length=60)
    origin = models.CharField(max_length=8, choices=Origin.choices)
    issue_date = models.DateField(_("issue date"))
    due_date = models.DateField(_("due date"))
    term = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    total_excl_vat = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    total_vat = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    total_incl_vat = models.DecimalField(max_digits=14, decimal_places=2)
    customer_reference = models.CharField(max_length=120, blank=True)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="invoices")
    # The invoice that a credit note of ours corrects.
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="credit_notes"
    )
    # Everything the document shows, frozen at issue: seller, buyer, mentions.
    frozen = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    creation_hash = models.CharField(max_length=64, blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="invoice_number_once_per_company"),
            models.CheckConstraint(
                condition=Q(kind="CREDIT_NOTE", total_incl_vat__lte=0)
                | Q(~Q(kind="CREDIT_NOTE"), total_incl_vat__gte=0),
                name="invoice_sign_fits_kind",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-issue_date"], name="invoice_by_account"),
            models.Index(
                fields=["company", "-issue_date", "-id"],
                include=["account", "currency", "total_incl_vat"],
                name="invoice_by_issue_date",
            ),
            # The few that are deposits: exposure begins here.
            models.Index(
                fields=["account"], condition=Q(kind="DEPOSIT_INVOICE"), name="deposit_invoice_by_account"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="invoice_immutable", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.number


class InvoiceLine(models.Model):
    """One line of an issued invoice; immutable with it."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    line = models.PositiveIntegerField()
    order_line = models.ForeignKey(
        OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sku = models.CharField(max_length=60, blank=True)
    description = models.CharField(max_length=300)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2)
    # Category of EN 16931; empty in documents older than it, where rate and parties tell it.
    vat_category = models.CharField(
        max_length=2, choices=VatCategory.choices, blank=True, default="", db_default=""
    )
    # The deposit invoice that this line of a final invoice deducts.
    deducts = models.ForeignKey(
        Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="deductions"
    )
    net = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["invoice", "line"], name="invoice_line_number_once")]
        triggers = [
            pgtrigger.Protect(name="invoice_line_immutable", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}/{self.line}"


class CreditNoteRequest(models.Model):
    """A wish for a credit note on an invoice: issued at once within the requester's authority, else decided.

    The number of our own series is taken when the document is made, so that a refused wish leaves no gap.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(
        CustomerAccount, on_delete=models.PROTECT, related_name="credit_note_requests"
    )
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_note_requests")
    number = models.CharField(max_length=60, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    lines = models.JSONField(default=list)
    reason = models.TextField()
    reason_code = models.CharField(max_length=30, blank=True)
    status = models.CharField(max_length=8, choices=CreditRequestStatus.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    credit_note = models.OneToOneField(
        Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_request"
    )
    creation_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "number"],
                condition=~Q(number="") & ~Q(status="refused"),
                name="credit_request_number_once",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="credit_request_amount_positive"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="credit_request_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(status="issued", credit_note__isnull=False)
                | Q(~Q(status="issued"), credit_note=None),
                name="credit_request_issued_with_its_note",
            ),
        ]
        indexes = [
            models.Index(fields=["company"], condition=Q(status="pending"), name="credit_request_waiting"),
        ]

    def __str__(self) -> str:
        return self.number or f"{self.invoice_id}"
