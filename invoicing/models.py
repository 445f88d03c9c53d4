"""What clients owe: invoices, payments, and the one table of open items with its allocations (ADR 0002)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from accounts.models import Company, CustomerAccount, User, documents_of
from orders.models import Order, OrderLine

from .dated_models import AccountingPeriod, DueDateChange, refusing_closed_days
from .enums import CreditRequestStatus, DocumentKind, ItemKind, Origin
from .scope import own_documents, own_items

__all__ = [
    "AccountingPeriod",
    "Allocation",
    "CreditNoteRequest",
    "DisputedAmount",
    "DueDateChange",
    "Invoice",
    "InvoiceLine",
    "NumberSeries",
    "Payment",
    "ReceivableItem",
]


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


class Payment(models.Model):
    """Money that came in, or is announced for a later date."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="payments")
    account = models.ForeignKey(
        CustomerAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    external_id = models.CharField(max_length=120)
    received_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=12, choices=PaymentMethod.choices, default=PaymentMethod.TRANSFER)
    reference = models.CharField(max_length=300, blank=True)
    payer_name = models.CharField(max_length=200, blank=True)
    payer_iban = models.CharField(max_length=34, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    creation_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "external_id"], name="payment_once_per_company"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
        ]
        indexes = [models.Index(fields=["company", "-received_on"], name="payment_by_company")]

    def __str__(self) -> str:
        return self.external_id


class ReceivableItemQuerySet(models.QuerySet["ReceivableItem"]):
    """Chainable readings of items."""

    def visible_to(self, user: User, company: Company | None = None) -> ReceivableItemQuerySet:
        """Items of the accounts this user may see, without colleagues' sales to them."""
        return self.filter(documents_of(user, company)).filter(own_items(user, company))


OPEN_AMOUNT_CHECK = """
    SELECT i.amount - CASE WHEN i.amount >= 0 THEN 1 ELSE -1 END * COALESCE((
        SELECT SUM(a.amount) FROM invoicing_allocation a
        WHERE (i.amount >= 0 AND a.debit_id = i.id) OR (i.amount < 0 AND a.credit_id = i.id)), 0)
    INTO expected FROM invoicing_receivableitem i WHERE i.id = {item};
    SELECT open_amount INTO found FROM invoicing_receivableitem WHERE id = {item};
    IF found IS DISTINCT FROM expected THEN
        RAISE EXCEPTION 'open amount of item % is %, its allocations leave %', {item}, found, expected
            USING ERRCODE = 'check_violation', CONSTRAINT = 'open_amount_is_amount_less_allocations';
    END IF;
"""


