"""What clients owe: the one table of open items with its allocations (ADR 0002), beside documents and payments."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Company, CustomerAccount, User, documents_of

from .accounting.models import LedgerAccount
from .bank_models import (
    BankAccount,
    BankStatement,
    PayerLink,
    ReturnProposal,
    StatementFile,
    StatementLine,
)
from .claims.models import InsuranceClaim, InsuranceClaimItem, InsuranceClaimStep
from .clearing_models import ClearingDays
from .dated_models import AccountingPeriod, DueDateChange, refusing_closed_days
from .deposit_models import DepositRequest
from .detail_models import BuyerDetails, InvoiceFile, SellerDetails
from .document_models import CreditNoteRequest, Invoice, InvoiceLine, NumberSeries
from .einvoice_models import EInvoice, EInvoiceEvent
from .enums import ItemKind
from .expected.models import PaymentHabit
from .factoring.models import Assignment, AssignmentBatch, FactorRemittance
from .firewall.models import AnomalyRule, InvoiceAnomaly
from .interest_models import LegalRate
from .matching_models import CashDiscount, Matching, MatchingRules
from .payment_models import Payment, PaymentReturn
from .penalty_models import AgreedTerms, PenaltyClaim, PenaltyNote, PenaltyWaiver
from .recurring.models import RecurringInvoice, RecurringLine, RecurringPeriod
from .scope import own_items
from .sending_models import DocumentMail
from .stop_models import DunningStop

__all__ = [
    "AccountingPeriod",
    "AgreedTerms",
    "Allocation",
    "AnomalyRule",
    "Assignment",
    "AssignmentBatch",
    "BankAccount",
    "BankStatement",
    "BuyerDetails",
    "CashDiscount",
    "ClearingDays",
    "CreditNoteRequest",
    "DepositRequest",
    "DisputedAmount",
    "DocumentMail",
    "DueDateChange",
    "DunningStop",
    "EInvoice",
    "EInvoiceEvent",
    "FactorRemittance",
    "InsuranceClaim",
    "InsuranceClaimItem",
    "InsuranceClaimStep",
    "Invoice",
    "InvoiceAnomaly",
    "InvoiceFile",
    "InvoiceLine",
    "LedgerAccount",
    "LegalRate",
    "Matching",
    "MatchingRules",
    "NumberSeries",
    "PayerLink",
    "Payment",
    "PaymentHabit",
    "PaymentReturn",
    "PenaltyClaim",
    "PenaltyNote",
    "PenaltyWaiver",
    "ReceivableItem",
    "RecurringInvoice",
    "RecurringLine",
    "RecurringPeriod",
    "ReturnProposal",
    "SellerDetails",
    "StatementFile",
    "StatementLine",
]


class ReceivableItemQuerySet(models.QuerySet["ReceivableItem"]):
    """Chainable readings of items."""

    def visible_to(self, user: User, company: Company | None = None) -> ReceivableItemQuerySet:
        """Items of the accounts this user may see, without colleagues' sales to them."""
        return self.filter(documents_of(user, company)).filter(own_items(user, company))


class NumberKey(models.Func):
    """A document's number without what people leave out of it (``matching.words.number_key``)."""

    function = "invoicing_number_key"
    output_field = models.TextField()


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
            # The few payments of which something is left to match: what the desk works off and the menu counts.
            models.Index(
                fields=["company", "payment"],
                condition=Q(kind="PAYMENT", open_amount__lt=0),
                name="item_payment_to_match",
            ),
            # What the text of a payment names, however it is written there.
            models.Index(
                F("company"),
                NumberKey("document"),
                condition=~Q(open_amount=0),
                name="item_open_by_number_key",
            ),
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
