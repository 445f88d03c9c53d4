"""The vocabulary of invoicing."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ItemKind(models.TextChoices):
    """What a receivable item stands for (design 3.1). Credits are negative."""

    INVOICE = "INVOICE", _("Invoice")
    CREDIT_NOTE = "CREDIT_NOTE", _("Credit note")
    DEPOSIT_INVOICE = "DEPOSIT_INVOICE", _("Deposit invoice")
    PAYMENT = "PAYMENT", _("Payment")
    PAYMENT_RETURN = "PAYMENT_RETURN", _("Returned payment")
    PENALTY = "PENALTY", _("Late-payment penalty")
    WRITE_OFF = "WRITE_OFF", _("Write-off")
    DISCOUNT = "DISCOUNT", _("Discount")
    EXCHANGE_DIFF = "EXCHANGE_DIFF", _("Exchange difference")
    BANK_FEE = "BANK_FEE", _("Bank fee")
    OPENING = "OPENING", _("Opening balance")


class DocumentKind(models.TextChoices):
    """Kinds of documents in the invoice table."""

    INVOICE = "INVOICE", _("Invoice")
    CREDIT_NOTE = "CREDIT_NOTE", _("Credit note")
    DEPOSIT_INVOICE = "DEPOSIT_INVOICE", _("Deposit invoice")


class Origin(models.TextChoices):
    """Whether we issued a document or took it over from elsewhere."""

    ISSUED = "issued", _("Issued here")
    IMPORTED = "imported", _("Imported")


class CreditRequestStatus(models.TextChoices):
    """What became of a wish for a credit note."""

    PENDING = "pending", _("Waits for approval")
    ISSUED = "issued", pgettext_lazy("credit note", "Issued")
    REFUSED = "refused", pgettext_lazy("credit note", "Refused")


class InvoiceStatus(models.TextChoices):
    """Shown status of an invoice, derived from its items."""

    ISSUED = "issued", _("Issued")
    PARTIALLY_PAID = "partially_paid", _("Partly paid")
    PAID = "paid", _("Paid")


class PaymentStatus(models.TextChoices):
    """Shown status of a payment, derived from its item."""

    UNALLOCATED = "unallocated", _("Unallocated")
    PARTIALLY_ALLOCATED = "partially_allocated", _("Partly allocated")
    ALLOCATED = "allocated", _("Allocated")
    RETURNED = "returned", _("Returned by the bank")