class ReceivableItem(models.Model):
    """One thing a client owes (positive) or is owed (negative); an invoice has one per instalment.

    Only an ``Allocation`` changes the open amount, and the database proves it at commit.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="items")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=16, choices=ItemKind.choices)
    document = models.CharField(max_length=60)
    invoice = models.ForeignKey(
        Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="items"
    )
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="items"
    )
    instalment = models.PositiveSmallIntegerField(default=1)
    issue_date = models.DateField()
    due_date = models.DateField()
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    open_amount = models.DecimalField(max_digits=14, decimal_places=2)
    effective_date = models.DateField()
    recorded_at = models.DateTimeField()

    objects = ReceivableItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, open_amount__gte=0, open_amount__lte=F("amount"))
                | Q(amount__lt=0, open_amount__lte=0, open_amount__gte=F("amount")),
                name="open_amount_between_zero_and_amount",
            ),
        ]
        indexes = [
            # What every reading of the open book uses: the index alone answers (speed.md).
            models.Index(
                fields=["account", "due_date"],
                include=["open_amount", "kind", "currency", "effective_date", "id", "payment"],
                condition=~Q(open_amount=0),
                name="item_open_by_account",
            ),
            # The list of what is open, oldest due first, and its sums: in this order, from the index alone.
            models.Index(
                fields=["company", "due_date", "id"],
                include=["currency", "amount", "open_amount", "effective_date", "account", "invoice"],
                condition=~Q(open_amount=0),
                name="item_open_by_due_date",
            ),
            models.Index(fields=["company", "document"], name="item_by_document"),
            models.Index(fields=["company", "effective_date"], name="item_by_effective_date"),
            # The few items that are not the amount of an invoice or a payment: control lines add them apart.
            models.Index(
                fields=["account"],
                condition=~Q(kind__in=["INVOICE", "CREDIT_NOTE", "DEPOSIT_INVOICE", "PAYMENT"]),
                name="item_without_document",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="item_open_amount_on_insert",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Condition("NEW.open_amount IS DISTINCT FROM NEW.amount"),
                declare=[("expected", "numeric"), ("found", "numeric")],
                func=OPEN_AMOUNT_CHECK.format(item="NEW.id") + " RETURN NULL;",
            ),
            pgtrigger.Trigger(
                name="item_open_amount_on_change",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("amount", "open_amount"),
                timing=pgtrigger.Deferred,
                declare=[("expected", "numeric"), ("found", "numeric")],
                func=OPEN_AMOUNT_CHECK.format(item="NEW.id") + " RETURN NULL;",
            ),
            refusing_closed_days("item_in_open_period", "SELECT company_id, effective_date FROM fresh"),
        ]

    def __str__(self) -> str:
        return self.document


class Allocation(models.Model):
    """Money of a credit put on a debit (lettrage). Never changed; un-matching appends a reversal."""

    debit = models.ForeignKey(ReceivableItem, on_delete=models.PROTECT, related_name="allocations_received")
    credit = models.ForeignKey(ReceivableItem, on_delete=models.PROTECT, related_name="allocations_given")
    # Positive; negative in a reversal.
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    effective_date = models.DateField()
    # Whether it was dated ahead when recorded: readings of today look for these rows (design 3.2).
    dated_ahead = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    letter = models.CharField(max_length=10, blank=True)
    reversal_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversal"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reversal_of=None, amount__gt=0) | Q(reversal_of__isnull=False, amount__lt=0),
                name="allocation_positive_reversal_negative",
            ),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="allocation_between_two_items"),
        ]
        indexes = [
            models.Index(
                fields=["effective_date"], condition=Q(dated_ahead=True), name="allocation_dated_ahead"
            ),
            models.Index(fields=["effective_date"], name="allocation_by_effective_date"),
        ]
        triggers = [
            pgtrigger.Protect(name="allocation_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="allocation_keeps_open_amounts",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                declare=[("expected", "numeric"), ("found", "numeric")],
                func=OPEN_AMOUNT_CHECK.format(item="NEW.debit_id")
                + OPEN_AMOUNT_CHECK.format(item="NEW.credit_id")
                + " RETURN NULL;",
            ),
            refusing_closed_days(
                "allocation_in_open_period",
                """SELECT i.company_id, f.effective_date FROM fresh f
                JOIN invoicing_receivableitem i ON i.id = f.debit_id""",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} → {self.debit_id} {self.amount}"


class DisputedAmount(models.Model):
    """What the client contests of an item, from a day to a day: a dated row (design 3.2).

    A reading for a date takes the rows in force then, at most what is open.
    """

    item = models.ForeignKey(ReceivableItem, on_delete=models.PROTECT, related_name="disputed_amounts")
    # The item's own, set by the database: readings of a client begin here, not with all of its items.
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    effective_from = models.DateField()
    # The first day it no longer counts.
    effective_to = models.DateField(null=True, blank=True)
    reference = models.CharField(max_length=60, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="disputed_amount_positive"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="disputed_amount_ends_after_start",
            ),
        ]
        indexes = [
            models.Index(fields=["item"], condition=Q(effective_to=None), name="disputed_in_force"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="disputed_amount_of_the_items_account",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("item_id", "account_id"),
                func="""
                    SELECT account_id INTO NEW.account_id FROM invoicing_receivableitem WHERE id = NEW.item_id;
                    RETURN NEW;
                """,
            ),
            refusing_closed_days(
                "disputed_in_open_period",
                """SELECT i.company_id, d.day FROM fresh f JOIN invoicing_receivableitem i ON i.id = f.item_id,
                LATERAL (VALUES (f.effective_from), (f.effective_to)) AS d (day) WHERE d.day IS NOT NULL""",
            ),
            # A change takes effect on the days it gives and on those it takes away.
            refusing_closed_days(
                "disputed_ends_in_open_period",
                """SELECT i.company_id, d.day FROM fresh f JOIN stale s ON s.id = f.id
                JOIN invoicing_receivableitem i ON i.id = f.item_id,
                LATERAL (VALUES (f.effective_from, s.effective_from), (s.effective_from, f.effective_from),
                    (f.effective_to, s.effective_to), (s.effective_to, f.effective_to)) AS d (day, other)
                WHERE d.day IS DISTINCT FROM d.other AND d.day IS NOT NULL""",
                changed=True,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.amount}"
