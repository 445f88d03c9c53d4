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


class StatementFormat(models.TextChoices):
    """How a bank writes a statement (domain.md 9.1, 9.2)."""

    CFONB120 = "cfonb120", "CFONB 120"
    CAMT053 = "camt053", "CAMT.053"
    MT940 = "mt940", "MT940"


class Continuity(models.TextChoices):
    """How a statement follows the one before it on its account."""

    FIRST = "first", _("First of its account")
    CONTINUES = "continues", _("Continues")
    GAP = "gap", _("Gap before it")
    OVERLAP = "overlap", _("Overlaps")


class LineOutcome(models.TextChoices):
    """What became of a line of a statement."""

    PAYMENT = "payment", _("Payment")
    RETURN = "return", pgettext_lazy("bank line", "Return")
    FEE = "fee", _("Bank fee")
    OTHER = "other", _("Not ours")
    DUPLICATE = "duplicate", _("Known already")


class ReturnStatus(models.TextChoices):
    """What became of a proposal to return a payment."""

    OPEN = "open", _("To be decided")
    RETURNED = "returned", _("Payment returned")
    DISMISSED = "dismissed", _("Left aside")


class FileStatus(models.TextChoices):
    """Where a file of statements stands."""

    UPLOADED = "uploaded", _("Uploaded")
    PREVIEWED = "previewed", _("Previewed")
    QUEUED = "queued", _("Waiting")
    DONE = "done", _("Done")
    REFUSED = "refused", pgettext_lazy("import", "Refused")


class OperationCategory(models.TextChoices):
    """What a document bills (decree 2022-1299); the letter of the billing framework BT-23 follows from it."""

    GOODS = "goods", _("Delivery of goods")
    SERVICES = "services", _("Supply of services")
    BOTH = "both", _("Goods and services")


class VatCategory(models.TextChoices):
    """Categories of VAT of EN 16931 that French documents use (UNTDID 5305)."""

    STANDARD = "S", _("Standard")
    ZERO = "Z", _("Zero rate")
    EXEMPT = "E", _("Exempt")
    REVERSE_CHARGE = "AE", _("Reverse charge")
    INTRA_EU = "K", _("Within the European Union")
    EXPORT = "G", _("Export")
    OUT_OF_SCOPE = "O", _("Out of scope")


class VatTreatment(models.TextChoices):
    """Why a client is billed without VAT; by its country and VAT number where nothing is said."""

    AUTOMATIC = "", _("By country and VAT number")
    SUBCONTRACTING = "subcontracting", _("Reverse charge, construction subcontracting")
    REVERSE_CHARGE = "reverse", _("Reverse charge")
    EXEMPT = "exempt", _("Exempt, with its reference")


class FileKind(models.TextChoices):
    """Files made of a document."""

    PDF = "pdf", "PDF/A-3 (Factur-X)"
    XML = "xml", "XML (CII)"


class Objection(models.TextChoices):
    """What may be held against a bank that took a direct debit back (domain.md 9.3)."""

    NO_REFUND = (
        "no_refund",
        _(
            "A B2B debit is never refunded, and three business days are the longest in which it may be sent back."
        ),
    )
    UNAUTHORISED_ONLY = (
        "unauthorised_only",
        _(
            "After eight weeks a CORE debit is taken back only if no mandate covers it: show the signed mandate."
        ),
    )
    TOO_LATE = "too_late", _("After thirteen months no direct debit is taken back.")
